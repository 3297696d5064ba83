// AppBackupReport: a backup of an application while it runs and when it is over: one line a source, one at the end.

import Archiving
import Bytes
import Databases
import FileTrees
import Journal
import Operations
import RepositoryFormat

struct AppBackupReport {
    let title: String
    let output: OutputOptions
    let dryRun: Bool

    func show(_ event: AppBackup.Event) {
        switch event {
        case .started: break
        case .warning(let text): if !output.json { Console.warning(text) }
        case .finished(let outcome): show(outcome)
        }
    }

    private func show(_ outcome: AppUnitOutcome) {
        for problem in outcome.summary?.problems ?? [] { BackupReport.print(problem, output) }
        if output.json {
            if let summary = outcome.summary {
                Console.out(BackupReport.json(summary, dryRun: dryRun, source: outcome.unit.source.rawValue))
            }
            if let failure = outcome.failure {
                let error = JSONLine().string("message", failure.message).text
                Console.message(
                    JSONLine("error").raw("error", error).string("during", "archival").string("source", outcome.unit.source.rawValue).text)
            }
            return
        }
        if let summary = outcome.summary, !output.quiet { Console.out(line(outcome, summary.figures)) }
        if let failure = outcome.failure { Console.failure(failure, subject: outcome.unit.label) }
    }

    private func line(_ outcome: AppUnitOutcome, _ figures: SnapshotSummary) -> String {
        let content =
            outcome.database.map { figures in
                "\(ByteCount(figures.byteCount)), \(Wording.count(UInt64(figures.tables.count), "table")), \(Wording.count(figures.rowCount, "row"))"
            } ?? "\(ByteCount(figures.totalBytesProcessed)), \(Wording.count(figures.totalFilesProcessed, "file"))"
        let snapshot = outcome.summary?.snapshotID.map { "snapshot \($0.short)" } ?? "dry run"
        let cells = [
            (outcome.unit.label, 10), (content, 40), ("\(ByteCount(figures.dataAddedPacked)) stored", 18),
            (Durations.short(nanoseconds: outcome.durationNanoseconds), 7),
        ]
        return "  " + cells.map { text, width in text + String(repeating: " ", count: max(1, width - text.count)) }.joined(separator: " ")
            + " " + snapshot
    }

    /// Prints the last line, and ends with the exit status that the outcome deserves.
    func finish(_ outcome: AppBackupOutcome) {
        let duration = Durations.short(nanoseconds: outcome.durationNanoseconds)
        if output.json {
            Console.out(
                JSONLine("summary").string("source", "all").string("run_id", outcome.runID.text).bool("dry_run", dryRun, omitFalse: true)
                    .number("total_files_processed", outcome.fileCount).number("total_bytes_processed", outcome.bytesRead)
                    .number("data_added_packed", outcome.bytesStored).fraction("total_duration", Double(outcome.durationNanoseconds) / 1e9)
                    .number("exit_code", UInt64(outcome.code?.rawValue ?? 0)).text)
        } else if !output.quiet || outcome.code != nil {
            let sizes = "\(ByteCount(outcome.bytesRead)) read, \(ByteCount(outcome.bytesStored)) stored, \(duration)"
            switch outcome.code {
            case nil: Console.out("\(Style.good.on(stdout: "✓")) \(title) \(dryRun ? "would be saved (dry run)" : "saved"): \(sizes)")
            case .sourceIncomplete:
                Console.message("\(Style.warning.on(stderr: "!")) \(title) saved, except what could not be read (exit status 3): \(sizes)")
            default: Console.message("\(Style.error.on(stderr: "✗")) \(title) is not saved completely: \(sizes)")
            }
        }
        if let code = outcome.code { Console.end(code) }
    }
}
