#!/bin/bash
# fuzz.sh: libFuzzer on every entry of Sources/FuzzTargets, one after the other.
#
#   FUZZ_SECONDS=60     for each
#   TARGETS="tree zstd" instead of all
#
# What a run finds interesting is kept in .build/fuzz-corpus and used by the next one. An input that traps, breaks a law, takes more than
# 10 seconds or 2 GiB lands in .build/fuzz-found; once it is mended, the input belongs into Fuzzing/Seeds, where the tests run it for good.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
program=.build/fuzz/release/fuzz

# Every module is watched for new paths. gold cannot link what comes out.
${SWIFT:-swift} build -c release --package-path Fuzzing --scratch-path .build/fuzz --product fuzz -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld

mkdir -p .build/fuzz-found
failed=()
for target in ${TARGETS:-$("$program")}; do
  mkdir -p ".build/fuzz-corpus/$target"
  log=.build/fuzz-found/$target.log
  printf '%-18s' "$target"
  # The crash reports of Swift would keep libFuzzer from seeing the signal.
  if SWIFT_BACKTRACE=enable=no "$program" "$target" ".build/fuzz-corpus/$target" "Fuzzing/Seeds/$target" -max_total_time="$seconds" -max_len=65536 \
    -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1 -artifact_prefix=".build/fuzz-found/$target-" >"$log" 2>&1; then
    awk '/number_of_executed_units/ { runs = $2 } /peak_rss_mb/ { peak = $2 } / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cover = $(i + 1) }
      END { print runs " inputs, " cover " places, at most " peak " MiB" }' "$log"
  else
    echo "FOUND SOMETHING: $log"
    grep -E "Fatal error|ERROR: libFuzzer|Test unit written" "$log" | head -3 || true
    failed+=("$target")
  fi
done
[ ${#failed[@]} -eq 0 ] || { echo "error: ${failed[*]}" >&2; exit 1; }
