#!/bin/sh
# Installs MCollective, or shows it: see the help below. Runs from a checkout, or piped into sh:
#
#   curl -fsSL URL/install.sh | sh -s -- --url URL
#
# One static file is all there is to install, so this script only fetches, takes or builds it, and puts
# it and what belongs to it (the link `mco`, completions, manual pages) where they are looked for.
# Nothing runs before the last line is read, so that half a script does nothing.

set -eu

usage() {
    cat <<'HELP'
Install MCollective, or try it without installing anything

Usage: ./install.sh [--prefix DIR] [--url URL | --from FILE | --build] [--version V] [--dry-run]
       ./install.sh --uninstall [--prefix DIR] [--dry-run]
       ./install.sh --demo [DIR] [--from FILE] [--nodes N] [--port P] [--stop]

  --prefix DIR   Install DIR/bin/mcollective, the link DIR/bin/mco, completions and manual pages;
                 an earlier installation there is replaced (default: /usr/local for root, else
                 ~/.local)
  --url URL      Take the program of a release from there: mcollective-linux-x86_64, after its SHA-256
                 in SHA256SUMS beside it was verified (default: $MCOLLECTIVE_URL)
  --from FILE    Take this program; where a SHA256SUMS lies beside it, that must be right
  --build        Build it from the source beside this script (default where there is one)
  --version V    Install nothing but this version
  --uninstall    Remove what was installed; configuration, keys and data stay
  --dry-run      Say what would be done, and do nothing
  --demo [DIR]   Run a broker and some nodes on this machine and say how to talk to them. All of it
                 lives in DIR (default: $XDG_STATE_HOME/mcollective-demo, which is
                 ~/.local/state/mcollective-demo), nothing is installed
      --nodes N  With --demo: how many nodes
      --port P   With --demo: the broker's port
      --stop     With --demo: stop what runs in DIR
  --help         Show this

Exits 0 when it is done or was done already, 1 when it could not be, 64 when the options are wrong.

Examples:
  ./install.sh --demo
  sudo ./install.sh --prefix /usr/local
  curl -fsSL https://releases.example.net/install.sh | sh -s -- --url https://releases.example.net
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
    # Piped into sh there is nothing beside it.
    here=''
    if [ -f "$0" ] && [ "${0##*/}" = install.sh ]; then
        script=$(readlink -f -- "$0") || script=$0
        here=$(CDPATH='' cd -- "$(dirname -- "$script")" && pwd)
    fi
    mode='' directory='' from='' url='' build='' version='' stop='' nodes='' port='' dry=''
    if [ $# -eq 0 ] && [ -z "${MCOLLECTIVE_URL:-}" ]; then
        usage >&2
        fail 64 "it is not said what to do" \
            "give --url URL or --from FILE to install, or --demo to try it; the lines above have all options"
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
            if [ "$mode" = demo ]; then choose install; fi
            directory=$(value_of "$@")
            prefixed=yes
            shift
            ;;
        --from)
            from=$(value_of "$@")
            shift
            ;;
        --url)
            url=$(value_of "$@")
            shift
            ;;
        --version)
            version=$(value_of "$@")
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
        --build) build=yes ;;
        --stop) stop=yes ;;
        --dry-run) dry=yes ;;
        --uninstall) choose uninstall ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail 64 "unknown argument \`$1\`" "see ./install.sh --help" ;;
        esac
        shift
    done
    check_combination
    case $mode in
    demo) demo ;;
    uninstall) uninstall ;;
    *) install_to ;;
    esac
}

choose() {
    if [ -n "$mode" ] && [ "$mode" != "$1" ] || { [ "$1" = demo ] && [ -n "${prefixed:-}" ]; }; then
        fail 64 "--demo, --uninstall and installing are different things" "give one of them"
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
    if [ "$mode" != demo ] && [ -n "$stop$nodes$port" ]; then
        fail 64 "--nodes, --port and --stop go with --demo" "see ./install.sh --help"
    fi
    if [ "$mode" = demo ] && [ -n "$url$version$dry" ]; then
        fail 64 "--url, --version and --dry-run go with installing" "a demo takes --from FILE"
    fi
    if [ "$mode" = uninstall ] && [ -n "$from$url$build$version" ]; then
        fail 64 "--from, --url, --build and --version do not go with --uninstall" "leave them out"
    fi
    case ${from:+from}${url:+url}${build:+build} in
    '' | from | url | build) ;;
    *) fail 64 "--from, --url and --build each name the program" "give one of them" ;;
    esac
    if [ "$mode" != demo ]; then
        find_prefix
    fi
    # What is named here counts more than the variable.
    if [ -z "$from$build" ] && [ "$mode" != demo ]; then
        url=${url:-${MCOLLECTIVE_URL:-}}
    fi
    case $url in
    '' | http://?* | https://?*) url=${url%/} ;;
    *) fail 64 "$url is no URL that begins with https:// or http://" "name a file with --from FILE" ;;
    esac
}

