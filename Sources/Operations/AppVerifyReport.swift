// AppVerifyReport: what a verify found, as a value and as the page of text that is printed, filed or mailed.

package import Bytes
package import Journal
package import RepositoryEngine
import RepositoryFormat
package import Upkeep

package struct AppVerifyReport: Sendable {
    /// How far a database snapshot was followed.
    package enum Proof: String, Sendable {
        /// Its manifest is readable and fits the file's size.
        case described
        /// Its bytes have the SHA-256 of the manifest.
        case hashed
        /// It was restored, checked by SQLite, and every table compared.
        case restored
    }

    package struct Database: Sendable {
        package let snapshot: CatalogedSnapshot?
        package let path: BytePath
        package var proof: Proof?
        package var tableCount = 0
        package var rowCount: UInt64 = 0
        package var failure: Failure?
    }

    package let application: String
    package let repository: String
    package let runID: RunID
    package let time: Timestamp
    package let readData: CheckOptions.ReadData
    package let check: CheckResult
    /// The snapshots looked at, oldest first.
    package var snapshots: [CatalogedSnapshot] = []
    package var databases: [Database] = []
    package var durationNanoseconds: Int64 = 0

    package init(
        application: String, repository: String, runID: RunID, time: Timestamp, readData: CheckOptions.ReadData, check: CheckResult
    ) {
        self.application = application
        self.repository = repository
        self.runID = runID
        self.time = time
        self.readData = readData
        self.check = check
    }

    package var readsAll: Bool { readData.isEverything }
    package var isClean: Bool { check.isClean && databases.allSatisfy { $0.failure == nil } }

    /// One line for each thing that is damaged.
    package var damage: [String] {
        check.errors.map(\.description)
            + databases.compactMap { database in
                database.failure.map { "\(database.snapshot.map { "snapshot \($0.id.short)" } ?? "the databases"): \($0.message)" }
            }
    }

    /// Snapshots that cannot be restored completely, as far as the damage was traced.
    package var damagedSnapshots: [CatalogedSnapshot] {
        let ids = Set(check.errors.flatMap(\.affected).map(\.snapshot)).union(
            databases.filter { $0.failure != nil }.compactMap { $0.snapshot?.id })
        return snapshots.filter { ids.contains($0.id) }
    }

    // MARK: Text

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
        for source in AppSource.allCases {
            let found = snapshots.filter { $0.snapshot.backupSource == source }
            guard let newest = found.last else {
                if snapshots.contains(where: { $0.snapshot.heldSource == source }) { lines.append("\(padded(source.rawValue))no good backup") }
                continue
            }
            lines.append("\(padded(source.rawValue))\(found.count) snapshots, the newest \(newest.id.short) of \(newest.snapshot.time)")
        }
        lines += databases.map(line)
        if !isClean { lines += damageLines }
        return lines
    }

    private var dataLine: String {
        if case .none = readData { return "not read (`--read-data 100%` reads all of it)" }
        return "\(check.counts.packsRead) of \(check.counts.packs) packs read back, \(ByteCount(check.counts.bytesRead))"
    }

    private func padded(_ text: String) -> String { text + String(repeating: " ", count: max(1, 12 - text.count)) }

    private func line(_ database: Database) -> String {
        let name = padded("  database") + "\(database.snapshot?.id.short ?? "") \(database.path): "
        if let failure = database.failure { return name + "DAMAGED: \(failure.message)" }
        let size = "\(database.tableCount) tables, \(database.rowCount) rows"
        switch database.proof {
        case .restored: return name + "restored and compared, \(size), SQLite's check ok"
        case .hashed: return name + "every byte as captured, \(size)"
        case .described, nil: return name + "manifest ok, \(size)"
        }
    }

    private var damageLines: [String] {
        var lines = ["", "damage"] + damage.map { "  " + $0 }
        let concerned = damagedSnapshots
        if !concerned.isEmpty {
            lines += ["", "snapshots that cannot be restored completely"]
            lines += concerned.map { "  \($0.id.short)  \($0.snapshot.time)  \($0.snapshot.heldSource?.rawValue ?? "")" }
        }
        lines += ["", "next: `lifeboat backup` stores again what is missing and still exists; snapshots not listed above can be restored"]
        return lines
    }
}
