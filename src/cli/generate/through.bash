
# What follows `mcollective mco` is completed as what follows `mco`, by the script beside this one.
_mcollective_as_mco() {
    [[ $COMP_CWORD -ge 2 && ${COMP_WORDS[1]} == mco ]] || return 1
    if ! declare -F _mco_or_words >/dev/null; then
        local here=${BASH_SOURCE[0]} script
        here=${here%"${here##*/}"}
        for script in mco mco.bash; do
            # shellcheck source=/dev/null
            [[ -r $here$script ]] && source "$here$script" && break
        done
        declare -F _mco_or_words >/dev/null || return 1
    fi
    local _mco_through=${COMP_WORDS[0]/#\~/$HOME}
    local -a words=("${COMP_WORDS[@]:1}")
    local line=${COMP_LINE#"${COMP_LINE%%[![:space:]]*}"}
    line=${line#"${COMP_WORDS[0]}"}
    line=${line#"${line%%[![:space:]]*}"}
    local point=$((COMP_POINT - ${#COMP_LINE} + ${#line})) cword=$((COMP_CWORD - 1))
    local COMP_LINE=$line COMP_POINT=$point COMP_CWORD=$cword
    local -a COMP_WORDS=("${words[@]}")
    _mco_or_words mco "$2" "$3"
}

_mcollective_or_mco() {
    _mcollective_as_mco "$@" || _mcollective "$@"
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _mcollective_or_mco -o nosort -o bashdefault -o default mcollective
else
    complete -F _mcollective_or_mco -o bashdefault -o default mcollective
fi
