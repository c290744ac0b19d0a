# What bash offers for each line of standard input when Tab is pressed at its end.
#
#   bash complete.bash DIRECTORY <LINES

source "$1/mco.bash"
source "$1/mcollective.bash"
while IFS= read -r COMP_LINE; do
    COMP_POINT=${#COMP_LINE}
    # As readline cuts words.
    cut=$(sed -E 's/[=:]+/ & /g' <<<"$COMP_LINE.")
    cut=${cut%.}
    read -ra COMP_WORDS <<<"$cut"
    [[ $cut == *" " && $COMP_LINE != *[=:] ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    function=$(complete -p "${COMP_WORDS[0]}")
    function=${function#*-F }
    # compopt has no completion to change here.
    "${function%% *}" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
    printf '%s => %s\n' "$COMP_LINE" "${COMPREPLY[*]}"
done
