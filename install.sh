#!/bin/sh
# Installs MCollective, or shows it: see the help below.
#
# One static file is all there is to install, so this script only builds or takes it, and puts it
# and what belongs to it (the link `mco`, completions, manual pages) where it is told.

set -eu

usage() {
    cat <<'HELP'
Install MCollective, or try it without installing anything

Usage: ./install.sh --demo [DIR] [--from FILE] [--nodes N] [--port P] [--stop]
       ./install.sh --prefix DIR [--from FILE]
       ./install.sh --prefix DIR --uninstall

  --demo [DIR]   Run a broker and some nodes on this machine and say how to talk to them. All of it
                 lives in DIR (default: $XDG_STATE_HOME/mcollective-demo, which is
                 ~/.local/state/mcollective-demo), nothing is installed
      --nodes N  With --demo: how many nodes
      --port P   With --demo: the broker's port
      --stop     With --demo: stop what runs in DIR
  --prefix DIR   Install DIR/bin/mcollective, the link DIR/bin/mco, completions and manual pages;
                 an earlier installation there is replaced
  --uninstall    With --prefix: remove what was installed there
  --from FILE    Take this program instead of building it from the source beside this script
  --help         Show this

Examples:
  ./install.sh --demo
  sudo ./install.sh --prefix /usr/local
HELP
}

# fail STATUS WHAT [HINT]: says what is wrong and what to do, and ends.
fail() {
    printf 'error: %s\n' "$2" >&2
    if [ $# -gt 2 ]; then
        printf 'hint: %s\n' "$3" >&2
    fi
    exit "$1"
}

say() {
    printf '%s\n' "$*" >&2
}

main() {
    script=$(readlink -f -- "$0") || script=$0
    here=$(CDPATH='' cd -- "$(dirname -- "$script")" && pwd)
    mode='' directory='' from='' stop='' uninstall='' nodes='' port=''
    if [ $# -eq 0 ]; then
        usage >&2
        exit 64
    fi
    while [ $# -gt 0 ]; do
        case $1 in
        --demo)
            choose demo
            case ${2-} in
            '' | -*) ;;
            *) directory=$2 && shift ;;
            esac
            ;;
        --prefix)
            choose prefix
            directory=$(value_of "$@")
            shift
            ;;
        --from)
            from=$(value_of "$@")
            shift
            ;;
        --nodes)
            nodes=$(value_of "$@")
            shift
            ;;
        --port)
            port=$(value_of "$@")
            shift
            ;;
        --stop) stop=yes ;;
        --uninstall) uninstall=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail 64 "unknown argument \`$1\`" "see ./install.sh --help" ;;
        esac
        shift
    done
    check_combination
    if [ "$mode" = demo ]; then
        demo
    elif [ -n "$uninstall" ]; then
        uninstall "$directory"
    else
        install_to "$directory"
    fi
}

choose() {
    if [ -n "$mode" ] && [ "$mode" != "$1" ]; then
        fail 64 "--demo and --prefix are two different things" "give one of them"
    fi
    mode=$1
}

# The value after an option; exits in a subshell, which `set -e` turns into the script's end.
value_of() {
    if [ $# -lt 2 ] || [ -z "$2" ]; then
        fail 64 "$1 needs a value" "see ./install.sh --help"
    fi
    printf '%s\n' "$2"
}

check_combination() {
    case $mode in
    demo)
        if [ -n "$uninstall" ]; then
            fail 64 "--uninstall goes with --prefix" "a demo is stopped with --demo --stop"
        fi
        ;;
    prefix)
        if [ -n "$stop$nodes$port" ]; then
            fail 64 "--nodes, --port and --stop go with --demo" "see ./install.sh --help"
        fi
        if [ -n "$uninstall" ] && [ -n "$from" ]; then
            fail 64 "--from does not go with --uninstall" "leave it out"
        fi
        ;;
    *) fail 64 "neither --demo nor --prefix is given" "see ./install.sh --help" ;;
    esac
}

