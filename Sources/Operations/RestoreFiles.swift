// RestoreFiles: the verb `restore files`: a snapshot, or a part of one, into a directory.

package import Archiving
package import Bytes
package import FileTrees
package import RepositoryEngine
import RepositoryFormat

package struct RestoreFiles {
    package var access: RepositoryAccess
    /// `latest`, an id or a prefix of one, optionally followed by `:/directory`.
    package var snapshot: String
    package var filter: SnapshotFilter
    package var target: BytePath
    package var selection: Selection = .everything
    package var overwrite: RestoreRequest.Overwrite = .always
    package var delete = false
    package var sparse = false
    package var ownershipByName = false
    package var verify = false
    package var dryRun = false

    package init(access: RepositoryAccess, snapshot: String, filter: SnapshotFilter, target: BytePath) {
        self.access = access
        self.snapshot = snapshot
        self.filter = filter
        self.target = target
    }

    package struct Outcome: Sendable {
        package let snapshot: CatalogedSnapshot
        package let summary: RestoreSummary
    }

    package func run(
        progress: Progress = Progress(), cancellation: Cancellation = Cancellation(), onPlan: (RestorePlan) -> Void = { _ in }
    ) throws -> Outcome {
        try Cancelled.explained(
            dryRun ? "nothing was changed" : "what was restored until then stays in '\(target)', the rest is missing",
            next: "run it again: files that are right already are left alone"
        ) {
            try restore(progress: progress, cancellation: cancellation, onPlan: onPlan)
        }
    }

    private func restore(progress: Progress, cancellation: Cancellation, onPlan: (RestorePlan) -> Void) throws -> Outcome {
        try access.withIndex(.shared, onlyReading: true) { indexed, snapshots in
            let reference = try SnapshotCatalog.resolve(snapshot, in: snapshots, filter: filter)
            var request = RestoreRequest(tree: reference.snapshot.snapshot.tree, subfolder: reference.path, target: target)
            request.selection = selection
            request.overwrite = overwrite
            request.delete = delete
            request.sparse = sparse
            request.ownershipByName = ownershipByName
            request.verify = verify
            let plan = try RestorePlan.make(indexed, request, snapshotName: reference.snapshot.id.short)
            onPlan(plan)
            if dryRun { return Outcome(snapshot: reference.snapshot, summary: RestoreSummary(planned: plan)) }
            let summary = try RestoreRun(indexed, request, plan: plan, progress: progress, cancellation: cancellation).run()
            return Outcome(snapshot: reference.snapshot, summary: summary)
        }
    }
}
