#!/bin/bash
# sanitize.sh: the engine's tests under ThreadSanitizer and AddressSanitizer, each in a build of its own.
#
#   SANITIZERS="thread"      instead of both
#   FILTER=UpkeepTests       instead of the rooms below
#
# Tests that run other programs (interop, product, databases) find nothing here that these do not: the processes they start are not
# instrumented. Leaks are not looked for: Swift's runtime keeps what it has once made.
set -euo pipefail
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
filter=${FILTER:-"BytesTests|HostOSTests|CodecsTests|RepositoryFormatTests|StoresTests|RepositoryEngineTests|FileTreesTests|ArchivingTests|UpkeepTests"}
export LIFEBOAT_ENGINE_ONLY=1
for sanitizer in ${SANITIZERS:-thread address}; do
  place=.build/$sanitizer
  "$swift" build -c release --build-tests --sanitize="$sanitizer" --scratch-path "$place"
  # Run directly: what is preloaded is meant for the tests alone.
  tests=$(echo "$place"/release/*PackageTests.xctest)
  if [ "$sanitizer" = thread ]; then
    "${CLANG:-$(dirname "$(readlink -f "$(command -v "$swift")")")/clang}" -O2 -shared -fPIC -o "$place/tsan-mutex.so" scripts/tsan-mutex.c -ldl
    LD_PRELOAD="$PWD/$place/tsan-mutex.so" TSAN_OPTIONS="exitcode=66 report_thread_leaks=0 suppressions=$PWD/scripts/tsan-suppressions.txt" "$tests" --testing-library swift-testing --filter "$filter"
  else
    ASAN_OPTIONS="detect_leaks=0" "$tests" --testing-library swift-testing --filter "$filter"
  fi
done
