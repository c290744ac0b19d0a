
# Agents, actions, inputs and their values are asked of the program itself, which reads descriptions
# and talks to nobody.
function __fish_PROGRAM_words
    set -l words (commandline -opc) (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    ARGUMENTS
    # After --option= the value alone stands there.
    $program $words 2>/dev/null | string replace -r '^--[^=]*=' ''
end
