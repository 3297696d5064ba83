#!/usr/bin/env bash
# Lets one day pass in the sample application: new attendance, grades and payments, changed students; new, changed, renamed and
# deleted files; one edit in .env. The same day always brings the same changes.
#
#   demo/one-school-day.sh DIRECTORY DAY        (1, 2, 3 …, each once)
#
# The day's rows stay in the -wal file, as beside a running application: no checkpoint on close.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
application=${1:?usage: one-school-day.sh DIRECTORY DAY} day=${2:?usage: one-school-day.sh DIRECTORY DAY}
[[ $day =~ ^[1-9][0-9]{0,2}$ ]] || { echo "error: DAY is a number from 1 to 999, not '$day'" >&2; exit 64; }
[ -f "$application/database/database.sqlite" ] || { echo "error: there is no sample application in '$application'" >&2; exit 1; }

perl "$here/school/files.pl" "$application" "$day"
sqlite3 -batch -bail "$application/database/database.sqlite" -cmd '.timeout 10000' -cmd '.dbconfig no_ckpt_on_close on' \
    -cmd '.parameter init' -cmd ".parameter set :day $day" 'PRAGMA foreign_keys = ON' 'PRAGMA wal_autocheckpoint = 0' \
    ".read '$here/school/day.sql'" >/dev/null
printf 'LAST_SCHOOL_DAY=%s\n' "$day" >>"$application/.env"
