// RecoverTrees: the verb `recover`: what no snapshot refers to any more, in a new snapshot.

package import RepositoryEngine
import RepositoryFormat
package import Upkeep

package struct RecoverTrees {
    package var access: RepositoryAccess
    package var writer = WriterOptions()

    package init(access: RepositoryAccess) { self.access = access }

    package struct Outcome: Sendable {
        /// The index is made complete first.
        package let index: IndexRepair.Outcome
        package let recovery: Recovery.Outcome
    }

    package func run(progress: @escaping UpkeepProgressHandler) throws -> Outcome {
        try Cancelled.explained("nothing was removed; no snapshot was made", next: "run `lifeboat recover` again") {
            try access.uncached.exclusively { repository in
                let outcome = try access.audit.record(AuditTrail.Action("recover", "\(access.address)"), announced: false) {
                    var repair = IndexRepair(repository, progress: progress)
                    let index = try repair.run()
                    let snapshots = try SnapshotCatalog.load(repository) { _, error in _ = try RepositoryAccess.damage(error) }
                    let recovery = Recovery(
                        try IndexedRepository.load(repository), identity: .ofThisProcess(), options: writer, progress: progress)
                    return Outcome(index: index, recovery: try recovery.run(snapshots))
                } result: { outcome in
                    (0, outcome.recovery.snapshot.map { "snapshot \($0.short)" } ?? "nothing to recover")
                }
                ParityUpkeep.follow(repository, access, progress: progress)
                return outcome
            }
        }
    }
}
