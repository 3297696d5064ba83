// AppVerifyText: a verify's report as lines of text: printed, filed, mailed.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Upkeep

extension AppVerifyReport {
    /// The report as lines of text.
    package var lines: [String] {
        var lines = [
            "lifeboat verify report: \(application)", "time        \(time)", "repository  \(repository)", "run         \(runID)",
            "result      \(isClean ? "everything that was looked at is whole" : "DAMAGED")", "",
        ]
        let counts = check.counts
        lines.append(
            "structure   \(counts.snapshots) snapshots, \(counts.trees) trees, \(counts.packs) packs, \(counts.blobs) blobs: \(check.isClean ? "whole" : "\(check.errors.count) errors")"
        )
        lines.append("data        \(dataLine)")
        lines.append("coverage    \(coverage.sentence)")
        for state in states { lines.append(line(state)) }
        lines += databases.map(line)
        if !isClean { lines += damageLines }
        return lines
    }

    private var dataLine: String {
        if case .none = readData { return "not read (`--read-data 100%` reads all of it)" }
        return "\(check.counts.packsRead) of \(check.counts.packs) packs read back, \(ByteCount(check.counts.bytesRead))"
    }

    private func padded(_ text: String) -> String { text + String(repeating: " ", count: max(1, 12 - text.count)) }

    private func line(_ state: State) -> String {
        let name = padded(state.source.rawValue) + (state.path.map { "\($0): " } ?? "")
        guard let newest = state.newest else { return name + (state.isHopeless ? "no good backup" : "no backup yet") }
        return name + "\(state.good.count) \(state.good.count == 1 ? "snapshot" : "snapshots"), the newest \(newest.id.short) of \(newest.snapshot.time)"
    }

    private func line(_ database: Database) -> String {
        let name = padded("  database") + "\(database.snapshot?.id.short ?? "") \(database.path): "
        if let failure = database.failure { return name + "DAMAGED: \(failure.message)" }
        return name + database.finding + ", \(database.tableCount) tables, \(database.rowCount) rows" + (database.proof == .restored ? ", SQLite's check ok" : "")
    }

    private var damageLines: [String] {
        var lines = ["", "damage"] + damage.map { "  " + $0 }
        let concerned = damagedSnapshots
        if !concerned.isEmpty {
            lines += ["", "snapshots that cannot be restored completely"]
            lines += concerned.map { "  \($0.id.short)  \($0.snapshot.time)  \($0.snapshot.heldSource?.rawValue ?? "")" }
        }
        return lines + ["", "what to do"] + advice.enumerated().map { "  \($0.offset + 1). \($0.element)" }
    }
}

extension AppVerifyReport.Database {
    /// What was done with it, in a few words.
    var finding: String {
        switch proof {
        case .restored: "restored and compared"
        case .parsed: "every row as captured"
        case .hashed: "every byte as captured"
        case .described, nil: "manifest ok"
        }
    }
}
