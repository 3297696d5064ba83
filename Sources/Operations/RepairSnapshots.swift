// RepairSnapshots: the verb `repair snapshots`: snapshots without what is lost.
//
// A snapshot file that is itself damaged cannot be repaired. When originals are to be removed it goes too, but not before all trees that
// no readable snapshot refers to, its own among them, are in a snapshot `recovered`, and the file is copied aside.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Stores
package import Upkeep

package struct RepairSnapshots {
    package var access: RepositoryAccess
    /// Ids, or their beginnings; empty for all that the filter matches.
    package var names: [String]
    package var filter: SnapshotFilter
    /// Remove the originals once their successors are stored.
    package var forgets = false
    package var dryRun = false
    package var copies: KeptCopies
    package var writer = WriterOptions()

    package init(access: RepositoryAccess, names: [String], filter: SnapshotFilter, copies: KeptCopies) {
        self.access = access
        self.names = names
        self.filter = filter
        self.copies = copies
    }

    package struct Outcome: Sendable {
        package internal(set) var entries: [SnapshotRepair.Entry] = []
        /// Snapshot files that cannot be read.
        package internal(set) var damagedFiles: [(id: SnapshotID, reason: String)] = []
        package internal(set) var areDamagedFilesRemoved = false
        /// What the damaged files may have referred to.
        package internal(set) var recovered: SnapshotID?
        /// Copies of damaged files.
        package internal(set) var copies: [BytePath] = []

        /// How many snapshots got a successor, were removed, or would be.
        package var changedCount: Int {
            entries.count { if case .repaired = $0.fate { true } else { $0.isRemoved } } + (areDamagedFilesRemoved ? damagedFiles.count : 0)
        }
    }

    package func run(progress: @escaping UpkeepProgressHandler) throws -> Outcome {
        try Cancelled.explained(
            dryRun ? "nothing was changed" : "every snapshot is still there, or its successor is", next: "run `lifeboat repair snapshots` again"
        ) {
            try access.uncached.exclusively(onlyReading: dryRun) { repository in
                if dryRun { return try repair(in: repository, progress) }
                let action = AuditTrail.Action("repair snapshots\(forgets ? " --forget" : "")", "\(access.address)", destroys: forgets)
                let outcome = try access.audit.record(action, announced: forgets) {
                    try repair(in: repository, progress)
                } result: { outcome in
                    (0, "changed \(outcome.changedCount) of \(outcome.entries.count + outcome.damagedFiles.count)")
                }
                ParityUpkeep.follow(repository, access, progress: progress)
                return outcome
            }
        }
    }

    private func repair(in repository: Repository, _ progress: @escaping UpkeepProgressHandler) throws -> Outcome {
        var damaged: [(id: SnapshotID, reason: String)] = []
        let all = try SnapshotCatalog.load(repository) { id, error in damaged.append((id, try RepositoryAccess.damage(error).message)) }
        let indexed = try IndexedRepository.load(repository)
        var outcome = Outcome()
        outcome.damagedFiles = names.isEmpty ? (filter.isEmpty ? damaged : []) : damaged.filter { isNamed($0.id) }
        let chosen = try choose(from: all, outcome.damagedFiles.map(\.id))
        let repair = SnapshotRepair(indexed, removesOriginals: forgets, dryRun: dryRun, options: writer, progress: progress)
        outcome.entries = try repair.run(chosen, of: all)
        if forgets && !outcome.damagedFiles.isEmpty {
            if !dryRun { try removeDamagedFiles(repository, indexed, all, &outcome, progress) }
            outcome.areDamagedFilesRemoved = true
        }
        return outcome
    }

    private func isNamed(_ id: SnapshotID) -> Bool { names.contains { !$0.isEmpty && id.hex.hasPrefix($0) } }

    private func choose(from all: [CatalogedSnapshot], _ damaged: [SnapshotID]) throws -> [CatalogedSnapshot] {
        if names.isEmpty { return all.filter { filter.matches($0.snapshot) } }
        var chosen: [SnapshotID: CatalogedSnapshot] = [:]
        for name in names where !damaged.contains(where: { $0.hex.hasPrefix(name) }) {
            let snapshot = try SnapshotCatalog.resolve(name, in: all, filter: filter).snapshot
            chosen[snapshot.id] = snapshot
        }
        return all.filter { chosen[$0.id] != nil }
    }

    private func removeDamagedFiles(
        _ repository: Repository, _ indexed: IndexedRepository, _ all: [CatalogedSnapshot], _ outcome: inout Outcome,
        _ progress: @escaping UpkeepProgressHandler
    ) throws {
        if repository.config.isAppendOnly { throw UpkeepFailure.appendOnly(location: repository.store.location) }
        // Originals that were just removed still count as readable: their trees must not be gathered as lost ones.
        let successors = try SnapshotCatalog.load(repository) { _, error in _ = try RepositoryAccess.damage(error) }
        let recovery = Recovery(indexed, identity: .ofThisProcess(), options: writer, progress: progress)
        outcome.recovered = try recovery.run(all + successors).snapshot
        if let id = outcome.recovered { outcome.recovered = try withoutWhatIsLost(id, repository, indexed, progress) }
        for file in outcome.damagedFiles {
            let key = StoreKey(.snapshot, file.id.digest)
            outcome.copies.append(try copies.keep(key, of: repository.store))
            try SnapshotCatalog.delete(file.id, in: repository)
        }
    }

    /// What was gathered may have lost something too. Nothing else refers to it, so that its successor takes its place.
    private func withoutWhatIsLost(
        _ id: SnapshotID, _ repository: Repository, _ indexed: IndexedRepository, _ progress: @escaping UpkeepProgressHandler
    ) throws -> SnapshotID {
        let snapshot = CatalogedSnapshot(id: id, snapshot: try SnapshotCatalog.load(id, repository))
        let repair = SnapshotRepair(indexed, removesOriginals: true, dryRun: false, options: writer, progress: progress)
        if case .repaired(let successor?)? = try repair.run([snapshot], of: []).first?.fate { return successor }
        return id
    }
}
