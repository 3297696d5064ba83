// PruneReport: what pruning freed.

import Bytes
import Operations
import Upkeep

enum PruneReport {
    static func print(_ outcome: PruneRepository.Outcome, _ output: OutputOptions) {
        if output.json { Console.out(json(outcome)) } else if !output.quiet { printResult(outcome) }
    }

    static func printResult(_ outcome: PruneRepository.Outcome) {
        guard let executed = outcome.executed else { return Console.out("dry run: nothing was changed") }
        Console.out(
            "freed \(ByteCount(outcome.statistics.freedByteCount)): \(Counted.text(executed.deletedPackCount, "pack")) deleted, \(outcome.statistics.repackedPackCount) of them rewritten"
        )
        if executed.undeletedPackCount > 0 {
            Console.warning("\(executed.undeletedPackCount) packs could not be deleted; the next prune tries again")
        }
    }

    private static func json(_ outcome: PruneRepository.Outcome) -> String {
        let statistics = outcome.statistics
        return JSONLine("summary")
            .bool("dry_run", outcome.executed == nil, omitFalse: true)
            .number("used_blobs", UInt64(statistics.usedBlobCount)).number("used_bytes", statistics.usedByteCount)
            .number("unused_blobs", UInt64(statistics.unusedBlobCount)).number("unused_bytes", statistics.unusedByteCount)
            .number("duplicate_blobs", UInt64(statistics.duplicateBlobCount)).number("duplicate_bytes", statistics.duplicateByteCount)
            .number("packs_kept", UInt64(statistics.keptPackCount)).number("packs_repacked", UInt64(statistics.repackedPackCount))
            .number("packs_removed", UInt64(statistics.removedPackCount + statistics.unindexedPackCount))
            .number("freed_bytes", statistics.freedByteCount).number("remaining_unused_bytes", statistics.remainingUnusedByteCount)
            .text
    }
}
