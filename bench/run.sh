#!/usr/bin/env bash
# lifeboat and restic in turn on the same data: time, processor, memory, repository size. `make bench` builds lifeboat and runs this.
#
#   bench/run.sh [--markdown] [ROW]...
#
# Rows: first-large first-small unchanged-large unchanged-small one-changed restore-large restore-small check prune (all unless named;
# what a row needs before it is done untimed).
#
# How it measures:
#   1. Data are generated (make-data.pl): 3 GB of large files, 40,000 small files. Read once, so that the page cache is warm.
#   2. Each round starts with fresh repositories and caches. Each row runs both programs, one after the other, and every round swaps
#      which goes first. `sync` before each run: nobody pays for the other's dirty pages.
#   3. /usr/bin/time gives user + system seconds and the peak resident set; wall time is the shell's clock around it.
#   4. The table holds medians over the rounds; ratio = restic / lifeboat, above 1 lifeboat is better.
#   5. Once, in the first round, every restored tree is compared with its source (diff -r, modes, times): a fast wrong answer is an error.
#
# Environment: LIFEBOAT and RESTIC (programs), ROUNDS (3), SCALE (1; 0.1 for a quick look), ROWS ("check prune"), DATA (keep and reuse the data there),
# BENCH_DIR (a directory with 15 GB × SCALE free; default a fresh one in /var/tmp), RESULTS (file for every single measurement, tab-separated).
#
# Not promised: that a shared or throttled machine gives the same numbers twice. Look at the ratios, and at the spread in RESULTS.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/ground.sh"
rounds=${ROUNDS:-3} scale=${SCALE:-1} style=plain
all_rows=(first-large first-small unchanged-large unchanged-small one-changed restore-large restore-small check prune)
read -r -a rows <<<"${ROWS:-}"


while [ $# -gt 0 ]; do
    case "$1" in
        --markdown) style=markdown ;;
        -h|--help) sed -n '2,24s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) stop "unknown option $1" "bench/run.sh --help" ;;
        *) rows+=("$1") ;;
    esac
    shift
