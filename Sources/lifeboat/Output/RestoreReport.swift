// RestoreReport: what a restore did.

import Archiving
import Bytes
import RepositoryFormat

struct RestoreReport {
    private let summary: RestoreSummary
    private let snapshot: SnapshotID
    private let target: BytePath
    private let dryRun: Bool

    init(_ summary: RestoreSummary, snapshot: SnapshotID, target: BytePath, dryRun: Bool) {
        self.summary = summary
        self.snapshot = snapshot
        self.target = target
        self.dryRun = dryRun
    }

    /// Prints the report, and ends with exit status 1 if an item could not be restored, or 20 if that was for damage in the repository.
    func print(_ output: OutputOptions) {
        for problem in summary.problems { Self.print(problem, output) }
        if output.json { Console.out(json) } else if !output.quiet { Console.out(line) }
        if !summary.problems.isEmpty {
            if !output.json { Console.message("\(Counted.text(summary.problems.count, "item")) could not be restored completely") }
            Console.end(summary.problems.contains { $0.failure.code == .damaged } ? .damaged : .failed)
        }
    }

    static func print(_ problem: RestoreProblem, _ output: OutputOptions) {
        if output.json {
            let error = JSONLine().string("message", problem.failure.message).text
            Console.message(JSONLine("error").raw("error", error).string("during", "restore").string("item", problem.path.description).text)
        } else {
            Console.warning("\(problem.path): \(problem.failure.message)")
        }
    }

    private var line: String {
        if dryRun {
            return "dry run: would restore \(Counted.text(summary.totalItems, "item")) (\(ByteCount(summary.totalBytes))) of snapshot \(snapshot.short) to \(target)"
        }
        var parts = ["restored \(Counted.text(summary.itemsRestored, "item")) (\(ByteCount(summary.bytesRestored))) of snapshot \(snapshot.short) to \(target)"]
        if summary.filesSkipped > 0 { parts.append("\(summary.filesSkipped) files (\(ByteCount(summary.bytesSkipped))) were there already") }
        if summary.filesVerified > 0 { parts.append("\(Counted.text(summary.filesVerified, "file")) read back and verified") }
        if summary.itemsDeleted > 0 { parts.append("\(Counted.text(summary.itemsDeleted, "item")) removed") }
        parts.append(Durations.short(nanoseconds: summary.durationNanoseconds))
        return parts.joined(separator: ", ")
    }

    private var json: String {
        JSONLine("summary")
            .number("seconds_elapsed", UInt64(summary.durationNanoseconds / 1_000_000_000), omitZero: true)
            .number("total_files", summary.totalItems, omitZero: true).number("files_restored", summary.itemsRestored, omitZero: true)
            .number("files_skipped", summary.filesSkipped, omitZero: true).number("files_deleted", summary.itemsDeleted, omitZero: true)
            .number("total_bytes", summary.totalBytes, omitZero: true).number("bytes_restored", summary.bytesRestored, omitZero: true)
            .number("bytes_skipped", summary.bytesSkipped, omitZero: true).number("files_verified", summary.filesVerified, omitZero: true)
            .text
    }
}
