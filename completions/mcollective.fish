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
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "enable" -d 'Set up machines; `--demo` makes a fleet to try on this one, `--pe-conf` switches MCollective on in Puppet Enterprise'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "generate" -d 'Write completions and man pages below a directory'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "probe" -d 'Read everything that can be known of this machine, and print it'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "mco" -d 'Send requests to nodes and show what came back'
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -s c -l config -d 'Configuration file [default: the first that can be read of the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -l pidfile -d 'Write the process id into this file, and remove it at the end' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -l check-config -d 'Read the configuration, name every fault in it, and exit: 0 if there is none, 78 otherwise'
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -s h -l help -d 'Print help'
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -s c -l config -d 'Configuration file [default: the first that can be read of the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -l pidfile -d 'Write the process id into this file, and remove it at the end' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -l check-config -d 'Read the configuration, name every fault in it, and exit: 0 if there is none, 78 otherwise'
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -l no-daemonize -d 'Accepted as the original has it; the agent always runs in the foreground'
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -s h -l help -d 'Print help'
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
# What follows `mcollective mco` is completed as what follows `mco`.
function __fish_mcollective_as_mco
    set -l words (commandline -opc)
    set -g __fish_mco_through $words[1]
    complete -C "mco $(string escape -- $words[3..] | string join ' ') $(commandline -ct)"
    set -e __fish_mco_through
end
complete -c mcollective -n "__fish_mcollective_using_subcommand mco" -f -a "(__fish_mcollective_as_mco)"