# ---- the program ---------------------------------------------------------------------------------

# Sets `program` to the file that is to be installed or run.
find_program() {
    if [ -n "$from" ]; then
        [ -f "$from" ] || fail 1 "there is no file $from" "check the path after --from"
        program=$from
    elif [ -f "$here/Cargo.toml" ]; then
        build
    elif [ -f "$here/mcollective" ]; then
        program=$here/mcollective
    else
        fail 1 "there is neither a program nor its source beside this script" \
            "name the program with --from FILE"
    fi
    if ! "$program" --version >/dev/null 2>&1; then
        fail 1 "$program does not run on this machine" \
            "it needs Linux on x86-64, and must be executable (chmod +x)"
    fi
}

# Builds from source. Cargo decides what is out of date, so this is quick when nothing is.
build() {
    platform="$(uname -s) $(uname -m)"
    if [ "$platform" != 'Linux x86_64' ]; then
        fail 1 "this is $platform, and the build is for Linux x86_64" "build there, then use --from FILE"
    fi
    if [ ! -f "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ] && ! command -v cargo >/dev/null; then
        fail 1 "cargo was not found; building needs Rust $(needed_rust) or newer" "$(rustup_hint)"
    fi
    # A rustup of a moment ago is not yet in this shell's path.
    PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    check_rust
    if ! command -v cc >/dev/null; then
        fail 1 "cc was not found; building needs a C compiler and the C library's headers" \
            "on Debian and Ubuntu: apt-get install gcc libc6-dev"
    fi
    built=${CARGO_TARGET_DIR:-$here/target}/x86_64-unknown-linux-gnu/release/mcollective
    if [ -f "$built" ]; then
        say "building what has changed"
    else
        say "building MCollective, which takes about 3 minutes"
    fi
    # The flags of a static build are in .cargo/config.toml, and this variable would replace them.
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    (cd "$here" && cargo build --release --locked) || fail 1 "the build failed" "the lines above say why"
    program=$built
}

needed_rust() {
    sed -n 's/^rust-version *= *"\(.*\)"$/\1/p' "$here/Cargo.toml"
}

rustup_hint() {
    printf '%s' "install it with rustup (https://rustup.rs), or update with \`rustup update stable\`; " \
        "distributions often have an older one"
}

check_rust() {
    found=$(cd "$here" && cargo --version 2>/dev/null | sed -n 's/^cargo \([0-9][0-9.]*\).*/\1/p')
    needed=$(needed_rust)
    if [ -z "$found" ]; then
        fail 1 "cargo is there, but \`cargo --version\` fails" "$(rustup_hint)"
    fi
    if ! printf '%s %s\n' "$found" "$needed" | awk '{
        split($1, found, "."); split($2, needed, ".")
        exit !(found[1] > needed[1] || (found[1] == needed[1] && found[2] >= needed[2]))
    }'; then
        fail 1 "cargo is $found; building needs Rust $needed or newer" "$(rustup_hint)"
    fi
}

# ---- the demo ------------------------------------------------------------------------------------

