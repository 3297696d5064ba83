#!/usr/bin/env bash
# lifeboat and restic in turn in a repository of millions of blobs: what it costs to open it, and to go through all of it.
#
#   bench/large-index.sh [--markdown]
#
# How it measures:
#   1. A repository is made by BLOBS / 50,000 backups of 50,000 files of 64 random bytes that all change each time: as many blobs as a
#      repository of a few terabytes has, in a gigabyte and a half. REPOSITORY names a place where it is kept for the next time.
#   2. Each row runs both programs, one after the other, on copies of the same repository (hard links; a stored file never changes).
#      restic has its cache, filled by an untimed run.
#   3. /usr/bin/time gives user + system seconds and the peak resident set; wall time is the shell's clock around it.
#
# Rows: snapshots, one-file (a backup of one new file), ls, check (the structure, not the data), prune-dry-run, prune (half of the snapshots gone).
# Environment: LIFEBOAT and RESTIC (programs), BLOBS (5000000), ROUNDS (3), ROWS, REPOSITORY, BENCH_DIR (3 GB × BLOBS / 5,000,000 free).
#
# Not promised: what a disk that seeks adds. The blobs are small, so there are few packs.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/ground.sh"
blobs=${BLOBS:-5000000} rounds=${ROUNDS:-3} style=plain
read -r -a rows <<<"${ROWS:-snapshots one-file ls check prune-dry-run prune}"


case "${1:-}" in
    --markdown) style=markdown ;;
    -h|--help) sed -n '2,19s/^# \{0,1\}//p' "$0"; exit 0 ;;
    '') ;;
    *) stop "unknown argument $1" "bench/large-index.sh --help" ;;
esac

find_programs
make_ground
results=$work/results.tsv
export XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state XDG_DATA_HOME=$work/data
mkdir -p "$work/one"

run() { "$@" >"$work/output" 2>&1 </dev/null || { tail -n 20 "$work/output" >&2; stop "\`$*\` failed"; }; }

# --- the repository ----------------------------------------------------------------------------------------------------------------

repository=${REPOSITORY:-$work/repository}
make_repository() {
    local source count number
    [ ! -e "$repository/.complete" ] || return 0
    note "making a repository of $blobs blobs …"
    source=$(mktemp -d -p "$([ -d /dev/shm ] && echo /dev/shm || echo "$work")" lifeboat-bench.XXXXXX)
    trap 'rm -rf "$source"; finish' EXIT
    run "$lifeboat" repository init --repo "$repository" --password-file "$password"
    count=$((blobs / 50000))
    for ((number = 1; number <= count; number++)); do
        perl -e 'my ($root, $seed) = @ARGV; srand $seed;
            for my $folder (0 .. 499) {
                mkdir "$root/$folder";
                for my $file (0 .. 99) {
                    open my $out, ">:raw", "$root/$folder/$file" or die "cannot write: $!\n";
                    print {$out} pack "L16", map { int rand 4294967296 } 1 .. 16;
                }
            }' "$source" "$number"
        run "$lifeboat" backup files "$source" --repo "$repository" --password-file "$password" --host bench
        [ $((number % 10)) -ne 0 ] || note "$number of $count"
    done
    rm -rf "$source"
    trap finish EXIT
    touch "$repository/.complete"
}

# --- one program, one action -------------------------------------------------------------------------------------------------------

# command_of PROGRAM ROW REPOSITORY: the words to run, in the array `words`.
command_of() {
    local access=(--repo "$3" --password-file "$password")
    if [ "$1" = lifeboat ]; then words=("$lifeboat"); else words=("$restic" "${access[@]}"); fi
    case "$1 $2" in
        *\ snapshots) words+=(snapshots) ;;
        lifeboat\ one-file) words+=(backup files "$work/one") ;;
        restic\ one-file) words+=(backup "$work/one") ;;
        *\ ls) words+=(ls latest) ;;
        *\ check) words+=(check) ;;
        *\ prune-dry-run) words+=(prune --dry-run) ;;
        *\ prune) words+=(forget --keep-last $((blobs / 100000)) --group-by '' --prune) ;;
    esac
    [ "$1" = restic ] || words+=("${access[@]}")
}

# measure ROW PROGRAM: one line of results.
measure() {
    local row=$1 program=$2 copy=$work/copy words started ended
    rm -rf "$copy"
    cp -al "$repository" "$copy"
    [ "$program" = lifeboat ] || run "$restic" --repo "$copy" --password-file "$password" list blobs
    head -c 1000 /dev/urandom >"$work/one/file"
    command_of "$program" "$row" "$copy"
    sync
    started=$EPOCHREALTIME
    run "$clock" -f '%U %S %M' -o "$work/usage" -- "${words[@]}"
    ended=$EPOCHREALTIME
    read -r user system peak <<<"$(tail -n 1 "$work/usage")"
    awk -v row="$row" -v program="$program" -v from="$started" -v to="$ended" -v cpu="$user" -v kernel="$system" -v peak="$peak" \
        'BEGIN { printf "%s\t%s\t%.3f\t%.2f\t%.0f\n", row, program, to - from, cpu + kernel, peak / 1024 }' >>"$results"
}

# --- the table ---------------------------------------------------------------------------------------------------------------------

median() { awk -F '\t' -v row="$1" -v program="$2" -v column="$3" '$1 == row && $2 == program { print $column }' "$results" | sort -n |
    awk '{ v[NR] = $1 } END { print (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) }'; }

table() {
    local row
    [ "$style" = plain ] || printf '| row | wall s (lifeboat / restic) | ratio | cpu s | peak MB |\n|---|---|---|---|---|\n'
    for row in "${rows[@]}"; do
        local ours theirs
        ours=$(median "$row" lifeboat 3) theirs=$(median "$row" restic 3)
        printf '| %s | %.2f / %.2f | %.2f× | %.2f / %.2f | %.0f / %.0f |\n' "$row" "$ours" "$theirs" "$(awk "BEGIN { print $theirs / $ours }")" \
            "$(median "$row" lifeboat 4)" "$(median "$row" restic 4)" "$(median "$row" lifeboat 5)" "$(median "$row" restic 5)"
    done
}

make_repository
: >"$results"
for ((round = 1; round <= rounds; round++)); do
    for row in "${rows[@]}"; do
        note "round $round: $row"
        if ((round % 2)); then order=(lifeboat restic); else order=(restic lifeboat); fi
        for program in "${order[@]}"; do measure "$row" "$program"; done
    done
done
[ -z "${RESULTS:-}" ] || cp "$results" "$RESULTS"
table
