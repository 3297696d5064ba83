#!/usr/bin/env bash
# The main job, in front of your eyes: a school's management system is backed up for some days, loses everything, comes back, and
# every row, byte, mode and time is compared. `make demo` builds lifeboat and runs this.
#
#   LIFEBOAT=path/to/lifeboat demo/run.sh        KEEP=1 keeps the files, NO_COLOR=1 and pipes get plain text
#
#   1. Make the sample application (make-school.sh).            5. Disaster: garbage over the database, files and .env gone.
#   2. lifeboat init, backup, status.                           6. lifeboat restore all --force, with a stopwatch.
#   3. Two more school days, a backup after each.               7. Compare the fingerprints of before and after.
#   4. lifeboat verify, history, snapshots.                     8. The same snapshots through stock restic, if there is one.
#
# Exit 0 only if nothing differs. The files live in a fresh temporary directory; nothing outside it is touched.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=${LIFEBOAT:-$here/../.build/release/lifeboat}
students=${STUDENTS:-2400}
demo_started=$EPOCHREALTIME

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' blue=$'\e[36m' plain=$'\e[0m'
else
    bold='' dim='' green='' red='' blue='' plain=''
fi

chapter() { printf '\n%s── %s%s\n' "$bold" "$1" "$plain"; }
say() { printf '%s%s%s\n' "$dim" "$*" "$plain"; }
lose() { printf '\n%s%s✗ NOT PROVED: %s%s\n' "$bold" "$red" "$*" "$plain"; keep=1; exit 1; }
seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'; }

# Shows a command, runs it, and stops the demo if it fails.
run() {
    printf '\n%s$ %s%s\n' "$blue" "$*" "$plain"
    local status=0
    "$@" || status=$?
    [ "$status" = 0 ] || lose "\`$*\` ended with exit status $status"
}

[ -x "$program" ] || { echo "error: there is no program at '$program'; run \`make build\` or set LIFEBOAT" >&2; exit 1; }
for needed in sqlite3 perl; do
    type -P "$needed" >/dev/null || { echo "error: the demo needs $needed; run scripts/install-packages.sh demo" >&2; exit 1; }
done

keep=${KEEP:-}
place=$(mktemp -d "${TMPDIR:-/tmp}/lifeboat-demo.XXXXXX")
place=$(cd "$place" && pwd -P)
farewell() {
    if [ -n "$keep" ]; then printf '\nThe files are kept in %s\n' "$place"; else chmod -R u+rwX "$place" 2>/dev/null || true; rm -rf "$place"; fi
}
trap farewell EXIT
trap 'exit 130' INT TERM

# The commands must be the ones a person would type, and nothing of this user's own configuration may leak in.
mkdir "$place/bin" "$place/home"
ln -s "$(cd "$(dirname "$program")" && pwd -P)/$(basename "$program")" "$place/bin/lifeboat"
export PATH="$place/bin:$PATH" HOME="$place/home" XDG_CONFIG_HOME="$place/home/config" XDG_CACHE_HOME="$place/home/cache"
export XDG_DATA_HOME="$place/home/data" XDG_STATE_HOME="$place/home/state"
unset "${!LIFEBOAT_@}" "${!RESTIC_@}"
school=$place/school

fingerprint() { "$here/fingerprint.sh" "$school" >"$place/$1"; }
rows() { awk '$1 == "table" { sub("rows=", "", $3); n += $3 } END { print n }' "$place/$1"; }
count() { grep -a -c "^$1" "$place/$2" || true; }

chapter "A school"
"$here/make-school.sh" "$school" --students "$students"
fingerprint first-day
say "A Laravel application with an SQLite database in WAL mode: $(count table first-day) tables, $(rows first-day) rows,"
say "$(count content first-day) files in storage/app, public/uploads, config and .env, some with names, modes and times that are hard to keep."
say "It is open for business: the newest rows are still in database.sqlite-wal, where copying the .sqlite file would miss them."

chapter "Put it under protection"
cd "$school"
run lifeboat init --app . --repository ../backup --password-file ../sms.key --yes --no-backup
run lifeboat backup
run lifeboat status

for day in 1 2; do
    chapter "School day $day"
    "$here/one-school-day.sh" "$school" "$day"
    fingerprint "day-$day"
    say "$(diff "$place/$([ "$day" = 1 ] && echo first-day || echo day-1)" "$place/day-$day" | grep -a -c '^[<>]') facts changed since yesterday; $(rows "day-$day") rows now."
    run lifeboat backup
done

chapter "Is it really in there?"
run lifeboat verify --read-data 100%
run lifeboat history
run lifeboat snapshots

chapter "Disaster"
fingerprint before
cmp -s "$place/day-2" "$place/before" || lose "a backup, verify or list changed the application itself: $(diff "$place/day-2" "$place/before" | grep -a '^[<>]' | head -n 3)"
say "Somebody's script overwrites the database, deletes the uploads, half of the storage, the configuration and .env."
head -c 3000000 /dev/urandom >database/database.sqlite
rm -rf public/uploads storage/app/private/scans storage/app/private/shared .env config
find storage/app -name '*.csv' -exec sh -c 'for file; do echo ransom >"$file"; chmod 777 "$file"; done' sh {} +
fingerprint after-disaster
printf '%s' "$red"; grep -a -E '^(database|missing)' "$place/after-disaster" || true; printf '%s' "$plain"
say "$(diff "$place/before" "$place/after-disaster" | grep -a -c '^<') of $(wc -l <"$place/before") facts are lost."

chapter "Recovery"
recovery_started=$EPOCHREALTIME
run lifeboat restore all --force
recovery_seconds=$(seconds_since "$recovery_started")

chapter "Proof"
fingerprint after
if ! diff -a "$place/before" "$place/after" >"$place/differences"; then
    head -n 20 "$place/differences"
    lose "$(grep -a -c '^[<>]' "$place/differences") differences between before and after; the first are above"
fi
say "Every table's rows and schema, every path's bytes, mode, owner, time, links and attributes: $(wc -l <"$place/after") facts compared, no difference."
say "fingerprint before: $(sha256sum <"$place/before" | cut -c 1-32)   after: $(sha256sum <"$place/after" | cut -c 1-32)"

run lifeboat status

# The way out: the repository is in the open restic format, so the same data must come back without any lifeboat.
without_lifeboat() {
    export RESTIC_CACHE_DIR=$place/home/restic-cache
    mkdir "$RESTIC_CACHE_DIR"
    run restic -r ../backup --password-file ../sms.key check --read-data --quiet
    local source found
    for source in database files config; do
        run restic -r ../backup --password-file ../sms.key restore latest --tag "source=$source" --target "../by-restic/$source" --quiet
    done
    for source in files config; do
        local landmark; case "$source" in files) landmark=public/uploads ;; config) landmark=.env ;; esac
        found=$(find "../by-restic/$source" -path "*/$landmark" -print -quit)
        [ -n "$found" ] || lose "restic restored no $source"
        found=${found%"/$landmark"}
        diff -a <("$here/fingerprint.sh" . "$source") <("$here/fingerprint.sh" "$found" "$source") >"$place/differences" ||
            { head -n 20 "$place/differences"; lose "restic restores other $source than lifeboat"; }
    done
    found=$(find ../by-restic/database -type f -exec sh -c 'head -c 15 "$1" | grep -q "^SQLite format 3"' sh {} \; -print -quit)
    [ -n "$found" ] || lose "restic restored no SQLite database"
    diff -a <("$here/fingerprint.sh" --database database/database.sqlite) <("$here/fingerprint.sh" --database "$found") >"$place/differences" ||
        { head -n 20 "$place/differences"; lose "restic restores another database than lifeboat"; }
    say "Stock restic $(restic version | awk '{ print $2 }') reads the repository and restores the same rows and files, without lifeboat."
}

chapter "And without lifeboat"
if type -P restic >/dev/null; then without_lifeboat; else say "(restic is not installed here; with it, this part restores the same snapshots with stock restic)"; fi

printf '\n%s%s✓ PROVED: %s rows and %s files came back identical in %s s.%s  %s(whole demo: %s s)%s\n' \
    "$bold" "$green" "$(rows after)" "$(count content after)" "$recovery_seconds" "$plain" "$dim" "$(seconds_since "$demo_started")" "$plain"