# Sets `prefix`: for everybody where root installs, for the user otherwise.
find_prefix() {
    prefix=$directory
    if [ -z "$prefix" ]; then
        if [ "$(id -u)" -eq 0 ]; then
            prefix=/usr/local
        elif [ -n "${HOME:-}" ]; then
            prefix=$HOME/.local
        else
            fail 1 "HOME is not set" "say where to: --prefix DIR"
        fi
    fi
    case $prefix in
    /) fail 64 "--prefix / would install into /bin and /share" "give --prefix /usr" ;;
    /*) prefix=${prefix%/} ;;
    *) fail 64 "--prefix needs a directory that begins with /" "give --prefix $PWD/$prefix" ;;
    esac
}

# ---- the program ---------------------------------------------------------------------------------

# Sets `program` to the file that is to be installed or run.
find_program() {
    if [ -n "$from" ]; then
        [ -f "$from" ] || fail 1 "there is no file $from" "check the path after --from"
        program=$from
        if [ -f "$(dirname -- "$from")/SHA256SUMS" ]; then
            verify "$program" "${from##*/}" "$(dirname -- "$from")/SHA256SUMS"
        fi
    elif [ -n "$url" ]; then
        download
    elif [ -n "$here" ] && [ -f "$here/Cargo.toml" ]; then
        if [ -n "$dry" ]; then
            program=''
        else
            build
        fi
    elif [ -n "$here" ] && [ -z "$build" ] && [ -f "$here/mcollective" ]; then
        program=$here/mcollective
        if [ -f "$here/SHA256SUMS" ]; then
            verify "$program" mcollective "$here/SHA256SUMS"
        fi
    else
        fail 1 "there is neither a program nor its source beside this script" \
            "name a release with --url URL, or the program with --from FILE"
    fi
    case $program in
    '') return ;;
    /*) ;;
    *) program=$PWD/$program ;;
    esac
    # As curl and scp leave it.
    if [ ! -x "$program" ] && [ -n "${work:-}" ]; then
        cp -- "$program" "$work/mcollective" && chmod 755 "$work/mcollective" && program=$work/mcollective
    fi
    if ! "$program" --version >/dev/null 2>&1; then
        fail 1 "$program does not run on this machine" \
            "it needs Linux on x86-64, and must be executable (chmod +x)"
    fi
    found=$("$program" --version 2>/dev/null | sed -n '1s/^mcollective //p')
    if [ -z "$found" ]; then
        fail 1 "$program is another program than mcollective" "its --version says which"
    fi
    if [ -n "$version" ] && [ "$found" != "${version#v}" ]; then
        fail 1 "the program is version $found, not $version" \
            "name another release, or leave out --version"
    fi
}

# ---- a release -----------------------------------------------------------------------------------

# Sets `name` to what the program is called in a release.
find_name() {
    case "$(uname -s) $(uname -m)" in
    'Linux x86_64' | 'Linux amd64') name=mcollective-linux-x86_64 ;;
    'Linux aarch64' | 'Linux arm64') name=mcollective-linux-aarch64 ;;
    *) fail 1 "this is $(uname -s) on $(uname -m), and releases are for Linux" "build it from the source" ;;
    esac
}

# Sets `program` to the release's, verified; or to the installed one, where that is the same.
download() {
    find_name
    case $url in
    http:*) say "warning: nobody vouches for what comes from $url; use https" ;;
    esac
    fetch "$url/SHA256SUMS" "$work/SHA256SUMS"
    wanted=$(listed_sum "$name" "$work/SHA256SUMS")
    if [ -f "$prefix/bin/mcollective" ] && [ "$(sum_of "$prefix/bin/mcollective")" = "$wanted" ]; then
        program=$prefix/bin/mcollective
        return
    fi
    if [ -n "$dry" ]; then
        program=''
        return
    fi
    say "fetching $url/$name"
    fetch "$url/$name" "$work/mcollective"
    verify "$work/mcollective" "$name" "$work/SHA256SUMS"
    chmod 755 "$work/mcollective"
    program=$work/mcollective
}

# fetch URL FILE
fetch() {
    # From https nothing leads back to http.
    case $1 in
    https:*) only='=https' ;;
    *) only='=http,https' ;;
    esac
    if command -v curl >/dev/null; then
        curl -fsSL --proto "$only" --proto-redir "$only" --connect-timeout 20 \
            --speed-limit 1 --speed-time 60 --retry 2 -o "$2" -- "$1" ||
            fail 1 "could not fetch $1" "the line above says why"
    elif command -v wget >/dev/null; then
        # Without -q, as GNU's would not say why it failed; and without -T, at which Debian's busybox
        # crashes. Either gives up after 15 minutes of silence.
        wget -O "$2" "$1" 2>"$work/said" || {
            tail -n 2 "$work/said" >&2
            fail 1 "could not fetch $1" "the line above says why"
        }
    else
        fail 1 "neither curl nor wget was found" "install one of them, or fetch $1 and use --from FILE"
    fi
}

# The SHA-256 of a file.
sum_of() {
    if command -v sha256sum >/dev/null; then
        sha256sum <"$1" | cut -d ' ' -f 1
    elif command -v shasum >/dev/null; then
        shasum -a 256 <"$1" | cut -d ' ' -f 1
    elif command -v openssl >/dev/null; then
        openssl dgst -sha256 <"$1" | sed 's/.*[ =]//'
    else
        fail 1 "neither sha256sum nor openssl was found, so nothing can be verified" "install coreutils"
    fi
}

# listed_sum NAME SUMS: what SUMS says of NAME.
listed_sum() {
    sum=$(awk -v name="$1" '{
        sub(/\r$/, "")
        file = $2
        sub(/^[*]/, "", file)
        sub(/^[.]\//, "", file)
        if (file == name) { print tolower($1); exit }
    }' "$2")
    case $sum in
    '') fail 1 "SHA256SUMS has no sum of $1; nothing was installed" "ask whoever made this release" ;;
    *[!0-9a-f]*) sum='' ;;
    esac
    if [ ${#sum} -ne 64 ]; then
        fail 1 "the sum of $1 in SHA256SUMS is no SHA-256; nothing was installed" "ask whoever made this release"
    fi
    printf '%s\n' "$sum"
}

# verify FILE NAME SUMS: ends the script unless SUMS has this file's sum under this name.
verify() {
    wanted=$(listed_sum "$2" "$3")
    got=$(sum_of "$1")
    if [ "$wanted" != "$got" ]; then
        fail 1 "the SHA-256 of $2 is $got, and SHA256SUMS says $wanted; nothing was installed" \
            "fetch it again; if that does not help, somebody changed it on its way"
    fi
}

# ---- building ------------------------------------------------------------------------------------

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
    check_libc
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
    at_least "$found" "$needed" ||
        fail 1 "cargo is $found; building needs Rust $needed or newer" "$(rustup_hint)"
}

# The file has the C library of the machine that builds it, and an older one could not start it.
check_libc() {
    found=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc \([0-9][0-9.]*\).*/\1/p')
    at_least "${found:-0.0}" 2.36 ||
        fail 1 "building needs glibc 2.36 or newer (Debian 12, Ubuntu 24.04), and this is ${found:-another C library}" \
            "build there; the file runs here all the same: --from FILE"
}

