# What every benchmark here stands on; sourced, after `here` was set to this directory.
#
#   stop MESSAGE [HINT]   ends with an error
#   note MESSAGE          tells how far it is
#   find_programs         lifeboat, restic (LIFEBOAT and RESTIC, or the build and the PATH) and clock (GNU time), or stops
#   make_ground           bench (BENCH_DIR, or a fresh directory in /var/tmp), work below it, removed at the end, password: a file there

stop() { echo "error: $1" >&2; [ -z "${2:-}" ] || echo "hint: $2" >&2; exit 1; }

note() { printf '%s\n' "$*" >&2; }

find_programs() {
    lifeboat=${LIFEBOAT:-$here/../.build/release/lifeboat}
    restic=${RESTIC:-$(type -P restic || true)}
    clock=$(type -P time || true)
    [ -x "$lifeboat" ] || stop "there is no program at '$lifeboat'" "run \`make build\`, or set LIFEBOAT"
    [ -x "$restic" ] || stop "restic is not installed" "run scripts/install-packages.sh bench, or set RESTIC"
    [ -n "$clock" ] || stop "GNU time is not installed" "run scripts/install-packages.sh bench"
}

finish() { rm -rf "$work"; [ -n "${BENCH_DIR:-}" ] || rm -rf "$bench"; }

make_ground() {
    bench=${BENCH_DIR:-$(mktemp -d "${TMPDIR:-/var/tmp}/lifeboat-bench.XXXXXX")}
    mkdir -p "$bench"
    bench=$(cd "$bench" && pwd -P)
    work=$bench/run-$$
    mkdir "$work"
    trap finish EXIT
    trap 'exit 130' INT TERM
    unset "${!LIFEBOAT_@}" "${!RESTIC_@}"
    password=$work/password
    echo "a benchmark has no secrets" >"$password"
}
