#!/usr/bin/env bash
# Installs the system packages that one kind of work needs, and nothing that is already there.
#
#   scripts/install-packages.sh build|test|demo|bench
#
#   1. Ask which of the wanted packages are missing: dpkg first, then whether the thing itself can be found
#      (a restic of your own in /usr/local/bin is as good as the package).
#   2. Nothing missing: say nothing, exit 0.
#   3. Else install them with apt-get, as root or through `sudo -n`; `apt-get update` only if the lists do not know them.
#   4. Without apt or without root: name the packages and exit 1. Optional packages never stop anything.
set -euo pipefail

purpose=${1:-}
build_packages=(libssl-dev libzstd-dev zlib1g-dev libarchive-dev libisal-dev libsqlite3-dev libmariadb-dev libfuse3-dev pkg-config)
optional=()
case "$purpose" in
    build) wanted=("${build_packages[@]}") ;;
    test) wanted=("${build_packages[@]}" restic sqlite3 mariadb-server mariadb-client fuse3 attr acl zstd gzip zip tar tzdata); optional=(debootstrap strace) ;;
    demo) wanted=("${build_packages[@]}" sqlite3 perl-base); optional=(restic attr) ;;
    bench) wanted=("${build_packages[@]}" restic time perl-base); optional=(mariadb-server mariadb-client mydumper) ;;
    *) echo "usage: ${0##*/} build|test|demo|bench" >&2; exit 64 ;;
esac

has_program() { type -P "$1" >/dev/null; }

has_library() { has_program pkg-config && pkg-config --exists "$1"; }

# Whether what the package is wanted for can be found on this system, whoever put it there.
is_present() {
    case "$1" in
        libssl-dev) has_library libcrypto ;;
        libzstd-dev) has_library libzstd ;;
        zlib1g-dev) has_library zlib ;;
        libarchive-dev) has_library libarchive ;;
        libisal-dev) has_library libisal ;;
        libsqlite3-dev) has_library sqlite3 ;;
        libmariadb-dev) has_library libmariadb ;;
        libfuse3-dev) has_library fuse3 ;;
        fuse3) has_program fusermount3 ;;
        mariadb-server) has_program mariadbd || [ -x /usr/sbin/mariadbd ] ;;
        mariadb-client) has_program mariadb ;;
        attr) has_program getfattr && has_program setfattr ;;
        acl) has_program getfacl && has_program setfacl ;;
        perl-base) has_program perl ;;
        tzdata) [ -e /usr/share/zoneinfo/Europe/Kyiv ] ;;
        *) has_program "$1" ;;
    esac
}

is_installed() { dpkg -s "$1" 2>/dev/null | grep -q '^Status: .* ok installed$' || is_present "$1"; }

missing_of() { local package; for package in "$@"; do is_installed "$package" || echo "$package"; done; }

# How this user becomes root: nothing to do, sudo without a password, or not at all (status 1).
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif has_program sudo && sudo -n true 2>/dev/null; then sudo -n -- "$@"; else return 1; fi
}

apt_install() {
    local log=$1; shift
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1
}

# Installs all the named packages or fails with apt's own last words.
install() {
    local log; log=$(mktemp)
    echo "installing system packages: $*" >&2
    if ! apt_install "$log" "$@"; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >"$log" 2>&1 || true
        if ! apt_install "$log" "$@"; then
            tail -n 5 "$log" >&2; rm -f "$log"; return 1
        fi
    fi
    rm -f "$log"
}

explain_and_stop() {
    echo "error: $1, and these packages are missing: ${missing[*]}" >&2
    echo "hint: install them and run this again: sudo apt-get install ${missing[*]}" >&2
    echo "      (other systems: the development files of OpenSSL 3, zstd, zlib, libarchive, ISA-L, SQLite, MariaDB's client library and libfuse 3, pkg-config, and the programs named)" >&2
    exit 1
}

mapfile -t missing < <(missing_of "${wanted[@]}")
mapfile -t missing_optional < <(missing_of ${optional[@]+"${optional[@]}"})

if [ ${#missing[@]} -gt 0 ]; then
    has_program apt-get || explain_and_stop "there is no apt-get on this system"
    as_root true || explain_and_stop "you are not root and sudo asks for a password"
    install "${missing[@]}" || explain_and_stop "apt-get could not install them"
fi
if [ ${#missing_optional[@]} -gt 0 ] && has_program apt-get && as_root true; then
    install "${missing_optional[@]}" || echo "going on without: ${missing_optional[*]}" >&2
fi
