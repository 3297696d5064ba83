#!/usr/bin/env bash
# Makes a folder in which a real MySQL 9 server and its clients can be run by chroot, for the tests that need one.
#
#   scripts/mysql-root.sh [FOLDER]        default: $LIFEBOAT_MYSQL_ROOT, else /var/cache/lifeboat-test/mysql
#
#   1. There already: say where, exit 0.
#   2. Else debootstrap Debian's unstable suite from the mirror that apt uses, with mysql-server-core and mysql-client-core only
#      (650 MB, about a minute), beside the folder, and rename it when it is whole.
#   3. Not root, no Debian mirror, no network: say why, exit 1. The tests then say that they did not run.
set -euo pipefail

folder=${1:-${LIFEBOAT_MYSQL_ROOT:-/var/cache/lifeboat-test/mysql}}

stop() { echo "error: cannot make a root with MySQL: $1" >&2; exit 1; }

if [ -x "$folder/usr/sbin/mysqld" ]; then echo "$folder"; exit 0; fi
[ "$(id -u)" = 0 ] || stop "only root may (it uses chroot)"
command -v apt-get >/dev/null || stop "there is no apt-get on this system"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1 || true)
[ -n "$mirror" ] || stop "apt has no Debian mirror"
command -v debootstrap >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap >/dev/null \
    || stop "debootstrap cannot be installed"

mkdir -p "$(dirname "$folder")"
fresh="$folder.making-$$"
trap 'rm -rf "$fresh"' EXIT
debootstrap --variant=minbase --include=mysql-server-core,mysql-client-core sid "$fresh" "$mirror" >"$fresh.log" 2>&1 \
    || { tail -n 3 "$fresh.log" >&2; rm -f "$fresh.log"; stop "debootstrap failed"; }
rm -f "$fresh.log"
chroot "$fresh" id mysql >/dev/null 2>&1 || chroot "$fresh" useradd --system --no-create-home mysql
mv -T "$fresh" "$folder" 2>/dev/null || [ -x "$folder/usr/sbin/mysqld" ] || stop "'$folder' is in the way"
echo "$folder"
