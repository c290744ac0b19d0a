# Agents, actions, inputs and their values, nodes, facts and classes are asked of the program itself,
# which reads what it knows and talks to nobody.
(( $+functions[_mco_words] )) ||
_mco_words() {
    local row name
    local -a line names shown open open_shown
    line=("${(@Q)words[1,CURRENT]}")
    for row in "${(@f)$(${~mco_called} completion --words -- "${line[@]}" 2>/dev/null)}"; do
        name=${row%%$'\t'*}
        row=${row#*$'\t'}
        [[ -n $name ]] || continue
        # After --option= the value alone stands there.
        [[ $name == --*=* ]] && name=${name#*=}
        if [[ $name == *= ]]; then
            open+=("$name") open_shown+=("$name${row:+  -- $row}")
        else
            names+=("$name") shown+=("$name${row:+  -- $row}")
        fi
    done
    if (( ! ${#names} && ! ${#open} )); then
        _default
        return
    fi
    # After an input's name its value follows.
    (( ! ${#open} )) || compadd -l -d open_shown -S '' -a open
    (( ! ${#names} )) || compadd -l -d shown -a names
}

