# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mco_global_optspecs
    string join \n c/config= v/verbose color= exit-codes= h/help V/version
end

function __fish_mco_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mco_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mco_using_subcommand
    set -l cmd (__fish_mco_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mco -n "__fish_mco_needs_command" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_needs_command" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_needs_command" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_needs_command" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_needs_command" -f -a "ping" -d 'Ping all nodes'
complete -c mco -n "__fish_mco_needs_command" -f -a "find" -d 'Find hosts using the discovery system matching filter criteria'
complete -c mco -n "__fish_mco_needs_command" -f -a "rpc" -d 'Generic RPC agent client application'
complete -c mco -n "__fish_mco_needs_command" -f -a "facts" -d 'Reports on usage for a specific fact'
complete -c mco -n "__fish_mco_needs_command" -f -a "inventory" -d 'General reporting tool for nodes, collectives and subcollectives'
complete -c mco -n "__fish_mco_needs_command" -f -a "puppet" -d 'Schedule runs, enable, disable and interrogate the Puppet Agent'
complete -c mco -n "__fish_mco_needs_command" -f -a "package" -d 'Install, uninstall, update, purge and perform other actions to packages'
complete -c mco -n "__fish_mco_needs_command" -f -a "service" -d 'Manages system services'
complete -c mco -n "__fish_mco_needs_command" -f -a "describe_filter" -d 'Display human readable interpretation of filters'
complete -c mco -n "__fish_mco_needs_command" -f -a "plugin" -d 'Documentation of the plugins: agents, data queries, validators and others'
complete -c mco -n "__fish_mco_needs_command" -f -a "policy" -d 'Explain which line of a node\'s policies decides a call'
complete -c mco -n "__fish_mco_needs_command" -f -a "help" -d 'Application list and help'
complete -c mco -n "__fish_mco_needs_command" -f -a "completion" -d 'Helper for shell completion systems'
complete -c mco -n "__fish_mco_using_subcommand ping" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand ping" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand ping" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand ping" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand ping" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand ping" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand ping" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand ping" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand ping" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand ping" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand ping" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand ping" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand ping" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand ping" -s g -l graph -d 'Shows a graph of the time distribution: one bar for every 50 ms, or fewer that fit'
complete -c mco -n "__fish_mco_using_subcommand ping" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand ping" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand ping" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand ping" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand ping" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand ping" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand ping" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand ping" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand find" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand find" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand find" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand find" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand find" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand find" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand find" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand find" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand find" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand find" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand find" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand find" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand find" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand find" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand find" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand find" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand find" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand find" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand find" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand find" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand find" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand find" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand find" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand find" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand find" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand rpc" -s a -l agent -d 'Agent to call' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -l action -d 'Action to call' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -l arg -d 'Arguments to pass to agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -l reply-to -d 'Set a custom target for replies, `/queue/NAME` or `/topic/NAME`; none is waited for here' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand rpc" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand rpc" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand rpc" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand rpc" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand rpc" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand rpc" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand rpc" -l no-results -l nr -d 'Do not process results, just send request'
complete -c mco -n "__fish_mco_using_subcommand rpc" -l ask -d 'Say how many nodes would get the request, and ask before it is sent'
complete -c mco -n "__fish_mco_using_subcommand rpc" -s y -l yes -d 'Answer that question with yes'
complete -c mco -n "__fish_mco_using_subcommand rpc" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand rpc" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand rpc" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand rpc" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand rpc" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand rpc" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand rpc" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand rpc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand rpc" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand facts" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand facts" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand facts" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand facts" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand facts" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand facts" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand facts" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand facts" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand facts" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand facts" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand facts" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand facts" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand facts" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand facts" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand facts" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand facts" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand facts" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand facts" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand facts" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand facts" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand facts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand facts" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand inventory" -l collective-graph -l cg -l map -d 'Create a DOT graph of all collectives' -r -F
complete -c mco -n "__fish_mco_using_subcommand inventory" -l fields -d 'Print these of every node on a line, between tabs' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l template -d 'Print a line for every node: text with fields in braces, `{FIELD}`, `{FIELD:WIDTH}`, `{FIELD:>WIDTH}`' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand inventory" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand inventory" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand inventory" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand inventory" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand inventory" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand inventory" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand inventory" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand inventory" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand inventory" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand inventory" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand inventory" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand inventory" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand inventory" -l list-collectives -l lc -d 'List all known collectives'
complete -c mco -n "__fish_mco_using_subcommand inventory" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand inventory" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand inventory" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand inventory" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand inventory" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand inventory" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand inventory" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand inventory" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand inventory" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l server -d 'Connect to a specific server or port' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l tags -l tag -d 'Restrict the run to specific tags' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l environment -d 'Place the node in a specific environment for this run' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l splaylimit -d 'Maximum splay time for this run if splay is set' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l rerun -d 'Runall: do it again and again, beginning at most once in so many seconds' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l wait -d 'Runonce: wait for the end of the runs, and tell how they ended. With a time, as in --wait=600, wait no longer than that for each; runall always waits [default: an hour]' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand puppet" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand puppet" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand puppet" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand puppet" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand puppet" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand puppet" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand puppet" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand puppet" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand puppet" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand puppet" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand puppet" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand puppet" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand puppet" -l force -d 'Bypass splay options when running'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l noop -d 'Do a noop run'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l no-noop -d 'Do a run with noop disabled'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l splay -d 'Splay the run by up to splaylimit seconds'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l no-splay -d 'Do a run with splay disabled'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l use-cached-catalog -d 'Use cached catalog for this run'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l no-use-cached-catalog -d 'Do not use cached catalog for this run'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l ignoreschedules -d 'Disable schedule processing'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l strict -d 'Take it for a failure when a node is already as it is wanted: enabled, disabled, running'
complete -c mco -n "__fish_mco_using_subcommand puppet" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand puppet" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand puppet" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand puppet" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand puppet" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand puppet" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand puppet" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand package" -l version -d 'Install this version, whether it is newer or older than what is there' -r
complete -c mco -n "__fish_mco_using_subcommand package" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand package" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand package" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand package" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand package" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand package" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand package" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand package" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand package" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand package" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand package" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand package" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand package" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand package" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand package" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand package" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand package" -s y -l yes -d 'Assume yes on any prompts'
complete -c mco -n "__fish_mco_using_subcommand package" -l strict -d 'Fail where nothing has to be changed and the original fails: running already, installed already'
complete -c mco -n "__fish_mco_using_subcommand package" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand package" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand package" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand package" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand package" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand package" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand package" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand package" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand service" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand service" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand service" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand service" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand service" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand service" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand service" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand service" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand service" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand service" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand service" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand service" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand service" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand service" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand service" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand service" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand service" -s y -l yes -d 'Assume yes on any prompts'
complete -c mco -n "__fish_mco_using_subcommand service" -l strict -d 'Fail where nothing has to be changed and the original fails: running already, installed already'
complete -c mco -n "__fish_mco_using_subcommand service" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand service" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand service" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand service" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand service" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand service" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand service" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand service" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand service" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected [default: 2]' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s t -l timeout -d 'Timeout for calling remote agents [default: the action\'s own, and that for discovery]' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l ttl -d 'Set the message validity period [default: the timeout, which is the longest]' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l connection-timeout -d 'Give up connecting after this time, of which each broker of the pool has its part [default: 10]' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l batch-sleep -d 'Sleep time between batches [default: 1]' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s W -l with -d 'Combined facts and classes filter' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s q -l quiet -d 'Do not be verbose'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand describe_filter" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand plugin" -l format -d 'Which DDL to write: the original\'s or Choria\'s' -r -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand plugin" -s o -l output -d 'In which form to explain: text, json, jsonl, table, senders (nobody), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mco -n "__fish_mco_using_subcommand plugin" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand plugin" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand plugin" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand plugin" -s j -l json -d 'Explain in JSON'
complete -c mco -n "__fish_mco_using_subcommand plugin" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand plugin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand plugin" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand policy" -l caller -d 'Who calls, as policies name it: cert=NAME' -r
complete -c mco -n "__fish_mco_using_subcommand policy" -l facts -d 'The node\'s facts, in YAML or JSON [default: those of server.cfg]' -r -F
complete -c mco -n "__fish_mco_using_subcommand policy" -l classes -d 'The node\'s classes, one a line [default: those of server.cfg]' -r -F
complete -c mco -n "__fish_mco_using_subcommand policy" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand policy" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand policy" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand policy" -s j -l json -d 'Explain in JSON'
complete -c mco -n "__fish_mco_using_subcommand policy" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand policy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand policy" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand help" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand help" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand help" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand help" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand help" -s V -l version -d 'Print version'
complete -c mco -n "__fish_mco_using_subcommand completion" -l agent -d 'The agent' -r
complete -c mco -n "__fish_mco_using_subcommand completion" -l action -d 'The action' -r
complete -c mco -n "__fish_mco_using_subcommand completion" -l input -d 'The input' -r
complete -c mco -n "__fish_mco_using_subcommand completion" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mco -n "__fish_mco_using_subcommand completion" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mco -n "__fish_mco_using_subcommand completion" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mco -n "__fish_mco_using_subcommand completion" -l list-applications -d 'List the applications'
complete -c mco -n "__fish_mco_using_subcommand completion" -l list-agents -d 'List all known agents'
complete -c mco -n "__fish_mco_using_subcommand completion" -l list-actions -d 'List the actions of an agent'
complete -c mco -n "__fish_mco_using_subcommand completion" -l list-inputs -d 'List the inputs of an action'
complete -c mco -n "__fish_mco_using_subcommand completion" -l list-values -d 'List the values that an input may have, where its DDL lists them'
complete -c mco -n "__fish_mco_using_subcommand completion" -l list-plugins -d 'List what `mco plugin doc` explains'
complete -c mco -n "__fish_mco_using_subcommand completion" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mco -n "__fish_mco_using_subcommand completion" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mco -n "__fish_mco_using_subcommand completion" -s V -l version -d 'Print version'
# Agents, actions, inputs and their values, nodes, facts and classes are asked of the program itself,
# which reads what it knows and talks to nobody.
function __fish_mco_words
    set -l words (commandline -opc) (commandline -ct)
    set -l program $words[1]
    set -q __fish_mco_through; and set program $__fish_mco_through mco
    set -e words[1]
    # After --option= the value alone stands there.
    $program completion --words -- $words 2>/dev/null | string replace -r '^--[^=]*=' ''
end
complete -c mco -n "__fish_mco_using_subcommand facts" -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand help" -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand inventory" -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand package" -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand plugin" -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand policy" -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand puppet" -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand rpc" -f -a "(__fish_mco_words)"
complete -c mco -n "__fish_mco_using_subcommand service" -f -a "(__fish_mco_words)"
