# What follows `mcollective mco` is completed as what follows `mco`.
function __fish_mcollective_as_mco
    set -l words (commandline -opc)
    set -g __fish_mco_through $words[1]
    complete -C "mco $(string escape -- $words[3..] | string join ' ') $(commandline -ct)"
    set -e __fish_mco_through
end
complete -c mcollective -n "__fish_mcollective_using_subcommand mco" -f -a "(__fish_mcollective_as_mco)"
