// AppRestoreReport: the plan of a restore before the question, and what came of it.

import Archiving
import Bytes
import Databases
import HostOS
import Journal
import Operations
import RepositoryEngine
import RepositoryFormat

struct AppRestoreReport {
    let title: String
    let repository: String
    let output: OutputOptions
    let now: Timestamp

    // MARK: The plan

    func lines(_ plan: AppRestorePlan, takesSafetyBackup: Bool) -> [String] {
        var lines = ["Restore \(title) from \(repository)" + (plan.target.map { " to \($0), leaving the application alone" } ?? "")]
        if let config = plan.config { lines += self.lines(config) }
        for database in plan.databases { lines += self.lines(database) }
        if let files = plan.files { lines += self.lines(files) }
        lines += plan.warnings.map { "  ! \($0)" }
        if plan.target == nil && plan.replacesSomething {
            lines.append(
                takesSafetyBackup ? "  What is there now is saved first." : "  What is there now is NOT saved first (--no-safety-backup).")
        }
        return lines
    }

    private func lines(_ tree: AppRestorePlan.Tree) -> [String] {
        let size =
            tree.snapshot.snapshot.summary.map { "\(Wording.count($0.totalFilesProcessed, "file")), \(ByteCount($0.totalBytesProcessed))" }
            ?? ""
        var lines = [line(tree.source.rawValue, tree.snapshot, size)]
        lines += tree.paths.map { "              \($0.exists ? "over" : "anew") \($0.destination)" }
        lines += tree.missing.map { "              not in the backup: \($0)" }
        return lines
    }

    private func lines(_ database: AppRestorePlan.Database) -> [String] {
        let figures = database.saved.figures
        let size =
            database.isUndescribed
            ? "SQL that does not say what it should hold: nothing can be compared"
            : "\(Wording.count(UInt64(figures.tables.count), "table")), \(Wording.count(figures.rowCount, "row")), \(ByteCount(figures.byteCount))"
        let what = database.tables.isEmpty ? "" : "only the tables \(database.tables.map(\.description).joined(separator: ", ")) "
        var lines = [line("database", database.saved.snapshot, size), "              \(what)\(database.exists ? "over" : "anew") \(database.destination)"]
        if figures.damage != nil { lines.append("              ! the database was damaged already when this was saved") }
        return lines
    }

    private func line(_ label: String, _ snapshot: CatalogedSnapshot, _ size: String) -> String {
        let age = Durations.short(Double(max(0, now.seconds - snapshot.snapshot.time.seconds)))
        let name = label + String(repeating: " ", count: max(1, 10 - label.count))
        return "  \(name) \(snapshot.id.short) of \(Wording.when(snapshot.snapshot.time, now: now)) (\(age) ago)  \(size)"
    }

    // MARK: While it runs

    func show(_ event: AppRestore.Event) {
        switch event {
        case .phase: break
        case .note(let text): if !output.json { Console.message("\(Style.hint.on(stderr: "note:")) \(text)") }
        case .problem(_, let problem): RestoreReport.print(problem, output)
        }
    }

    // MARK: The outcome

    /// Prints what was brought back, and ends with exit status 1 if something was not.
    func finish(_ outcome: AppRestoreOutcome) {
        if output.json { Console.out(json(outcome)) }
        for part in outcome.parts {
            if let failure = part.failure, !output.json { Console.failure(failure, subject: part.source.rawValue) }
            if !output.json && !output.quiet && part.failure == nil { Console.out(line(part)) }
        }
        if !output.json && !output.quiet && !outcome.safetyBackups.isEmpty {
            Console.out("  what was there before is kept: snapshots \(outcome.safetyBackups.map(\.id.short).joined(separator: ", "))")
        }
        if let code = outcome.code {
            if !output.json { Console.message("\(Style.error.on(stderr: "✗")) \(title) is NOT back completely: see above") }
            Console.end(code)
        }
        if !output.json { Console.out(verdict(outcome)) }
    }

