// AppRetain: applies the `retention:` of the settings to an application's snapshots: forgets what no rule keeps, and prunes if asked.
//
// 1. The run lock of this machine, then the repository for itself: nothing is saved while a plan is made and carried out.
// 2. All snapshots are read; one that cannot be ends it, because what it needs would not be known. 3. The plan (AppRetentionPlan).
// 4. Snapshot files are deleted, then, if any went, what only they needed.
//
// Called by `forget` without a policy, and after a complete backup by `--clean-old` and the schedule.

import Bytes
import HostOS
package import Journal
import RepositoryEngine
import RepositoryFormat
import Settings
package import Upkeep

package struct AppRetain: Sendable {
    package let workbench: AppWorkbench
    package var sources: Set<AppSource> = Set(AppSource.allCases)
    package var dryRun = false
    /// Nil: the space is not freed.
    package var prune: PruneOptions?

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    package struct Outcome: Sendable {
        /// Nil for a dry run.
        package let runID: RunID?
        package let plan: ForgetPlan
        package let forgotten: ForgetSnapshots.Outcome

        package var keptCount: Int { plan.groups.reduce(0) { $0 + $1.keep.count } }
    }

    /// - Parameters:
    ///   - onPlan: the decisions, before anything is removed.
    ///   - onPrunePlan: shown before anything is pruned.
    package func run(
        progress: @escaping UpkeepProgressHandler = { _ in }, onPlan: (ForgetPlan) -> Void = { _ in }, onPrunePlan: (String) -> Void = { _ in }
    ) throws -> Outcome {
        let lock = try dryRun ? nil : workbench.state.acquireRunLock()
        defer { withExtendedLifetime(lock) {} }
        let source = sources.count == 1 ? sources.first?.rawValue : nil
        let run = AppRun.begin(
            RunStart(verb: "forget", application: workbench.application.name, source: source), in: workbench.state,
            now: workbench.identity.now(), recorded: !dryRun)
        return try run.record {
            var verb = ForgetSnapshots(access: workbench.access, choice: .planned { plan($0, $1) }, filter: SnapshotFilter())
            verb.dryRun = dryRun
            verb.prune = prune
            verb.runID = run.id.text
            let forgotten = try verb.run(progress: progress, onPlan: onPlan, onPrunePlan: onPrunePlan)
            return Outcome(runID: dryRun ? nil : run.id, plan: forgotten.plan ?? ForgetPlan(groups: []), forgotten: forgotten)
        } result: { outcome in
            let failed = outcome.forgotten.failed
            return RunResult(
                exitStatus: failed.isEmpty ? 0 : FailureCode.sourceIncomplete.rawValue, snapshotIDs: outcome.forgotten.removed.map(\.hex),
                message: failed.isEmpty ? nil : "\(failed.count) snapshots could not be removed", phases: run.phases)
        }
    }

    /// The policy for the repository in use; the general one if a flag or a variable chose a repository that the settings do not name.
    private var policy: Retention {
        let named = workbench.application.repositories.first { repository in
            repository.localPath.map { $0 == workbench.repositoryPath } ?? false
        }
        return named?.retention ?? workbench.application.retention.general
    }

    private func plan(_ snapshots: [CatalogedSnapshot], _ now: Timestamp) -> ForgetPlan {
        var plan = AppRetentionPlan(policy)
        plan.sources = sources
        let catalog = AppCatalog(snapshots, of: workbench)
        let name = catalog.all.first?.snapshot.applicationName ?? workbench.application.name
        return plan.plan(catalog.all, application: name, now: now)
    }
}
