// Check: is everything there that the snapshots need, and is it what it was when it was written?
//
// 1. The config and the keys. 2. Every snapshot, then every index file. 3. The packs in the index against the listing: there, and of
// the right size. 4. Every tree of every snapshot, once. 5. If asked: packs are read completely, each once. 6. If something is
// damaged: which files of which snapshots are concerned.
//
// What is promised: damage is reported with the object it concerns and the check goes on; nothing is changed. An error is thrown
// only if the store cannot be listed or read at all, or the machine fails. The caller holds an exclusive lock, as restic does, so
// that nothing vanishes meanwhile.

import Bytes
import Codecs
package import RepositoryEngine
package import RepositoryFormat
import Stores

package struct Check {
    private let repository: Repository
    private let options: CheckOptions
    private let progress: UpkeepProgressHandler
    private let report = CheckReport()

    package init(_ repository: Repository, options: CheckOptions = CheckOptions(), progress: @escaping UpkeepProgressHandler = { _ in }) {
        self.repository = repository
        self.options = options
        self.progress = progress
    }

    package func run() throws -> CheckResult {
        var random = SystemRandomNumberGenerator()
        return try run(using: &random)
    }

    /// - Parameter random: chooses the packs of a random subset.
    package func run(using random: inout some RandomNumberGenerator) throws -> CheckResult {
        try checkConfig()
        try checkKeys()
        let snapshots = try loadSnapshots()
        let inspection = try IndexInspection(repository, report, progress)
        let packs = try inspection.comparePacks(with: repository.store.list(.pack))
        report.setPresent(packs)
        let trees = TreeInspection(inspection.indexed, report, progress, notesUse: !options.filter.isEmpty)
        try trees.run(snapshots.map(\.snapshot.tree))
        try readData(packs.filter { trees.isUsed($0) }, inspection.indexed, &random)
        try DamageTrace(inspection.indexed, report, progress).run(snapshots)
        return report.result
    }

    private func checkConfig() throws {
        do {
            let sealed = try repository.store.load(.config, limit: RepositoryConfig.maximumByteCount)
            guard try RepositoryConfig(parsing: Seal(key: repository.masterKey).open(sealed)) == repository.config else {
                return report.add(CheckError("the config", "it is not the config that this repository was opened with"))
            }
        } catch {
            try report.add("the config", error)
        }
    }

    /// restic does not look at them; but a key that no longer opens is a password that no longer works.
    private func checkKeys() throws {
        for id in try repository.keyring.list() {
            do {
                _ = try repository.keyring.load(id)
            } catch {
                try report.add("key \(id.short)", error)
                report.noteDamaged(id)
            }
        }
    }

    private func loadSnapshots() throws -> [CatalogedSnapshot] {
        let counter = StageCounter(.loadingSnapshots, total: nil, progress)
        let snapshots = try SnapshotCatalog.load(repository) { id, error in
            try report.add("snapshot \(id.short)", error)
            report.suggestRepairSnapshots()
        }
        counter.advance()
        report.count { $0.snapshots = snapshots.count }
        return snapshots.filter { options.filter.matches($0.snapshot) }
    }

    private func readData(_ packs: [PackFile], _ indexed: IndexedRepository, _ random: inout some RandomNumberGenerator) throws {
        report.setNeeded(packs)
        let chosen = Set(options.readData.select(packs.map { ($0.id, $0.byteCount) }, lastRead: options.lastRead, using: &random))
        try PackInspection(indexed, report, progress).run(packs.filter { chosen.contains($0.id) })
    }
}

/// A pack file that the index names and the store has.
package struct PackFile: Sendable {
    package let id: PackID
    package let byteCount: UInt64
}
