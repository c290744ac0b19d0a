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
