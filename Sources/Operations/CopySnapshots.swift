// CopySnapshots: the verb `copy`: snapshots of one repository into another.
//
// Both are locked, shared: nothing may vanish from either meanwhile. The source may lie on a disk that cannot be written; then it is
// read without a lock. Snapshots are listed before the index is loaded, in each of the two.

import Bytes
package import RepositoryEngine
import RepositoryFormat
package import Upkeep

package struct CopySnapshots {
    package var source: RepositoryAccess
    package var destination: RepositoryAccess
    package var choice: SnapshotChoice
    package var writer: WriterOptions

    package init(source: RepositoryAccess, destination: RepositoryAccess, choice: SnapshotChoice, writer: WriterOptions = WriterOptions()) {
        self.source = source
        self.destination = destination
        self.choice = choice
        self.writer = writer
        self.destination.withoutLock = false
    }

    /// - Parameters:
    ///   - onChoice: what is there already and what will be copied, before anything is.
    ///   - onCopied: hears of each snapshot as soon as it is safe in the destination.
    package func run(
        progress: @escaping UpkeepProgressHandler, onChoice: (CopyChoice) -> Void = { _ in }, onCopied: (CopyOutcome.Copied) -> Void = { _ in }
    ) throws -> CopyOutcome {
        try Cancelled.explained(
            "snapshots that were copied until then are whole, the others are not there yet",
            next: "run `lifeboat copy` again: it sends what is missing"
        ) {
            try source.withIndex(.shared, onlyReading: true) { from, snapshots in
                let chosen = try choice.chosen(from: snapshots)
                return try destination.withIndexForAdding { to, present in
                    let missing = CopyChoice(of: chosen, missingIn: present)
                    onChoice(missing)
                    let outcome = try copy(missing, from, to, progress, onCopied)
                    ParityUpkeep.follow(to.repository, destination, progress: progress)
                    return outcome
                }
            }
        }
    }

    private func copy(
        _ missing: CopyChoice, _ from: IndexedRepository, _ to: IndexedRepository, _ progress: @escaping UpkeepProgressHandler,
        _ onCopied: (CopyOutcome.Copied) -> Void
    ) throws -> CopyOutcome {
        let action = AuditTrail.Action("copy", "\(source.address) to \(destination.address)")
        return try destination.audit.record(action, announced: false) {
            try SnapshotCopy(from: from, to: to, options: writer, progress: progress).run(missing, onCopied: onCopied)
        } result: { outcome in
            (0, "copied \(outcome.copied.count), \(outcome.present.count) were there")
        }
    }
}
