# shellcheck shell=bash
# Finds what a Debian machine lacks and installs it by apt-get; names what it cannot install. Sourced after say.sh.

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi

machine_has_apt_lists=

can_be_root() { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }

# install PACKAGE…: by apt-get, with one `apt-get update` in the life of the script.
install() {
    command -v apt-get >/dev/null || die "missing: $*; there is no apt-get here, install them by hand"
    can_be_root || die "missing: $*; install them: sudo apt-get install $*"
    local log
    log=$(mktemp "${TMPDIR:-/tmp}/pilothouse-apt.XXXXXX")
    note "installing $* by apt-get"
    if [ -z "$machine_has_apt_lists" ]; then
        "${as_root[@]}" apt-get update -q >"$log" 2>&1 </dev/null || note "apt-get update failed, going on: $(tail -n 1 "$log")"
        machine_has_apt_lists=yes
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        die "apt-get could not install: $*"
    }
    rm -f "$log"
}

# need_command COMMAND PACKAGE…: installs the packages unless the command is there.
need_command() {
    local command=$1
    shift
    PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null || install "$@"
}

need_rust() {
    command -v cargo >/dev/null || PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    command -v cargo >/dev/null ||
        die "missing: cargo 1.88 or newer; Debian's own is too old, install it with rustup"
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt || die "missing: rustfmt (a rustup component)"
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy || die "missing: clippy (a rustup component)"
    need_command cc gcc libc6-dev
    # OpenSSL, below SSH, is built with the program: perl-base alone lacks modules of its configuration.
    need_command make make
    perl -MFindBin -MIPC::Cmd -e 1 2>/dev/null || install perl
}

# The directory that cargo builds into, wherever it was configured.
target_directory() {
    cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}
