// ForgetSnapshots: the verb `forget`: removes snapshots by policy, or those named, and prunes after that if asked.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat
package import Upkeep

package struct ForgetSnapshots {
    /// Which snapshots go.
    package enum Choice: Sendable {
        /// Exactly these: ids, prefixes of them, or "latest".
        case named([String])
        /// Those a policy does not keep. With an empty policy all, if that is allowed.
        case policy(ForgetPolicy, SnapshotGrouping, allowRemoveAll: Bool)
        /// Those that a plan of one's own, made of all snapshots and the time, does not keep.
        case planned(@Sendable ([CatalogedSnapshot], Timestamp) throws -> ForgetPlan)
    }

    package var access: RepositoryAccess
    package var choice: Choice
    package var filter: SnapshotFilter
    package var dryRun = false
    /// Nil: do not prune.
    package var prune: PruneOptions?
    /// Of the run that this is a part of, for the audit log.
    package var runID: String?

    package init(access: RepositoryAccess, choice: Choice, filter: SnapshotFilter) {
        self.access = access
        self.choice = choice
        self.filter = filter
    }

    package struct Outcome: Sendable {
        /// Nil if the snapshots were named.
        package let plan: ForgetPlan?
        /// What was removed, or would be.
        package let removed: [SnapshotID]
        package let failed: [(id: SnapshotID, message: String)]
        package let pruned: PruneRepository.Outcome?
    }

    /// - Parameters:
    ///   - onPlan: the decisions, before anything is removed.
    ///   - onPrunePlan: shown before anything is pruned.
    package func run(
        progress: @escaping UpkeepProgressHandler, onPlan: (ForgetPlan) -> Void = { _ in }, onPrunePlan: (String) -> Void = { _ in }
    ) throws -> Outcome {
        try Cancelled.explained(
            dryRun ? "nothing was changed" : "snapshots that were removed until then stay removed, all others are whole", next: "run `lifeboat forget` again"
        ) {
            try forget(progress: progress, onPlan: onPlan, onPrunePlan: onPrunePlan)
        }
    }

    private func forget(
        progress: @escaping UpkeepProgressHandler, onPlan: (ForgetPlan) -> Void, onPrunePlan: (String) -> Void
    ) throws -> Outcome {
        try access.exclusively(onlyReading: dryRun) { repository in
            let snapshots = try SnapshotCatalog.load(repository)
            let (plan, removals) = try decide(snapshots)
            if let plan { onPlan(plan) }
            let outcome = dryRun ? nil : try forget(removals, in: repository, progress)
            let removed = outcome?.removed ?? removals
            var pruned: PruneRepository.Outcome?
            if let prune, !removed.isEmpty {
                var verb = PruneRepository(access: access, options: prune)
                verb.dryRun = dryRun
                verb.runID = runID
                pruned = try verb.run(in: repository, ignoring: Set(removed), progress: progress, onPlan: onPrunePlan)
            }
            return Outcome(plan: plan, removed: removed, failed: outcome?.failed ?? [], pruned: pruned)
        }
    }

    private func forget(
        _ removals: [SnapshotID], in repository: Repository, _ progress: @escaping UpkeepProgressHandler
    ) throws -> Forget.Outcome {
        if removals.isEmpty { return try Forget.execute([], in: repository) }
        let action = AuditTrail.Action("forget", "\(AuditTrail.names(removals)) in \(access.address)", run: runID, destroys: true)
        return try access.audit.record(action) {
            try Forget.execute(removals, in: repository, progress: progress)
        } result: { outcome in
            outcome.failed.isEmpty
                ? (0, "removed \(outcome.removed.count)")
                : (FailureCode.sourceIncomplete.rawValue, "removed \(outcome.removed.count), \(outcome.failed.count) could not be removed")
        }
    }

    private func decide(_ snapshots: [CatalogedSnapshot]) throws -> (plan: ForgetPlan?, removals: [SnapshotID]) {
        switch choice {
        case .named(let names):
            let chosen = try names.map { try SnapshotCatalog.resolve($0, in: snapshots, filter: filter).snapshot.id }
            return (nil, Set(chosen).sorted())
        case .policy(let policy, let grouping, let allowRemoveAll):
            let now = Identity.ofThisProcess().now()
            let plan = try ForgetPlan(
                snapshots, policy: policy, filter: filter, grouping: grouping, now: now, allowRemoveAll: allowRemoveAll)
            return (plan, plan.removals)
        case .planned(let make):
            let plan = try make(snapshots, Identity.ofThisProcess().now())
            return (plan, plan.removals)
        }
    }
}
