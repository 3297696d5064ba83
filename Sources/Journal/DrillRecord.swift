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
    /// Compared with the manifests and equal.
    package let tables: UInt64
    package let rows: UInt64
    /// Read back and equal.
    package let files: UInt64
    /// Configured checks that hold.
    package let checks: UInt64

    package init(outcome: Outcome, tables: UInt64, rows: UInt64, files: UInt64, checks: UInt64) {
        self.outcome = outcome
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
                sql: "INSERT OR REPLACE INTO drills (run, outcome, tables, rows, files, checks) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    run.text, drill.outcome.rawValue, Int64(clamping: drill.tables), Int64(clamping: drill.rows), Int64(clamping: drill.files),
                    Int64(clamping: drill.checks),
                ])
        }
    }

    /// Nil for a run that is no drill, or that ended before it came to anything.
    package func drill(of run: RunID) throws(JournalFailure) -> DrillRecord? {
        try read { try Row.fetchAll($0, sql: "SELECT * FROM drills WHERE run = ?", arguments: [run.text]) }.compactMap { row in
            DrillRecord.Outcome(rawValue: row["outcome"] ?? "").map { outcome in
                DrillRecord(
                    outcome: outcome, tables: count(row["tables"]), rows: count(row["rows"]), files: count(row["files"]), checks: count(row["checks"]))
            }
        }.first
    }

    private func count(_ value: Int64?) -> UInt64 { UInt64(clamping: value ?? 0) }
}
