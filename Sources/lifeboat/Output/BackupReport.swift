// BackupReport: what a backup did, as a person or a script wants to read it.

import Archiving
import Bytes
import FileTrees
import RepositoryFormat

struct BackupReport {
    private let summary: BackupSummary
    private let dryRun: Bool

    init(_ summary: BackupSummary, dryRun: Bool) {
        self.summary = summary
        self.dryRun = dryRun
    }

    /// Prints the report, and ends with exit status 3 if something could not be read.
    func print(_ output: OutputOptions) {
        for problem in summary.problems { Self.print(problem, output) }
        if output.json { Console.out(Self.json(summary, dryRun: dryRun)) } else if !output.quiet { for line in lines { Console.out(line) } }
        if !summary.isComplete {
            let text = "some items could not be read and are not in the snapshot"
            if output.json {
                Console.message(JSONLine("exit_error").raw("code", "\(FailureCode.sourceIncomplete.rawValue)").string("message", text).text)
            } else {
                Console.warning(text + " (exit status 3)")
            }
            Console.end(.sourceIncomplete)
        }
    }

    static func print(_ problem: ScanProblem, _ output: OutputOptions) {
        if output.json {
            let error = JSONLine().string("message", problem.failure.message).text
            Console.message(
                JSONLine("error").raw("error", error).string("during", "archival").string("item", problem.path.description).text)
        } else {
            Console.warning(problem.failure.message)
        }
    }

    private var lines: [String] {
        let figures = summary.figures
        let result =
            summary.snapshotID.map { "snapshot \($0.short) saved" }
            ?? (dryRun ? "dry run: nothing was saved" : "nothing changed: no snapshot made")
        return [
            "files   \(figures.filesNew) new, \(figures.filesChanged) changed, \(figures.filesUnmodified) unchanged",
            "dirs    \(figures.directoriesNew) new, \(figures.directoriesChanged) changed, \(figures.directoriesUnmodified) unchanged",
            "data    \(ByteCount(figures.totalBytesProcessed)) in \(figures.totalFilesProcessed) files, \(ByteCount(figures.dataAdded)) new,"
                + " \(ByteCount(figures.dataAddedPacked)) stored, \(Durations.short(nanoseconds: summary.durationNanoseconds))",
            result,
        ]
    }

    /// - Parameter source: which part of an application, if it is one.
    static func json(_ summary: BackupSummary, dryRun: Bool, source: String? = nil) -> String {
        let figures = summary.figures
        return JSONLine("summary")
            .string("source", source)
            .bool("dry_run", dryRun, omitFalse: true)
            .number("files_new", figures.filesNew).number("files_changed", figures.filesChanged)
            .number("files_unmodified", figures.filesUnmodified).number("dirs_new", figures.directoriesNew)
            .number("dirs_changed", figures.directoriesChanged).number("dirs_unmodified", figures.directoriesUnmodified)
            .number("data_blobs", figures.dataBlobs).number("tree_blobs", figures.treeBlobs).number("data_added", figures.dataAdded)
            .number("data_added_packed", figures.dataAddedPacked).number("total_files_processed", figures.totalFilesProcessed)
            .number("total_bytes_processed", figures.totalBytesProcessed)
            .fraction("total_duration", Double(summary.durationNanoseconds) / 1e9)
            .time("backup_start", figures.backupStart).time("backup_end", figures.backupEnd)
            .string("snapshot_id", summary.snapshotID?.hex)
            .text
    }
}
