
# Agents, actions, inputs and their values are asked of the program itself, which reads descriptions
# and talks to nobody.
_PROGRAM_words() {
    local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} IFS=$' \t\n'
    local -a words rows
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local program=${words[0]/#\~/$HOME}
    ARGUMENTS
    mapfile -t rows < <("$program" "${words[@]}" 2>/dev/null)
    ((${#rows[@]})) || return 1
    # What is cut at = and : is one word to the program.
    [[ $current == [=:] ]] && current=
    local before=${words[${#words[@]} - 1]} row
    before=${before%"$current"}
    COMPREPLY=()
    for row in "${rows[@]}"; do
        row=${row%%$'\t'*}
        COMPREPLY+=("${row#"$before"}")
    done
    # A value follows.
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}

_PROGRAM_or_words() {
    _PROGRAM_words || _PROGRAM "$@"
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _PROGRAM_or_words -o nosort -o bashdefault -o default PROGRAM
else
    complete -F _PROGRAM_or_words -o bashdefault -o default PROGRAM
fi