# at_least FOUND NEEDED: whether a version is another or newer.
at_least() {
    printf '%s %s\n' "$1" "$2" | awk '{
        split($1, found, "."); split($2, needed, ".")
        exit !(found[1] > needed[1] || (found[1] == needed[1] && found[2] >= needed[2]))
    }'
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
    # What is installed is for everybody.
    umask 022
    start_work
    find_program
    if [ -n "$dry" ]; then
        say_plan
        return
    fi
    changed='' replaced=''
    if [ -e "$prefix/bin/mcollective" ] && ! same "$program" "$prefix/bin/mcollective"; then
        replaced=yes
    fi
    list=$work/list
    : >"$list"
    start_folders
    make_pages
    unfinished=yes
    put 755 "$program" bin/mcollective
    link_mco
    for page in "$pages"/man/*.[1-8]; do
        if [ -f "$page" ]; then
            put 644 "$page" "share/man/man${page##*.}/${page##*/}"
        fi
    done
    for file in "$pages"/completions/*; do
        if [ -f "$file" ]; then
            put_completion "$file"
        fi
    done
    sort -u "$folders" >>"$list"
    remove_what_is_not_in "$list"
    cp -- "$list" "$work/installed"
    put 644 "$work/installed" "$manifest"
    unfinished=''
    if [ -z "$changed" ]; then
        say "mcollective $found is in $prefix already; nothing was changed"
        return
    fi
    say "mcollective $found is installed in $prefix:"
    grep -v '/$' "$list" | grep -vxF "$manifest" | sed "s|^|  $prefix/|" >&2
    if [ -n "$replaced" ]; then
        units=$(units_of_it)
        say "what runs goes on with the program that it began with, until it is restarted${units:+: systemctl try-restart $units}"
    fi
    say_what_is_missing
}

say_plan() {
    there=$("$prefix/bin/mcollective" --version 2>/dev/null | sed -n '1s/.* //p') || there=''
    if [ -n "$program" ] && same "$program" "$prefix/bin/mcollective"; then
        say "mcollective $found is in $prefix already; only what belongs to it would be looked after"
    else
        source=$from
        if [ -n "$url" ] && [ -z "$from" ]; then source=$url/$name; fi
        say "would install ${source:-what is built from $here} as $prefix/bin/mcollective"
        say "would replace there: ${there:-nothing}"
        say "would install $prefix/bin/mco, completions and manual pages in $prefix/share"
    fi
    say "nothing was changed"
}

# Sets `work` to a directory that goes when this ends: in the prefix, as /tmp may be closed to programs.
start_work() {
    work='' new='' made='' unfinished=''
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [ -n "$dry" ]; then
        work=$(mktemp -d)
        return
    fi
    for folder in '' /share /share/mcollective /bin; do
        if [ ! -e "$prefix$folder" ]; then made="$folder. $made"; fi
    done
    if ! mkdir -p "$prefix/bin" "$prefix/share/mcollective" 2>/dev/null || [ ! -w "$prefix/bin" ] ||
        ! work=$(mktemp -d "$prefix/share/mcollective/.new.XXXXXX" 2>/dev/null); then
        fail 1 "may not write to $prefix" "run as root (sudo ./install.sh ...), or give another --prefix"
    fi
}

# Nothing stays of an installation that failed.
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    if [ -n "$new" ]; then rm -f -- "$new"; fi
    # What was put in place can be removed all the same.
    if [ -n "$unfinished" ]; then cat "$list" "$folders" >>"$prefix/$manifest" || true; fi
    if [ -n "$work" ]; then rm -rf -- "$work"; fi
    # Those that are not empty stay.
    for folder in $made; do
        rmdir -- "$prefix${folder%.}" 2>/dev/null || true
    done
}

# Sets `pages` to where completions and manual pages are: the program writes its own.
make_pages() {
    pages=$work/pages
    if "$program" generate "$pages" >/dev/null 2>&1 && [ -d "$pages/man" ]; then
        return
    fi
    pages=$here
    if [ -z "$here" ] || [ ! -d "$here/man" ]; then
        say "warning: this program writes no completions and manual pages, so there will be none"
        pages=$work/none
    fi
}

same() {
    [ -f "$2" ] && [ ! -L "$2" ] && cmp -s -- "$1" "$2"
}

# put MODE FILE NAME: installs FILE as NAME below the prefix. It is complete at any moment: whoever
# runs the program meanwhile has the old one or the new one, and what already runs goes on.
put() {
    target=$prefix/$3
    printf '%s\n' "$3" >>"$list"
    if [ "$2" = "$target" ] || same "$2" "$target"; then
        return
    fi
    if [ -d "$target" ]; then
        fail 1 "$target is a directory" "move it away"
    fi
    changed=yes
    note_folders "${3%/*}"
    new=$target.new.$$
    if ! { mkdir -p "${target%/*}" && cp -- "$2" "$new" && chmod "$1" "$new" && mv -f -- "$new" "$target"; }; then
        rm -f -- "$new"
        fail 1 "could not write $target; what was there stays" "the line above says why"
    fi
    new=''
}

# Starts the list of directories that were made for this, which go when it goes.
start_folders() {
    folders=$work/folders
    : >"$folders"
    if [ -f "$prefix/$manifest" ]; then
        grep '/$' "$prefix/$manifest" >"$folders" || true
    fi
    for folder in $made; do
        folder=${folder%.}
        if [ -n "$folder" ]; then printf '%s/\n' "${folder#/}" >>"$folders"; fi
    done
}

note_folders() {
    folder=$1
    while [ ! -d "$prefix/$folder" ]; do
        printf '%s/\n' "$folder" >>"$folders"
        case $folder in
        */*) folder=${folder%/*} ;;
        *) break ;;
        esac
    done
}

link_mco() {
    link=$prefix/bin/mco
    if [ -e "$link" ] || [ -L "$link" ]; then
        if [ "$(readlink -- "$link" 2>/dev/null)" != mcollective ]; then
            say "kept $link, which is not ours: ours is called with \`mcollective mco\`"
            return
        fi
    else
        ln -s mcollective "$link"
        changed=yes
    fi
    echo bin/mco >>"$list"
}

# What a person has to do so that shells find all of it.
say_what_is_missing() {
    case :$PATH: in
    *:"$prefix/bin":*) ;;
    *) say "$prefix/bin is not in your PATH" ;;
    esac
    if [ "$prefix" != /usr ] && [ "$prefix" != /usr/local ]; then
        say "for completion in zsh, before compinit: fpath=($prefix/share/zsh/site-functions \$fpath)"
    fi
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
        case $name in
        */) continue ;;
        esac
        if ! grep -qxF -- "$name" "$1" && [ "$name" != "$manifest" ]; then
            remove "$name"
            changed=yes
        fi
    done <"$prefix/$manifest"
}