demo() {
    if [ -z "$directory" ]; then
        if [ -z "${XDG_STATE_HOME:-}${HOME:-}" ]; then
            fail 1 "HOME is not set" "say where the demo shall live: --demo DIR"
        fi
        directory=${XDG_STATE_HOME:-$HOME/.local/state}/mcollective-demo
    fi
    built=${CARGO_TARGET_DIR:-$here/target}/x86_64-unknown-linux-gnu/release/mcollective
    # Stopping must not wait for a build.
    if [ -n "$stop" ] && [ -z "$from" ] && [ -x "$built" ]; then
        from=$built
    fi
    find_program
    if [ -z "$stop" ]; then
        say "the demo lives in $directory"
    fi
    set -- enable --demo "$directory"
    if [ -n "$nodes" ]; then set -- "$@" --nodes "$nodes"; fi
    if [ -n "$port" ]; then set -- "$@" --port "$port"; fi
    if [ -n "$stop" ]; then set -- "$@" --stop; fi
    case $program in
    /*) exec "$program" "$@" ;;
    *) exec "./$program" "$@" ;;
    esac
}

# ---- installing ----------------------------------------------------------------------------------

# The list of what was installed, relative to the prefix, for --uninstall and for upgrades.
manifest=share/mcollective/installed

install_to() {
    prefix=$1
    case $prefix in
    /*) ;;
    *) fail 64 "--prefix needs a directory that begins with /" "give --prefix $PWD/$prefix" ;;
    esac
    find_program
    mkdir -p "$prefix" 2>/dev/null || true
    if [ ! -w "$prefix" ]; then
        fail 1 "may not write to $prefix" "run as root (sudo ./install.sh ...), or give another --prefix"
    fi
    list=$(mktemp)
    trap 'rm -f "$list"' EXIT
    put 755 "$program" bin/mcollective
    link_mco
    for page in "$here"/man/*.[1-8]; do
        if [ -f "$page" ]; then
            put 644 "$page" "share/man/man${page##*.}/${page##*/}"
        fi
    done
    for file in "$here"/completions/*; do
        if [ -f "$file" ]; then
            put_completion "$file"
        fi
    done
    remove_what_is_not_in "$list"
    put 644 "$list" "$manifest"
    say "installed in $prefix:"
    sed "s|^|  $prefix/|" "$list" >&2
    case :$PATH: in
    *:"$prefix/bin":*) ;;
    *) say "$prefix/bin is not in your PATH" ;;
    esac
}

# put MODE FILE NAME: installs FILE as NAME below the prefix. It is complete at any moment: whoever
# runs the program meanwhile has the old one or the new one.
put() {
    target=$prefix/$3
    mkdir -p "${target%/*}"
    new=$target.new.$$
    if ! { cp -- "$2" "$new" && chmod "$1" "$new" && mv -f -- "$new" "$target"; }; then
        rm -f -- "$new"
        fail 1 "could not write $target" "the line above says why"
    fi
    printf '%s\n' "$3" >>"$list"
}

link_mco() {
    link=$prefix/bin/mco
    if [ -e "$link" ] || [ -L "$link" ]; then
        if [ "$(readlink -- "$link" 2>/dev/null)" != mcollective ]; then
            say "kept $link, which is not ours: ours is called with \`mcollective mco\`"
            return
        fi
    fi
    ln -s mcollective "$link.new.$$"
    mv -f -- "$link.new.$$" "$link"
    echo bin/mco >>"$list"
}

# Where each shell looks.
put_completion() {
    name=${1##*/}
    case $name in
    *.bash) put 644 "$1" "share/bash-completion/completions/${name%.bash}" ;;
    *.fish) put 644 "$1" "share/fish/vendor_completions.d/$name" ;;
    _*) put 644 "$1" "share/zsh/site-functions/$name" ;;
    esac
}

# Removes what an earlier installation had and this one has not.
remove_what_is_not_in() {
    if [ ! -f "$prefix/$manifest" ]; then
        return
    fi
    while IFS= read -r name; do
        if ! grep -qxF -- "$name" "$1"; then
            remove "$name"
        fi
    done <"$prefix/$manifest"
}

uninstall() {
    prefix=$1
    if [ ! -f "$prefix/$manifest" ]; then
        fail 1 "nothing that this script installed is in $prefix" "give the --prefix that it was installed with"
    fi
    remove_what_is_not_in /dev/null
    rm -f -- "$prefix/$manifest"
    rmdir -- "$prefix/share/mcollective" 2>/dev/null || true
    say "removed from $prefix; configuration and certificates were left where they are"
}

remove() {
    case $1 in
    bin/* | share/*) ;;
    *) fail 1 "$prefix/$manifest names $1, which this script never installs" "look at that file" ;;
    esac
    case /$1/ in
    */../*) fail 1 "$prefix/$manifest names $1, which this script never installs" "look at that file" ;;
    esac
    rm -f -- "$prefix/$1"
}

main "$@"
