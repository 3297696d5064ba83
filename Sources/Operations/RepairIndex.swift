// RepairIndex: the verb `repair index`: makes the index say again what the packs hold.

import RepositoryEngine
import Stores
package import Upkeep

package struct RepairIndex {
    package var access: RepositoryAccess
    /// Read the header of every pack, also of those that the index seems to know.
    package var readsAllPacks = false

    package init(access: RepositoryAccess) { self.access = access }

    package func run(progress: @escaping UpkeepProgressHandler) throws -> IndexRepair.Outcome {
        try Cancelled.explained(
            "no pack was changed, and every pack that was in the index still is", next: "run `lifeboat repair index` again"
        ) {
            try access.uncached.exclusively { repository in
                try access.audit.record(AuditTrail.Action("repair index", "\(access.address)")) {
                    // A pack that is lost leaves the index below, and parity after that: what can be brought back must be there before.
                    let store = repository.store, catalog = try ParityCatalog.load(store)
                    let missing = try ParityUpkeep.missingPacks(store, catalog)
                    _ = try ParityRebuild(store, catalog, copies: nil, progress: progress).run(missing)
                    var repair = IndexRepair(repository, readsAllPacks: readsAllPacks, progress: progress)
                    return try repair.run()
                } result: { outcome in
                    (0, "wrote \(outcome.writtenIndexFileCount) index files, deleted \(outcome.deletedIndexFileCount)")
                }
            }
        }
    }
}
