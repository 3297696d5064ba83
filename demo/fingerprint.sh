#!/usr/bin/env bash
# Prints everything a restore of the sample application must bring back, one fact a line, in an order that depends on nothing else.
# Two applications are identical exactly if `diff` finds no difference between their fingerprints.
#
#   demo/fingerprint.sh DIRECTORY [database|files|config]...     (all three unless named)
#   demo/fingerprint.sh --database FILE                          (a database file wherever it lies)
#
#   table     every table: number of rows, SHA3-256 over all rows with their types (generated columns too)
#   schema    every table, index, view, trigger as SQL, and the file's settings (application_id, user_version, WAL …)
#   entry     every path with its type, mode, owner:group, modification time in ns, size (files), target (links)
#   content   SHA-256 of every file
#   hardlink  paths that are the same file
#   xattr     extended attributes, access lists among them
#
# Not in it: ctime, inode numbers, the time of database.sqlite and its pages (an SQLite database is its rows).
# It only reads, and leaves the -wal file as it is.
set -euo pipefail
export LC_ALL=C

file_roots=(storage/app public/uploads)
config_roots=(.env config)

# Runs one query without ever checkpointing or creating anything.
query() { sqlite3 -batch -bail -readonly "$1" '.dbconfig no_ckpt_on_close on' "$2" | grep -v '^ *no_ckpt_on_close' || true; }

# One SELECT per table, written by SQLite itself, so that no table can be forgotten.
table_queries() {
    query "$1" "SELECT printf('SELECT ''table %w rows='' || (SELECT count(*) FROM \"%w\") || '' sha3='' ||
                              lower(hex(sha3_query(''SELECT * FROM \"%w\" NOT INDEXED'', 256)));', name, name, replace(name, '''', ''''''))
                FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%' ORDER BY name"
}

fingerprint_database() {
    local file=$1 verdict
    [ -f "$file" ] || { echo "missing database"; return; }
    verdict=$(sqlite3 -batch -bail -readonly "$file" 'PRAGMA integrity_check' 2>&1 | head -n 1) || true
    if [ "$verdict" != ok ]; then echo "database cannot be read: $verdict"; return; fi
    echo "database integrity_check=ok foreign_key_violations=$(query "$file" 'PRAGMA foreign_key_check' | wc -l)"
    query "$file" "SELECT printf('schema application_id=%d', application_id) FROM pragma_application_id"
    query "$file" "SELECT printf('schema user_version=%d', user_version) FROM pragma_user_version"
    query "$file" "SELECT 'schema encoding=' || encoding FROM pragma_encoding"
    echo "schema journal_mode=$(query "$file" 'PRAGMA journal_mode')"
    query "$file" "SELECT 'schema ' || type || ' ' || name || ' sha3=' || lower(hex(sha3(coalesce(sql, ''), 256))) FROM sqlite_schema ORDER BY type, name"
    query "$file" "$(table_queries "$file")"
}

# NUL-ended records to lines; a line feed in a name becomes \n, a backslash \\, as sha256sum writes them.
as_lines() { sed -z -e 's/\\/\\\\/g' -e 's/\n/\\n/g' | tr '\0' '\n'; }

fingerprint_paths() {
    local root present=()
    for root in "$@"; do if [ -e "$root" ]; then present+=("$root"); else echo "missing $root"; fi; done
    [ ${#present[@]} -gt 0 ] || return 0
    find "${present[@]}" \( -type f -printf 'entry %p\tf %m %U:%G %T@ %s\0' \) -o \( -type l -printf 'entry %p\tl %m %U:%G %T@ -> %l\0' \) \
        -o -printf 'entry %p\t%y %m %U:%G %T@\0' | sort -z | as_lines
    find "${present[@]}" -type f -print0 | sort -z | xargs -0 -r sha256sum -- | sed 's/^\\\{0,1\}/content /'
    find "${present[@]}" -type f -links +1 -printf '%i %p\0' | sort -z -k 2 | as_lines | first_of_each_inode
    if type -P getfattr >/dev/null; then
        find "${present[@]}" -print0 | sort -z | xargs -0 -r getfattr -h -d -m - -e hex --absolute-names -- 2>/dev/null | attribute_lines
    fi
}

# Input: "INODE PATH"; output: every further path of an inode beside its first one. Inode numbers themselves mean nothing.
first_of_each_inode() {
    awk '{ inode = $1; path = substr($0, length(inode) + 2) }
         inode in first { print "hardlink " path " = " first[inode]; next } { first[inode] = path }'
}

# getfattr prints "# file: PATH", then its attributes in the file system's order, then an empty line.
attribute_lines() { awk '/^# file: / { path = substr($0, 9); next } NF { print "xattr " path " " $0 }' | sort; }

if [ "${1:-}" = --database ]; then fingerprint_database "${2:?--database needs a file}"; exit; fi
directory=${1:?usage: fingerprint.sh DIRECTORY [database|files|config]...}; shift
parts=("$@"); [ ${#parts[@]} -gt 0 ] || parts=(database files config)
cd "$directory"
for part in "${parts[@]}"; do
    case "$part" in
        database)
            fingerprint_database database/database.sqlite
            find database/database.sqlite -printf 'entry %p\t%y %m %U:%G\n' 2>/dev/null || true ;;
        files) fingerprint_paths "${file_roots[@]}" ;;
        config) fingerprint_paths "${config_roots[@]}" ;;
        *) echo "error: '$part' is no part of the application: database, files, config" >&2; exit 64 ;;
    esac
done
