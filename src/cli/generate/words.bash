
# Agents, actions, inputs and their values, nodes, facts and classes are asked of the program itself,
# which reads what it knows and talks to nobody.
_mco_words() {
    local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} IFS=$' \t\n'
    local -a words rows program
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    program=("${words[0]/#\~/$HOME}")
    [[ -n ${_mco_through-} ]] && program=("$_mco_through" mco)
    mapfile -t rows < <("${program[@]}" completion --words -- "${words[@]:1}" 2>/dev/null)
    ((${#rows[@]})) || return 1
    # What is cut at = and : is one word to the program.
    [[ -z ${current//[=:]/} ]] && current=
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

_mco_or_words() {
    _mco_words || _mco "$@"
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _mco_or_words -o nosort -o bashdefault -o default mco
else
    complete -F _mco_or_words -o bashdefault -o default mco
fi
