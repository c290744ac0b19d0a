# What fish offers for each line of standard input when Tab is pressed at its end.
#
#   fish complete.fish DIRECTORY <LINES

source $argv[1]/mco.fish
source $argv[1]/mcollective.fish
while read -l line
    echo "$line => "(complete -C "$line" | string replace -r '\t.*' '' | string join ' ')
end
