// Retag: other tags for snapshots that are there.
//
// A snapshot that changes is saved anew and then removed (SnapshotReplacement); `original` keeps naming the first of its ids. One whose
// tags are already as wanted stays as it is, with its id.

import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Stores

/// What is done to the tags.
package enum TagChange: Sendable, Equatable {
    /// These and no others; none at all if the list is empty.
    case set([String])
    /// Missing ones are appended, then the unwanted ones removed.
    case change(add: [String], remove: [String])

    /// The snapshot with its tags changed; nil if they are already so.
    package func applied(to entry: CatalogedSnapshot) -> SnapshotFile? {
        var snapshot = entry.snapshot
        switch self {
        case .set(let tags): snapshot.set(tags: tags)
        case .change(let add, let remove):
            snapshot.add(tags: add)
            snapshot.remove(tags: remove)
        }
        guard snapshot.tags != entry.snapshot.tags else { return nil }
        snapshot.original = snapshot.original ?? entry.id
        return snapshot
    }
}

package enum Retag {
    package struct Replaced: Sendable, Equatable {
        package let old: SnapshotID
        package let new: SnapshotID
        package let tags: [String]
    }

    package struct Outcome: Sendable {
        package var replaced: [Replaced] = []
        /// Old snapshots that could not be removed although their successors are there.
        package var remaining: [(id: SnapshotID, message: String)] = []

        package init() {}
    }

    /// The snapshots that the change concerns, as they will be.
    package static func plan(_ snapshots: [CatalogedSnapshot], _ change: TagChange) -> [(old: CatalogedSnapshot, new: SnapshotFile)] {
        snapshots.compactMap { entry in change.applied(to: entry).map { (entry, $0) } }
    }

    /// - Parameter repository: the one an exclusive lock guards.
    package static func execute(
        _ plan: [(old: CatalogedSnapshot, new: SnapshotFile)], in repository: Repository,
        progress: @escaping UpkeepProgressHandler = { _ in }
    ) throws -> Outcome {
        if repository.config.isAppendOnly, !plan.isEmpty { throw UpkeepFailure.appendOnly(location: repository.store.location) }
        var outcome = Outcome()
        let counter = StageCounter(.replacingSnapshots, total: plan.count, progress)
        for (old, new) in plan {
            let result = try SnapshotReplacement.replace(old.id, with: new, in: repository)
            outcome.replaced.append(Replaced(old: old.id, new: result.id, tags: new.tags))
            if let message = result.remains { outcome.remaining.append((old.id, message)) }
            counter.advance()
        }
        return outcome
    }
}