    private func line(_ part: AppRestoreOutcome.Part) -> String {
        let name = part.source.rawValue + String(repeating: " ", count: max(1, 10 - part.source.rawValue.count))
        if part.source == .database {
            if part.tableCount == 0 && part.rowCount == 0 { return "  \(name) \(part.proof)" }
            return
                "  \(name) \(Wording.count(UInt64(part.tableCount), "table")), \(Wording.count(part.rowCount, "row")): \(part.proof)"
        }
        let summary = part.summary
        let unchanged = summary.filesSkipped > 0 ? ", \(Wording.grouped(summary.filesSkipped)) files were right already" : ""
        let deleted = summary.itemsDeleted > 0 ? ", \(Wording.count(summary.itemsDeleted, "item")) removed" : ""
        return
            "  \(name) \(Wording.count(summary.itemsRestored, "item")) restored (\(ByteCount(summary.bytesRestored)))\(unchanged)\(deleted)"
    }

    private func verdict(_ outcome: AppRestoreOutcome) -> String {
        let first = outcome.times.first ?? now, last = outcome.times.last ?? now
        let isOneMoment = last.seconds - first.seconds < 300
        let moment =
            isOneMoment
            ? local(outcome.plan.databases.first?.saved.snapshot.snapshot.time ?? last)
            : "\(local(first)) to \(local(last)), each source its newest"
        let place = outcome.plan.target.map { " in \($0)" } ?? ""
        let parts = outcome.parts.map(\.source.rawValue)
        let what = parts.count >= 3 || Set(parts).count == 3 ? title : "\(title): \(Set(parts).sorted().joined(separator: ", "))"
        return
            "\(Style.good.on(stdout: "✓")) \(what) is back\(place) as of \(moment), in \(Durations.short(nanoseconds: outcome.durationNanoseconds))"
    }

    private func local(_ time: Timestamp) -> String { time.with(utcOffset: Host.utcOffset(at: time.seconds)).secondText }

    private func json(_ outcome: AppRestoreOutcome) -> String {
        let parts = outcome.parts.map { part in
            JSONLine().string("source", part.source.rawValue).string("snapshot_id", part.snapshot.id.hex).time(
                "time", part.snapshot.snapshot.time
            )
            .number("files_restored", part.summary.itemsRestored).number("bytes_restored", part.summary.bytesRestored)
            .number("files_skipped", part.summary.filesSkipped).number("files_deleted", part.summary.itemsDeleted)
            .number("tables", UInt64(part.tableCount), omitZero: true).number("rows", part.rowCount, omitZero: true)
            .number("error_count", UInt64(part.summary.problems.count)).string("error", part.failure?.message).text
        }
        return JSONLine("summary").string("run_id", outcome.runID?.text)
            .raw("sources", "[" + parts.joined(separator: ",") + "]")
            .raw("safety_snapshots", "[" + outcome.safetyBackups.map { "\"\($0.id.hex)\"" }.joined(separator: ",") + "]")
            .fraction("seconds_elapsed", Double(outcome.durationNanoseconds) / 1e9).number("exit_code", UInt64(outcome.code?.rawValue ?? 0))
            .text
    }

    /// The plan as one JSON document, for `--dry-run --json`.
    func planJSON(_ plan: AppRestorePlan) -> String {
        func item(_ source: AppSource, _ snapshot: CatalogedSnapshot, _ paths: [(BytePath, Bool)]) -> String {
            let list = paths.map { JSONLine().bytes("path", $0.0.bytes).bool("exists", $0.1).text }
            return JSONLine().string("source", source.rawValue).string("snapshot_id", snapshot.id.hex).time("time", snapshot.snapshot.time)
                .raw("paths", "[" + list.joined(separator: ",") + "]").text
        }
        let trees = plan.trees.map { tree in item(tree.source, tree.snapshot, tree.paths.map { ($0.destination, $0.exists) }) }
        let databases = plan.databases.map { database in
            item(.database, database.saved.snapshot, [(BytePath("\(database.destination)"), database.exists)])
        }
        return JSONLine("plan").bool("dry_run", true).raw("sources", "[" + (trees + databases).joined(separator: ",") + "]").text
    }
}