done
[ ${#rows[@]} -gt 0 ] || rows=("${all_rows[@]}")
for row in "${rows[@]}"; do
    [[ " ${all_rows[*]} " == *" $row "* ]] || stop "there is no row '$row'" "the rows are: ${all_rows[*]}"
done

find_programs
make_ground
results=${RESULTS:-$work/results.tsv}
: >"$results"

# --- data --------------------------------------------------------------------------------------------------------------------------

data=${DATA:-$work/data}
prepare_data() {
    if [ "$(cat "$data/.complete" 2>/dev/null)" != "$scale" ]; then
        [ ! -e "$data/large" ] || stop "'$data' holds data of another scale" "remove it, or set DATA to another directory"
        note "making the data: 3 GB and 40,000 files, times $scale …"
        mkdir -p "$data"
        perl "$here/make-data.pl" "$data" "$scale"
        echo "$scale" >"$data/.complete"
    fi
    data=$(cd "$data" && pwd -P)
    changed_file=$(find "$data/small" -type f | sort | sed -n 1p)
    changed_file_byte_count=$(stat -c %s "$changed_file")
    note "reading everything once, for a warm cache …"
    cat "$data"/large/* >/dev/null
    find "$data/small" -type f -exec cat {} + >/dev/null
}

# --- one program, one action -------------------------------------------------------------------------------------------------------

# command_of PROGRAM ACTION REPOSITORY [PATH]: the words to run, in the array `words`.
command_of() {
    local program=$1 action=$2 repository=$3 path=${4:-}
    if [ "$program" = lifeboat ]; then
        local access=(--repo "$repository" --password-file "$password")
        case "$action" in
            init) words=("$lifeboat" repository init "${access[@]}") ;;
            backup) words=("$lifeboat" backup files "$path" "${access[@]}") ;;
            restore) words=("$lifeboat" restore files "${access[@]}" --snapshot latest --target "$path") ;;
            check) words=("$lifeboat" check --read-data "${access[@]}") ;;
            prune) words=("$lifeboat" forget --keep-last 1 --prune "${access[@]}") ;;
        esac
    else
        words=("$restic" --repo "$repository" --password-file "$password")
        case "$action" in
            init) words+=(init --repository-version 2) ;;
            backup) words+=(backup "$path") ;;
            restore) words+=(restore latest --target "$path") ;;
            check) words+=(check --read-data) ;;
            prune) words+=(forget --keep-last 1 --prune) ;;
        esac
    fi
}

# Runs it with this round's own caches; the output is shown only when it fails.
act() {
    local words cache=$work/cache-$1
    command_of "$@"
    mkdir -p "$cache"
    XDG_CACHE_HOME=$cache XDG_STATE_HOME=$cache/state XDG_DATA_HOME=$cache/data "${timer[@]}" "${words[@]}" >"$work/output" 2>&1 </dev/null || {
        tail -n 20 "$work/output" >&2
        stop "\`${words[*]}\` failed"
    }
}

timer=()
untimed() { timer=(); act "$@"; }

# timed ROW PROGRAM ACTION REPOSITORY [PATH]: one line of results.
timed() {
    local row=$1 program=$2 started ended; shift
    sync
    timer=("$clock" -f '%U %S %M' -o "$work/usage" --)
    started=$EPOCHREALTIME
    act "$@"
    ended=$EPOCHREALTIME
    timer=()
    read -r user system peak <"$work/usage"
    awk -v row="$row" -v program="$program" -v round="$round" -v wall_from="$started" -v wall_to="$ended" -v user="$user" -v kernel="$system" \
        -v peak="$peak" -v size="$(du -sb "$3" | cut -f 1)" 'BEGIN {
            printf "%s\t%s\t%d\t%.3f\t%.2f\t%.1f\t%.1f\n", row, program, round, wall_to - wall_from, user + kernel, peak / 1024, size / 1e6
        }' >>"$results"
    tail -n 1 "$results" | awk '{ printf "  %-16s %-9s round %d  %8.2f s  %8.2f cpu s  %7.0f MB peak\n", $1, $2, $3, $4, $5, $6 }' >&2
}

# --- states a row starts from (untimed unless the row is the state) ------------------------------------------------------------------

# Each repository remembers in a file beside it which version of its data it holds.
repository() { echo "$work/repository-$1-$2"; }

ensure_repository() {
    local place; place=$(repository "$1" "$2")
    [ -e "$place" ] || untimed "$1" init "$place"
}

ensure_backup() {
    local place; place=$(repository "$1" "$2")
    ensure_repository "$1" "$2"
    if [ "$(cat "$place.holds" 2>/dev/null)" != "${version[$2]}" ]; then
        untimed "$1" backup "$place" "$data/$2"
        echo "${version[$2]}" >"$place.holds"
    fi
}

timed_backup() {
    local place; place=$(repository "$2" "$3")
    timed "$1" "$2" backup "$place" "$data/$3"
    echo "${version[$3]}" >"$place.holds"
}

# The restored tree must be the source: contents, types, modes, times. Where the program put it below the target is its own affair.
compare_restored() {
    local program=$1 kind=$2 target=$3 found
    found=$(find "$target" -type d -name "$kind" -print -quit)
    [ -n "$found" ] || stop "$program restored nothing that is called '$kind'"
    diff -r --no-dereference "$data/$kind" "$found" >"$work/difference" || { head "$work/difference" >&2; stop "$program restored other contents than the source's"; }
    diff <(cd "$data/$kind" && find . -printf '%p %y %m %T@ %l\n' | sort) <(cd "$found" && find . -printf '%p %y %m %T@ %l\n' | sort) >"$work/difference" ||
        { head "$work/difference" >&2; stop "$program restored other modes or times than the source's"; }
}

timed_restore() {
    local row=$1 program=$2 kind=$3 target=$work/restored
    ensure_backup "$program" "$kind"
    timed "$row" "$program" restore "$(repository "$program" "$kind")" "$target"
    [ "$round" != 1 ] || compare_restored "$program" "$kind" "$target"
    rm -rf "$target"
}

# A repository of which half is garbage: everything saved once, then every second file deleted and saved again.
timed_prune() {
    local program=$1 tree=$work/half place
    place=$(repository "$program" half)
    cp -al "$data/large" "$tree"
    cp -al "$data/small" "$tree/small"
    ensure_repository "$program" half
    untimed "$program" backup "$place" "$tree"
    find "$tree" -type f | sort | awk 'NR % 2' | tr '\n' '\0' | xargs -0 rm
    untimed "$program" backup "$place" "$tree"
    timed prune "$program" prune "$place"
    rm -rf "$tree" "$place"
}

# --- rows ----------------------------------------------------------------------------------------------------------------------------

declare -A version
run_row() {
    local row=$1 program=$2
    case "$row" in
        first-*) ensure_repository "$program" "${row#first-}"; timed_backup "$row" "$program" "${row#first-}" ;;
        unchanged-*) ensure_backup "$program" "${row#unchanged-}"; timed_backup "$row" "$program" "${row#unchanged-}" ;;
        one-changed) timed_backup "$row" "$program" small ;;
        restore-*) timed_restore "$row" "$program" "${row#restore-}" ;;
        check) ensure_backup "$program" large; timed check "$program" check "$(repository "$program" large)" ;;
        prune) timed_prune "$program" ;;
    esac
}

run_round() {
    local row program order=(lifeboat restic)
    [ $((round % 2)) = 1 ] || order=(restic lifeboat)
    rm -rf "$work"/repository-* "$work"/cache-*
    truncate -s "$changed_file_byte_count" "$changed_file"
    version=([large]=1 [small]=1)
    for row in "${all_rows[@]}"; do
        [[ " ${rows[*]} " == *" $row "* ]] || continue
        if [ "$row" = one-changed ]; then
            for program in "${order[@]}"; do ensure_backup "$program" small; done
            echo "changed in round $round" >>"$changed_file"
            version[small]=2
        fi
        for program in "${order[@]}"; do run_row "$row" "$program"; done
    done
    truncate -s "$changed_file_byte_count" "$changed_file"
}

# --- report --------------------------------------------------------------------------------------------------------------------------

describe_machine() {
    printf 'lifeboat: %s\n' "$("$lifeboat" version 2>/dev/null | head -n 1 || true)"
    printf 'restic: %s\n' "$("$restic" version | head -n 1)"
    printf 'machine: %s, %s cores, %s memory, Linux %s, %s on %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
        "$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo)" "$(uname -r)" "$(stat -f -c %T "$work")" "$(date -u +%F)"
    printf 'data: %s of large files, %s small files (%s); medians of %s rounds; ratio = restic / lifeboat\n' \
        "$(du -sb "$data/large" | awk '{ printf "%.2f GB", $1 / 1e9 }')" "$(find "$data/small" -type f | wc -l)" \
        "$(du -sb "$data/small" | awk '{ printf "%.0f MB", $1 / 1e6 }')" "$rounds"
}

# row, then lifeboat / restic / ratio for wall, cpu, peak and repository size.
table() {
    awk -F '\t' -v order="${all_rows[*]}" -v style="$style" '
        function median(key, column,    list, n, i, j, t) {
            n = split(values[key, column], list, " ")
            for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] + 0 > list[j] + 0; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
            return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
        }
        function cell(row, column, digits,    a, b) {
            a = median(row SUBSEP "lifeboat", column); b = median(row SUBSEP "restic", column)
            return sprintf("%.*f / %.*f%s%s", digits, a, digits, b, separator, a > 0 ? sprintf("%.2f×", b / a) : "-")
        }
        { for (c = 4; c <= 7; c++) values[$1 SUBSEP $2, c] = values[$1 SUBSEP $2, c] " " $c; seen[$1] = 1 }
        END {
            separator = style == "markdown" ? " | " : "\t"
            head = "row" separator "wall s (lifeboat / restic)" separator "ratio" separator "cpu s" separator "ratio" separator "peak MB" separator "ratio" separator "repository MB" separator "ratio"
            if (style == "markdown") { print "| " head " |"; print "|---|---|---|---|---|---|---|---|---|" } else print head
            n = split(order, names, " ")
            for (i = 1; i <= n; i++) {
                row = names[i]; if (!seen[row]) continue
                line = row separator cell(row, 4, 2) separator cell(row, 5, 2) separator cell(row, 6, 0) separator cell(row, 7, 1)
                print style == "markdown" ? "| " line " |" : line
            }
        }' "$results" | if [ "$style" = plain ]; then awk -F '\t' '{ printf "%-16s %-27s %8s  %-17s %8s  %-13s %8s  %-17s %8s\n", $1, $2, $3, $4, $5, $6, $7, $8, $9 }'; else cat; fi
}

prepare_data
for ((round = 1; round <= rounds; round++)); do note "round $round of $rounds"; run_round; done
if [ "$style" = markdown ]; then describe_machine | sed 's/^/- /'; echo; else describe_machine; echo; fi
table
