// RepairPacks: the verb `repair packs`: rebuilds damaged and lost packs from parity, where there is some; saves what is whole in the others,
// and takes them out of the repository.

import Bytes
package import RepositoryEngine
import RepositoryFormat
import Stores
package import Upkeep

package struct RepairPacks {
    package var access: RepositoryAccess
    /// Ids of packs, or their beginnings. Empty: every pack is read, and those that are damaged are repaired.
    package var names: [String]
    package var copies: KeptCopies
    package var writer = WriterOptions()

    package init(access: RepositoryAccess, names: [String], copies: KeptCopies) {
        self.access = access
        self.names = names
        self.copies = copies
    }

    package func run(progress: @escaping UpkeepProgressHandler) throws -> PackSalvage.Outcome {
        try Cancelled.explained(
            "what was whole in the packs is still there; copies that were made stay in '\(copies.directory)'", next: "run `lifeboat repair packs` again"
        ) {
            try access.uncached.exclusively { repository in
                let catalog = try ParityCatalog.load(repository.store)
                let missing = try ParityUpkeep.missingPacks(repository.store, catalog)
                let packs = try names.isEmpty ? findDamaged(in: repository, progress) + missing : resolve(in: repository, missing: missing)
                if packs.isEmpty { return PackSalvage.Outcome() }
                let outcome = try repair(packs, missing: Set(missing), catalog, in: repository, progress)
                ParityUpkeep.follow(repository, access, progress: progress)
                return outcome
            }
        }
    }

    private func repair(
        _ packs: [PackID], missing: Set<PackID>, _ catalog: ParityCatalog, in repository: Repository, _ progress: @escaping UpkeepProgressHandler
    ) throws -> PackSalvage.Outcome {
        let shown = packs.prefix(50).map(\.short).joined(separator: " ")
        let action = AuditTrail.Action("repair packs", "\(packs.count) packs (\(shown)) of \(access.address)", destroys: true)
        return try access.audit.record(action) {
            let rebuild = try ParityRebuild(repository.store, catalog, copies: copies, progress: progress).run(catalog.groups.isEmpty ? [] : packs)
            let rest = Set(packs).subtracting(rebuild.rebuilt).subtracting(missing).sorted()
            var outcome = PackSalvage.Outcome()
            if !rest.isEmpty {
                let indexed = try IndexedRepository.load(repository)
                var salvage = PackSalvage(rest, indexed, copies: copies, options: writer, progress: progress) { leaving in
                    ParityUpkeep.prepare(forDeletionOf: leaving, in: indexed, access, progress: progress)
                }
                outcome = try salvage.run()
            }
            outcome.rebuiltPacks = rebuild.rebuilt
            outcome.copies = rebuild.copies + outcome.copies
            return outcome
        } result: { outcome in
            (
                0,
                "rebuilt \(outcome.rebuiltPacks.count) packs, removed \(outcome.removedPacks.count), "
                    + "saved \(outcome.savedBlobCount) blobs, lost \(outcome.lostBlobs.count)"
            )
        }
    }

    /// Every byte of every pack in the index is read.
    private func findDamaged(in repository: Repository, _ progress: @escaping UpkeepProgressHandler) throws -> [PackID] {
        // Says so now if an index file is damaged: then a pack might seem to hold nothing.
        _ = try IndexedRepository.load(repository)
        return try Check(repository, options: CheckOptions(readData: .all), progress: progress).run().brokenPacks
    }

    private func resolve(in repository: Repository, missing: [PackID]) throws -> [PackID] {
        let there = try repository.store.list(.pack).map { PackID($0.name) } + missing
        return try names.map { name in
            let matches = there.filter { $0.hex.hasPrefix(name) }
            guard let pack = matches.first, !name.isEmpty else { throw UpkeepFailure.noSuchPack(name) }
            guard matches.count == 1 else {
                throw Failure(.failed, "\(matches.count) packs begin with '\(name)'; nothing was changed", hint: "give more digits")
            }
            return pack
        }
    }
}
