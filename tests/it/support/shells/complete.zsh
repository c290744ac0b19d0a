# What zsh makes of each line of standard input when Tab is pressed at its end, and what it lists.
#
#   zsh -f complete.zsh DIRECTORY <LINES

zmodload zsh/zpty
zpty shell "TERM=dumb zsh -f -i"
# Reads up to a mark that the shell prints.
until_mark() {
    local text
    REPLY=
    while zpty -r shell text; do
        REPLY+=$text
        [[ $REPLY == *MARK$1END* ]] && return
    done
    exit 1
}
zpty -w shell "PS1= PS2=; unset zle_bracketed_paste; stty -echo columns 200; setopt no_beep"
zpty -w shell "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=0"
# Shows what the line has become, and runs it not.
zpty -w shell "finish() { print -r; print -r -- \"BECAME \$BUFFER|\"; BUFFER=; print -r -- MARK\$((++turn))END; zle send-break }"
zpty -w shell "zle -N finish; bindkey '^I' complete-word; bindkey '^T' finish; print -r -- MARK\${:-0}END"
until_mark 0
integer turn=0
while IFS= read -r line; do
    zpty -n -w shell "$line"$'\t\x14'
    until_mark $((++turn))
    # On one line, without what moves the cursor.
    shown=${${REPLY//$'\r'/}//$'\x1b'\[[0-9;?]#[a-zA-Z]/}
    print -r -- "$line => ${${shown//$'\n'/ }## #}"
done
zpty -d shell
