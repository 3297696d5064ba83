// TagSnapshots: the verb `tag`: other tags for snapshots that are there.

import Bytes
import RepositoryEngine
import RepositoryFormat
package import Upkeep

package struct TagSnapshots {
    package var access: RepositoryAccess
    package var choice: SnapshotChoice
    package var change: TagChange

    package init(access: RepositoryAccess, choice: SnapshotChoice, change: TagChange) {
        self.access = access
        self.choice = choice
        self.change = change
    }

    package func run(progress: @escaping UpkeepProgressHandler) throws -> Retag.Outcome {
        try Cancelled.explained("every snapshot is there, with its old tags or with the new ones", next: "run `lifeboat tag` again") {
            try access.exclusively { repository in
                let chosen = try choice.chosen(from: access.loadSnapshots(repository))
                let plan = Retag.plan(chosen, change)
                if plan.isEmpty { return Retag.Outcome() }
                let action = AuditTrail.Action("tag", "\(AuditTrail.names(plan.map(\.old.id))) in \(access.address)")
                return try access.audit.record(action) {
                    try Retag.execute(plan, in: repository, progress: progress)
                } result: { outcome in
                    (outcome.remaining.isEmpty ? 0 : FailureCode.sourceIncomplete.rawValue, "changed the tags of \(outcome.replaced.count)")
                }
            }
        }
    }
}
