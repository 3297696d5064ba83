// DrillRecord: what a drill proved, beside the run it belongs to.

import Bytes
import GRDB

package struct DrillRecord: Hashable, Sendable {
    package enum Outcome: String, Sendable, CaseIterable {
        /// Everything that was asked for came back and is what was saved.
        case proved
        /// Something did not come back, or is not what was saved.
        case failed
        /// Nothing was found wrong, but something could not be tried here: no server program, for instance.
        case inconclusive
    }

    package let outcome: Outcome
    /// "database", "files", "config", each with its own outcome.
    package let sources: [String: Outcome]
    /// Compared with the manifests and equal.
    package let tables: UInt64
    package let rows: UInt64
    /// Read back and equal.
    package let files: UInt64
    /// Configured checks that hold.
    package let checks: UInt64

    package init(outcome: Outcome, sources: [String: Outcome], tables: UInt64, rows: UInt64, files: UInt64, checks: UInt64) {
        self.outcome = outcome
        self.sources = sources
        self.tables = tables
        self.rows = rows
        self.files = files
        self.checks = checks
    }
}

extension RunJournal {
    /// Records what the drill of this run came to.
    package func keep(_ drill: DrillRecord, of run: RunID) throws(JournalFailure) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO drills (run, outcome, sources, tables, rows, files, checks) VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    run.text, drill.outcome.rawValue, text(drill.sources), Int64(clamping: drill.tables), Int64(clamping: drill.rows), Int64(clamping: drill.files),
                    Int64(clamping: drill.checks),
                ])
        }
    }

    /// Nil for a run that is no drill, or that ended before it came to anything.
    package func drill(of run: RunID) throws(JournalFailure) -> DrillRecord? {
        try read { try Row.fetchAll($0, sql: "SELECT * FROM drills WHERE run = ?", arguments: [run.text]) }.compactMap { row in
            DrillRecord.Outcome(rawValue: row["outcome"] ?? "").map { outcome in
                DrillRecord(
                    outcome: outcome, sources: sources(row["sources"] ?? ""), tables: count(row["tables"]), rows: count(row["rows"]), files: count(row["files"]),
                    checks: count(row["checks"]))
            }
        }.first
    }

    // MARK: Sources as text: "config=proved database=failed"

    private func text(_ sources: [String: DrillRecord.Outcome]) -> String {
        sources.map { "\($0.key)=\($0.value.rawValue)" }.sorted().joined(separator: " ")
    }

    private func sources(_ text: String) -> [String: DrillRecord.Outcome] {
        let pairs = text.split(separator: " ").compactMap { word -> (String, DrillRecord.Outcome)? in
            let parts = word.split(separator: "=")
            guard parts.count == 2, let outcome = DrillRecord.Outcome(rawValue: String(parts[1])) else { return nil }
            return (String(parts[0]), outcome)
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private func count(_ value: Int64?) -> UInt64 { UInt64(clamping: value ?? 0) }
}
