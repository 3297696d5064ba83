// Forget: removing old snapshots. A plan says which and why; executing it deletes the snapshot files and nothing else. The data only
// they needed stays until the repository is pruned.
//
// What is promised: a plan never empties a group unless that was asked for in so many words, and never leaves fewer snapshots in
// one than the policy's minimum.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Stores

package struct ForgetPlan: Sendable {
    package struct Group: Sendable {
        package let key: SnapshotGrouping.Key
        /// Newest first, each with the rule that keeps it or why none does.
        package let decisions: [ForgetPolicy.Decision]

        package init(key: SnapshotGrouping.Key, decisions: [ForgetPolicy.Decision]) {
            self.key = key
            self.decisions = decisions
        }

        /// Newest first, with reasons.
        package var keep: [ForgetPolicy.Decision] { decisions.filter(\.keeps) }
        /// Newest first.
        package var remove: [CatalogedSnapshot] { decisions.filter { !$0.keeps }.map(\.snapshot) }
    }

    package let groups: [Group]

    /// A plan that was decided elsewhere, group by group.
    package init(groups: [Group]) { self.groups = groups }

    /// The snapshots that go, of all groups.
    package var removals: [SnapshotID] { groups.flatMap { $0.remove.map(\.id) } }

    /// Applies a policy to each group of the snapshots that the filter matches.
    ///
    /// - Parameter allowRemoveAll: with an empty policy *and* a filter, everything that matches goes.
    package init(
        _ snapshots: [CatalogedSnapshot], policy: ForgetPolicy, filter: SnapshotFilter = SnapshotFilter(),
        grouping: SnapshotGrouping = SnapshotGrouping(), now: Timestamp, allowRemoveAll: Bool = false
    ) throws(UpkeepFailure) {
        if policy.isEmpty {
            guard allowRemoveAll else { throw .noPolicy }
            guard !filter.isEmpty else { throw .removeAllWithoutFilter }
        }
        var groups: [Group] = []
        for (key, members) in grouping.groups(of: snapshots.filter { filter.matches($0.snapshot) }) {
            let decisions = policy.decide(members, now: now)
            if !policy.isEmpty && !decisions.contains(where: \.keeps) { throw .nothingKept(group: key.description) }
            groups.append(Group(key: key, decisions: decisions))
        }
        self.groups = groups
    }
}

package enum Forget {
    package struct Outcome: Sendable {
        package var removed: [SnapshotID] = []
        package var failed: [(id: SnapshotID, message: String)] = []
    }

    /// Deletes snapshot files. One that cannot be deleted is counted and the others go on; a lost lock ends it.
    /// - Parameter repository: the one an exclusive lock guards.
    package static func execute(
        _ snapshots: [SnapshotID], in repository: Repository, progress: @escaping UpkeepProgressHandler = { _ in }
    ) throws -> Outcome {
        if repository.config.isAppendOnly { throw UpkeepFailure.appendOnly(location: repository.store.location) }
        var outcome = Outcome()
        let counter = StageCounter(.deletingSnapshots, total: snapshots.count, progress)
        for id in snapshots {
            do {
                try SnapshotCatalog.delete(id, in: repository)
                outcome.removed.append(id)
            } catch let error as StoreFailure {
                outcome.failed.append((id, error.message))
            }
            counter.advance()
        }
        return outcome
    }
}