# The services that run what is installed here, in one line.
units_of_it() {
    units=''
    for role in broker agent; do
        if grep -qsF "ExecStart=$prefix/bin/mcollective " "/etc/systemd/system/mcollective-$role.service"; then
            units="$units${units:+ }mcollective-$role"
        fi
    done
    printf '%s' "$units"
}

uninstall() {
    if [ ! -f "$prefix/$manifest" ]; then
        if [ -e "$prefix/bin/mcollective" ]; then
            fail 1 "$prefix/bin/mcollective was not installed by this script" "remove it as it came there"
        fi
        say "nothing that this script installed is in $prefix; give the --prefix that it was installed with"
        return
    fi
    units=$(units_of_it)
    if [ -n "$units" ]; then
        fail 1 "this machine runs it: ${units}" \
            "first \`mcollective enable broker --disable\`, or \`agent\`, which stops a service and takes it away"
    fi
    if [ -n "$dry" ]; then
        say "would remove from $prefix:"
        grep -v '/$' "$prefix/$manifest" | sed "s|^|  $prefix/|" >&2
        say "nothing was changed"
        return
    fi
    if [ ! -w "$prefix/bin" ]; then
        fail 1 "may not write to $prefix/bin" "run as root (sudo ./install.sh ...)"
    fi
    folders=$(grep '/$' "$prefix/$manifest" | sort -r) || folders=''
    remove_what_is_not_in /dev/null
    rm -f -- "$prefix/$manifest"
    rmdir -- "$prefix/share/mcollective" 2>/dev/null || true
    printf '%s\n' "$folders" | while IFS= read -r name; do
        if [ -n "$name" ]; then remove "$name"; fi
    done
    say "removed from $prefix; configuration, keys and data were left where they are"
}

remove() {
    case $1 in
    bin/* | share/*) ;;
    *) fail 1 "$prefix/$manifest names $1, which this script never installs" "look at that file" ;;
    esac
    case /$1/ in
    */../*) fail 1 "$prefix/$manifest names $1, which this script never installs" "look at that file" ;;
    esac
    case $1 in
    # Where something else is in it, it stays.
    */) rmdir -- "$prefix/$1" 2>/dev/null || true ;;
    *) rm -f -- "$prefix/$1" ;;
    esac
}

# Until here nothing was done; cut off before the brace, nothing is.
{
    main "$@"
    exit
}
