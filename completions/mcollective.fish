# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mcollective_global_optspecs
    string join \n h/help V/version
end

function __fish_mcollective_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mcollective_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mcollective_using_subcommand
    set -l cmd (__fish_mcollective_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mcollective -n "__fish_mcollective_needs_command" -s h -l help -d 'Print help'
complete -c mcollective -n "__fish_mcollective_needs_command" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "broker" -d 'Run the broker, which routes messages between clients and nodes'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "agent" -d 'Run the agent, which carries out authorised requests on this node'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "mco" -d 'Send requests to nodes and show what came back'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "enable" -d 'Set up machines; `--demo` makes a fleet to try on this one, `--pe-conf` switches MCollective on in Puppet Enterprise'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "generate" -d 'Write completions and man pages below a directory'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "probe" -d 'Read everything that can be known of this machine, and print it'
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -s c -l config -d 'Configuration file [default: the first that can be read of the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -l pidfile -d 'Write the process id into this file, and remove it at the end' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -l check-config -d 'Read the configuration, name every fault in it, and exit: 0 if there is none, 78 otherwise'
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -s h -l help -d 'Print help'
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -s c -l config -d 'Configuration file [default: the first that can be read of the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -l pidfile -d 'Write the process id into this file, and remove it at the end' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -l check-config -d 'Read the configuration, name every fault in it, and exit: 0 if there is none, 78 otherwise'
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -l no-daemonize -d 'Accepted as the original has it; the agent always runs in the foreground'
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -s h -l help -d 'Print help'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "ping" -d 'Ping all nodes'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "find" -d 'Find hosts using the discovery system matching filter criteria'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "rpc" -d 'Generic RPC agent client application'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "facts" -d 'Reports on usage for a specific fact'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "inventory" -d 'General reporting tool for nodes, collectives and subcollectives'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "puppet" -d 'Schedule runs, enable, disable and interrogate the Puppet Agent'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "package" -d 'Install, uninstall, update, purge and perform other actions to packages'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "service" -d 'Manages system services'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "describe_filter" -d 'Display human readable interpretation of filters'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "plugin" -d 'Documentation of the plugins: agents, data queries, validators and others'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "help" -d 'Application list and help'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and not __fish_seen_subcommand_from ping find rpc facts inventory puppet package service describe_filter plugin help completion" -f -a "completion" -d 'Helper for shell completion systems'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s g -l graph -d 'Shows a graph of the time distribution: one bar for every 50 ms'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from ping" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from find" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s a -l agent -d 'Agent to call' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l action -d 'Action to call' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l arg -d 'Arguments to pass to agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l reply-to -d 'Set a custom target for replies, `/queue/NAME` or `/topic/NAME`; none is waited for here' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l no-results -l nr -d 'Do not process results, just send request'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l ask -d 'Say how many nodes would get the request, and ask before it is sent'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s y -l yes -d 'Answer that question with yes'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from facts" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l collective-graph -l cg -l map -d 'Create a DOT graph of all collectives' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l fields -d 'Print these of every node on a line, between tabs' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l template -d 'Print a line for every node: text with fields in braces, `{FIELD}`, `{FIELD:WIDTH}`, `{FIELD:>WIDTH}`' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l script -d 'The original\'s Ruby scripts, which can\'t be run' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l list-collectives -l lc -d 'List all known collectives'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from inventory" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l server -d 'Connect to a specific server or port' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l tags -l tag -d 'Restrict the run to specific tags' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l environment -d 'Place the node in a specific environment for this run' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l splaylimit -d 'Maximum splay time for this run if splay is set' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l rerun -d 'Runall: do it again and again, beginning at most once in so many seconds' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l wait -d 'Runonce: wait for the end of the runs, and tell how they ended. With a time, as in --wait=600, wait no longer than that for each; runall always waits [default: an hour]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l force -d 'Bypass splay options when running'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l noop -d 'Do a noop run'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l no-noop -d 'Do a run with noop disabled'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l splay -d 'Splay the run by up to splaylimit seconds'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l no-splay -d 'Do a run with splay disabled'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l use-cached-catalog -d 'Use cached catalog for this run'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l no-use-cached-catalog -d 'Do not use cached catalog for this run'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l ignoreschedules -d 'Disable schedule processing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l strict -d 'Take it for a failure when a node is already as it is wanted: enabled, disabled, running'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from puppet" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l version -d 'Install this version, whether it is newer or older than what is there' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s y -l yes -d 'Assume yes on any prompts'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l strict -d 'Fail where nothing has to be changed, as the original does: running already, installed already'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from package" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s y -l yes -d 'Assume yes on any prompts'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l strict -d 'Fail where nothing has to be changed, as the original does: running already, installed already'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from service" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s T -l target -d 'Target messages to a specific sub collective' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l discovery-timeout -d 'Timeout for doing discovery: how long to wait for nodes that are not connected' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s t -l timeout -d 'Timeout for calling remote agents' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l ttl -d 'Set the message validity period; never longer than the timeout' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l connection-timeout -d 'Give up connecting after this time' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l publish-timeout -d 'Accepted as the original has it: publishing never waits for replies' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s o -l output -d 'In which form to print results: text, json, jsonl (a line for each, as they come), table, senders (names only), yaml' -r -f -a "text\t'For people, each result as it comes'
json\t'One document at the end, with how every node ended'
jsonl\t'One object on a line for each result as it comes, and a summary'
table\t'One row for each node'
senders\t'The names of the nodes alone, for another command'
yaml\t'The document of json as YAML'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l display -d 'Influence how results are displayed. One of ok, all or failed' -r -f -a "ok\t'Only successful ones'
all\t'All'
failed\t'Only failed ones'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l nodes -d 'List of nodes to address: a name on each line, or `-` for standard input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l disc-method -l dm -d 'Which discovery method to use: broker (who is connected), mc (broadcast and wait), flatfile or stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l disc-option -l do -d 'Options to pass to the discovery method: flatfile\'s file; auto, text or json for stdin' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l limit -l limit-nodes -l ln -d 'Send request to only a subset of nodes: a number, or a percentage' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l limit-seed -d 'Seed of a random choice for --limit: the same seed chooses the same of the same nodes' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l batch -d 'Do requests in batches: a number of nodes, or a percentage; 0 for all at once' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l batch-sleep -d 'Sleep time between batches' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l max-fail -d 'Ask no further batch once more than so many nodes, or so many of a hundred, failed or did not answer; 0 stops at the first' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l untouched -d 'Write the nodes that were not asked to FILE, for --nodes [default: a file in the user\'s state directory, where there are any]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s W -l with -d 'Combined facts and classes filter' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s S -l select -d 'Compound filter combining facts, classes and data queries: -S \'country=uk and not (web or db)\'' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s F -l with-fact -l wf -d 'Match hosts with a certain fact: fact=value, fact=/regex/, fact>=value ...' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s C -l with-class -l wc -d 'Match hosts with a certain config management class' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s A -l with-agent -l wa -d 'Match hosts with a certain agent' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s I -l with-identity -l wi -d 'Match hosts with a certain configured identity' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s q -l quiet -d 'Do not be verbose'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l threaded -d 'Accepted as the original has it: replies are always received while publishing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l sort -d 'Sort the results by the name of the sender, and show them when all are in'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s j -l json -d 'Produce JSON output: the original\'s array; where it had none, as `--output json`'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l no-progress -l np -d 'Do not show the progress bar'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -l dry-run -d 'Discover, show which nodes would get which request, and send nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s 1 -l one -d 'Send request to only one discovered node'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from describe_filter" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -l format -d 'Which DDL to write: the original\'s or Choria\'s' -r -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -s j -l json -d 'Explain in JSON'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from help" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from help" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from help" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from help" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from help" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l agent -d 'The agent' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l action -d 'The action' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l input -d 'The input' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -s c -l config -d 'Configuration file [default: ~/.mcollective, then client.cfg in the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l exit-codes -d 'Which exit codes to use: those of `man mco`, or the original\'s' -r -f -a "full\t'Every end has its own'
legacy\t'The original\'s: all errors are 1, and some nodes\' silence is 0'"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l list-applications -d 'List the applications'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l list-agents -d 'List all known agents'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l list-actions -d 'List the actions of an agent'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l list-inputs -d 'List the inputs of an action'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l list-values -d 'List the values that an input may have, where its DDL lists them'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l list-plugins -d 'List what `mco plugin doc` explains'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -l words -d 'List what may stand in the place of the last word of a command line; for the shells\' scripts'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -s v -l verbose -d 'Say more: all results, figures, what was received and could not be taken'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from completion" -s V -l version -d 'Print version'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -l demo -d 'Make a fleet to try below DIR: a CA, a broker, agents and a client, all on this machine' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -l nodes -d 'How many agents [default: as before, or 3]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -l port -d 'Port of the demo\'s broker, on the loopback address [default: as before, or 61613]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -l pe-conf -d 'Enable MCollective in this pe.conf of Puppet Enterprise: set `"pe_install::disable_mco"` to false, and leave every other byte as it is' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -s o -l output -d 'How to say it' -r -f -a "text\t'For people'
json\t'One JSON document'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -l stop -d 'Stop the demo\'s processes and leave its files'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -l check -d 'Change nothing; say whether it is enabled there, and what decides. Exits 0 if it is, 1 if not'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -l disable -d 'Set it to true instead: broker, agent and mco refuse to run on that machine'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -l dry-run -d 'Say what would be changed, and change nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand generate" -s h -l help -d 'Print help'
complete -c mcollective -n "__fish_mcollective_using_subcommand probe" -s h -l help -d 'Print help'

# Agents, actions, inputs and their values are asked of the program itself, which reads descriptions
# and talks to nobody.
function __fish_mcollective_words
    set -l words (commandline -opc) (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    test "$words[1]" = mco; or return
    set words mco completion --words -- $words[2..]
    # After --option= the value alone stands there.
    $program $words 2>/dev/null | string replace -r '^--[^=]*=' ''
end
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from help" -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from plugin" -f -a "(__fish_mcollective_words)"
complete -c mcollective -n "__fish_mcollective_using_subcommand mco; and __fish_seen_subcommand_from rpc" -f -a "(__fish_mcollective_words)"
