// RetainReport: what `--clean-old` removed after a backup: one line.

import Bytes
import Journal
import Operations
import RepositoryFormat
import Upkeep

enum RetainReport {
    /// Prints it; the exit status if something could not be removed.
    static func print(_ outcome: AppRetain.Outcome, _ output: OutputOptions) -> FailureCode? {
        let forgotten = outcome.forgotten, dryRun = outcome.runID == nil
        for (id, message) in forgotten.failed { Console.warning("snapshot \(id.short) was not removed: \(message)") }
        if output.json { Console.out(json(outcome)) } else if !output.quiet { Console.out("  " + text(outcome, dryRun: dryRun)) }
        return forgotten.failed.isEmpty ? nil : .sourceIncomplete
    }

    private static func text(_ outcome: AppRetain.Outcome, dryRun: Bool) -> String {
        let removed = outcome.forgotten.removed.count
        if removed == 0 { return "nothing old to remove: \(Counted.text(outcome.keptCount, "snapshot")) kept" }
        let freed = outcome.forgotten.pruned.map { ", \(ByteCount($0.statistics.freedByteCount)) \(dryRun ? "would be freed" : "freed")" } ?? ""
        return "\(Counted.text(removed, "old snapshot")) \(dryRun ? "would be removed" : "removed"), \(outcome.keptCount) kept\(freed)"
    }

    private static func json(_ outcome: AppRetain.Outcome) -> String {
        let removed = outcome.forgotten.removed.map { "\"\($0.hex)\"" }
        return JSONLine("retention").string("run_id", outcome.runID?.text).bool("dry_run", outcome.runID == nil, omitFalse: true)
            .raw("removed", "[" + removed.joined(separator: ",") + "]").number("kept", UInt64(outcome.keptCount))
            .number("freed_bytes", outcome.forgotten.pruned?.statistics.freedByteCount ?? 0).text
    }
}
