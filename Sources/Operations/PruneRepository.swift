// PruneRepository: the verb `prune`: frees what no snapshot needs.

package import RepositoryEngine
import RepositoryFormat
package import Upkeep

package struct PruneRepository {
    package var access: RepositoryAccess
    package var options: PruneOptions
    package var writer: WriterOptions
    package var dryRun = false
    /// Of the run that this is a part of, for the audit log.
    package var runID: String?

    package init(access: RepositoryAccess, options: PruneOptions, writer: WriterOptions = WriterOptions()) {
        self.access = access
        self.options = options
        self.writer = writer
    }

    package struct Outcome: Sendable {
        /// For people: what is needed, what is not, and what is done about it.
        package let plan: String
        package let statistics: PruneStatistics
        /// Nil for a dry run.
        package let executed: PruneOutcome?
    }

    /// - Parameter onPlan: shown before anything is changed.
    package func run(progress: @escaping UpkeepProgressHandler, onPlan: (String) -> Void = { _ in }) throws -> Outcome {
        try Cancelled.explained(
            dryRun ? "nothing was changed" : "every snapshot is whole; what was not freed yet is still there", next: "run `lifeboat prune` again"
        ) {
            try access.exclusively(onlyReading: dryRun) { try run(in: $0, ignoring: [], progress: progress, onPlan: onPlan) }
        }
    }

    /// - Parameter repository: the one an exclusive lock guards.
    func run(
        in repository: Repository, ignoring: Set<SnapshotID>, progress: @escaping UpkeepProgressHandler, onPlan: (String) -> Void
    ) throws -> Outcome {
        let plan = try PrunePlan.make(for: repository, ignoring: ignoring, options: options, progress: progress)
        onPlan(plan.description)
        if dryRun { return Outcome(plan: plan.description, statistics: plan.statistics, executed: nil) }
        let outcome = try execute(plan, progress)
        ParityUpkeep.follow(repository, access, progress: progress)
        return outcome
    }

    private func execute(_ plan: PrunePlan, _ progress: @escaping UpkeepProgressHandler) throws -> Outcome {
        try access.audit.record(AuditTrail.Action("prune", "\(access.address)", run: runID, destroys: true)) {
            var execution = PruneExecution(plan, writerOptions: writer, progress: progress) { leaving in
                ParityUpkeep.prepare(forDeletionOf: leaving, in: plan.indexed, access, progress: progress)
            }
            return Outcome(plan: plan.description, statistics: plan.statistics, executed: try execution.run())
        } result: { outcome in
            (0, "freed \(outcome.statistics.freedByteCount) bytes, \(outcome.executed?.deletedPackCount ?? 0) packs deleted")
        }
    }
}
