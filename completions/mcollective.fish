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
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "enable" -d 'Make machines ready for their roles, and see how they stand; `--demo` makes a fleet to try on this one, `--pe-conf` switches MCollective on in Puppet Enterprise'
complete -c mcollective -n "__fish_mcollective_needs_command" -f -a "mco" -d 'Send requests to nodes and show what came back'
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -s c -l config -d 'Configuration file [default: the first that can be read of the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -l pidfile -d 'Write the process id into this file, and remove it at the end' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -l check-config -d 'Read the configuration, name every fault in it, and exit: 0 if there is none, 78 otherwise'
complete -c mcollective -n "__fish_mcollective_using_subcommand broker" -s h -l help -d 'Print help'
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -s c -l config -d 'Configuration file [default: the first that can be read of the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -l pidfile -d 'Write the process id into this file, and remove it at the end' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -l check-config -d 'Read the configuration, name every fault in it, and exit: 0 if there is none, 78 otherwise'
complete -c mcollective -n "__fish_mcollective_using_subcommand agent" -s h -l help -d 'Print help'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l demo -d 'Make a fleet to try below DIR: a CA, a broker, agents and a client, all on this machine' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l nodes -d 'How many agents [default: as before, or 3]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l port -d 'Port of the demo\'s broker, on the loopback address [default: as before, or 61613]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l pe-conf -d 'Enable MCollective in this pe.conf of Puppet Enterprise: set `"pe_install::disable_mco"` to false, and leave every other byte as it is' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -s o -l output -d 'How to say it' -r -f -a "text\t'For people'
json\t'One JSON document'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l stop -d 'Stop the demo\'s processes and leave its files'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l check -d 'Change nothing; say whether it is enabled there, and what decides. Exits 0 if it is, 1 if not'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l disable -d 'Set it to true instead: broker, agent and mco refuse to run on that machine'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l dry-run -d 'Say what would be changed, and change nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -l detailed-exitcodes -d 'Exit with 2 where something was changed, and with 0 only where all was well already'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -f -a "broker" -d 'Make this machine the broker, with a certificate authority of its own or with Puppet\'s'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -f -a "agent" -d 'Make this machine a node: join it to a broker with a token, or with Puppet\'s certificate'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -f -a "client" -d 'Give an operator on this machine a key and a configuration for `mco`'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -f -a "status" -d 'Say which roles this machine has, how they do, and what is wrong'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -f -a "token" -d 'Make, list and revoke the tokens with which machines join; on the broker'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and not __fish_seen_subcommand_from broker agent client status token revoke" -f -a "revoke" -d 'Revoke all certificates of a name: it is cut off, and can\'t come back; on the broker'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l name -d 'The name that nodes dial; its certificate bears it [default: as it is, or this machine\'s]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l san -d 'A further name or address that nodes dial' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l listen -d 'Where to listen [default: as it does, or 0.0.0.0:61613]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l client -d 'Who may command: for NAME a key is made on this machine, NAME@sha256:PIN has one elsewhere [default: peadmin]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l ca -d 'Whose authority signs [default: Puppet\'s where this machine has its certificate, else our own]' -r -f -a "own\t'One of our own'
puppet\t'Puppet\'s'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l puppet-ssl -d 'Puppet\'s directory of certificates [default: as Puppet has it]' -r -f -a "(__fish_complete_directories)"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -s o -l output -d 'How to say it' -r -f -a "text\t'For people'
json\t'One JSON document'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l no-start -d 'Write everything, and start nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l stop-old -d 'Stop and disable the original\'s daemons that did this work'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l disable -d 'Stop the service and take it away; configuration, keys and data stay'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l dry-run -d 'Say what would be done, and touch nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l replace -d 'Write files anew that are there and differ; what was there is kept beside them'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -l detailed-exitcodes -d 'Exit with 2 where something was changed, and with 0 only where all was well already'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from broker" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l join -d 'The token that `mcollective enable broker` printed; `-` reads it from standard input, @FILE from a file' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l broker -d 'The broker, where certificates are Puppet\'s' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l identity -d 'The name of this node [default: the machine\'s, or that in Puppet\'s certificate]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l caller -d 'Whom to obey: NAME, better NAME@sha256:PIN [default: whom the token names; peadmin]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l ca -d 'Whose authority signs [default: Puppet\'s where this machine has its certificate, else our own]' -r -f -a "own\t'One of our own'
puppet\t'Puppet\'s'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l puppet-ssl -d 'Puppet\'s directory of certificates [default: as Puppet has it]' -r -f -a "(__fish_complete_directories)"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -s o -l output -d 'How to say it' -r -f -a "text\t'For people'
json\t'One JSON document'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l new-key -d 'Begin with a new key, as after a revocation; the old one is kept beside it'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l no-start -d 'Write everything, and start nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l stop-old -d 'Stop and disable the original\'s daemons that did this work'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l disable -d 'Stop the service and take it away; configuration, keys and data stay'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l dry-run -d 'Say what would be done, and touch nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l replace -d 'Write files anew that are there and differ; what was there is kept beside them'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -l detailed-exitcodes -d 'Exit with 2 where something was changed, and with 0 only where all was well already'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from agent" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l join -d 'A token for clients: `mcollective enable token create --role client` on the broker makes one; `-` reads it from standard input, @FILE from a file' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l broker -d 'The broker, where there is no token' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l name -d 'The name in the operator\'s certificate [default: peadmin]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l user -d 'The user of this machine who commands; made where there is none [default: the name]' -r
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l authorized-key -d 'SSH public keys that may log in as this user' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l cert -d 'A certificate that is there, in PEM' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l key -d 'Its key' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l ca-file -d 'The authorities to trust' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l ca -d 'Whose authority signs [default: Puppet\'s where this machine has its certificate, else our own]' -r -f -a "own\t'One of our own'
puppet\t'Puppet\'s'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l puppet-ssl -d 'Puppet\'s directory of certificates [default: as Puppet has it]' -r -f -a "(__fish_complete_directories)"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -s o -l output -d 'How to say it' -r -f -a "text\t'For people'
json\t'One JSON document'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l new-key -d 'Begin with a new key, as after a revocation; the old one is kept beside it'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l dry-run -d 'Say what would be done, and touch nothing'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l replace -d 'Write files anew that are there and differ; what was there is kept beside them'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -l detailed-exitcodes -d 'Exit with 2 where something was changed, and with 0 only where all was well already'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from client" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from status" -s o -l output -d 'How to say it' -r -f -a "text\t'For people'
json\t'One JSON document'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from token" -f -a "create" -d 'Make a token, and print what to type on the machines that are to join'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from token" -f -a "list" -d 'List the tokens that there are, without their secrets'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'Revoke a token: nobody joins with it any more'
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from revoke" -s c -l config -d 'The broker\'s configuration, which names the authority [default: the first of the usual places]' -r -F
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from revoke" -s o -l output -d 'How to say it' -r -f -a "text\t'For people'
json\t'One JSON document'"
complete -c mcollective -n "__fish_mcollective_using_subcommand enable; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
# What follows `mcollective mco` is completed as what follows `mco`.
function __fish_mcollective_as_mco
    set -l words (commandline -opc)
    set -g __fish_mco_through $words[1]
    complete -C "mco $(string escape -- $words[3..] | string join ' ') $(commandline -ct)"
    set -e __fish_mco_through
end
complete -c mcollective -n "__fish_mcollective_using_subcommand mco" -f -a "(__fish_mcollective_as_mco)"
