// AppRestore: the verb `restore` for an application.
//
// 1. Plan: which snapshots make up the recovery point, and what is in the way (AppRestorePlan). Then the question.
// 2. Fetch: every database comes out of the repository into a new file beside the live one and is proved: integrity_check, every
//    table and every byte against its manifest. Until here nothing of the application was touched.
// 3. Safety: what is about to be replaced is saved as snapshots of its own (tag `safety`).
// 4. Apply: configuration, databases (one atomic swap each), files.
//
// A file outside the repository is imported first, and its snapshots are what is restored (AppArtefact). What a killed import left behind, which
// nothing counts as a backup, the next one removes.
//
// If something fails in 1 to 3, the application is as it was. In 4 one source that fails is reported and the others are still
// brought back; a database that fails is untouched. Not promised: that an application that keeps running sees all sources change at
// one instant; take it out of service first.

package import Archiving
import Bytes
import Databases
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

package struct AppRestore {
    package enum Event: Sendable {
        case phase(String)
        case note(String)
        case problem(AppSource, RestoreProblem)
    }

    package let workbench: AppWorkbench
    package var selection = AppRestoreSelection()
    package var takesSafetyBackup = true
    /// Remove what the snapshot does not have from restored directories.
    package var delete = false
    /// Replace a database although other processes have it open.
    package var replacesWhileOpen = false
    /// Also bring back the accounts that a server's database belongs to.
    package var restoresAccounts = false
    package var dryRun = false
    /// Restored instead of snapshots of the repository.
    package var artefact: AppArtefact?

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    /// - Parameter confirm: shown the plan when something would be replaced or the application itself is restored; false ends the run.
    package func run(
        progress: Progress = Progress(), cancellation: Cancellation = Cancellation(), confirm: (AppRestorePlan) throws -> Bool,
        onEvent: @escaping (Event) -> Void = { _ in }
    ) throws -> AppRestoreOutcome {
        let lock = try workbench.state.acquireRunLock()
        let damaged = DamagedSnapshots()
        var access = damaged.watching(workbench.access)
        if artefact != nil && access.withoutLock { throw Failure(.usage, "--no-lock is for reading, and a file is imported before it is restored") }
        access.withoutLock = access.withoutLock || (dryRun && artefact == nil)
        // Without a safety backup nothing is written to the repository: it may be read-only.
        let onlyReading = artefact == nil && (selection.target != nil || !takesSafetyBackup)
        return try Cancelled.explained("nothing was changed", next: nil) {
            try access.withIndex(.shared, onlyReading: onlyReading) { found, snapshots in
                for message in damaged.messages { onEvent(.note(message)) }
                if artefact != nil { AppImport.remove(AppImport.leftovers(snapshots, of: workbench), found) }
                let imported = try importArtefact(found, lock, progress, cancellation, onEvent)
                defer { AppImport.remove(imported, found) }
                let indexed = imported.isEmpty ? found : try IndexedRepository.load(found.repository)
                var selection = selection
                if !imported.isEmpty { selection.snapshotIDs = imported.map(\.id.hex) }
                let planner = AppRestorePlanner(workbench, selection, indexed, snapshots + imported)
                let plan = try planner.plan()
                try refuseImpossible(plan)
                if dryRun { return AppRestoreOutcome(plan: plan, isDryRun: true) }
                guard try confirm(plan) else { throw Failure(.cancelled, "nothing was changed") }
                let source = selection.sources.count == 1 ? selection.sources.first?.rawValue : nil
                let run = AppRun.begin(
                    RunStart(verb: "restore", application: workbench.application.name, source: source), in: workbench.state,
                    now: workbench.identity.now())
                defer { for warning in run.warnings { onEvent(.note(warning)) } }
                let staging = try workbench.state.makeStaging(run: run.id.text, under: lock)
                defer { try? Directory.removeTree(staging) }
                let session = AppRestoreSession(
                    options: self, plan: plan, catalog: planner.catalog, indexed: indexed, run: run, staging: staging, progress: progress,
                    cancellation: cancellation, onEvent: onEvent)
                let hooks = AppHooks(workbench: workbench, verb: .restore) { onEvent(.note($0)) }
                let action = AuditTrail.Action("restore", describe(plan), run: run.id.text)
                return try run.record {
                    try access.audit.record(action) {
                        try hooks.around(isDryRun: false) {
                            try Cancelled.explained(kept(run.phases, plan), next: next(run.phases)) { try session.carryOut() }
                        }
                    } result: { outcome in
                        let safety = outcome.safetyBackups.map(\.id)
                        return (outcome.record(phases: []).exitStatus, safety.isEmpty ? "done" : "safety backups \(AuditTrail.names(safety))")
                    }
                } result: { outcome in
                    outcome.record(phases: run.phases)
                }
            }
        }
    }

    // MARK: Cancelled

    private static let applying = ["config", "database", "files"]

    private func kept(_ phases: [PhaseDuration], _ plan: AppRestorePlan) -> String {
        if let target = plan.target { return "what was restored until then stays in '\(target)', the rest is missing" }
        guard let last = phases.last(where: { Self.applying.contains($0.name) })?.name else { return "nothing of the application was changed" }
        let safety = phases.contains { $0.name == "safety" } ? "; what was there before is kept (`lifeboat snapshots --tag safety`)" : ""
        return "the \(last == "files" ? "files are" : "\(last) is") only partly back\(safety)"
    }

    private func next(_ phases: [PhaseDuration]) -> String {
        phases.contains { Self.applying.contains($0.name) } ? "run the restore again, before the application is used" : "run the restore again"
    }

    // MARK: A file instead of snapshots

    private func importArtefact(
        _ indexed: IndexedRepository, _ lock: AppState.RunLock, _ progress: Progress, _ cancellation: Cancellation, _ onEvent: @escaping (Event) -> Void
    ) throws -> [CatalogedSnapshot] {
        guard let artefact else { return [] }
        guard selection.snapshotIDs.isEmpty, selection.instant == nil, selection.tables.isEmpty else {
            throw Failure(.usage, "--from takes everything from its file", hint: "leave out --snapshot, --at and --tables")
        }
        let staging = try workbench.state.makeStaging(run: "import", under: lock)
        defer { try? Directory.removeTree(staging) }
        return try AppImport(
            workbench: workbench, artefact: artefact, selection: selection, indexed: indexed, staging: staging, progress: progress,
            cancellation: cancellation, onNote: { onEvent(.note($0)) }
        ).run()
    }

    /// "4f2a91c0 9b1c22d0 over /srv/www/sms".
    private func describe(_ plan: AppRestorePlan) -> String {
        let snapshots = plan.trees.map(\.snapshot.id) + plan.databases.map(\.saved.snapshot.id)
        let tables = selection.tables.isEmpty ? "" : ", tables \(selection.tables.joined(separator: ", "))"
        return "\(AuditTrail.names(snapshots)) \(plan.target.map { "into \($0)" } ?? "over \(workbench.application.root)")\(tables)"
    }

    private func refuseImpossible(_ plan: AppRestorePlan) throws {
        if delete, workbench.application.files?.excludeLargerThan != nil, plan.files != nil {
            throw Failure(
                .usage, "--delete would remove the large files that `exclude_larger_than` keeps out of the backups",
                hint: "leave --delete out, or remove surplus files by hand")
        }
        if !selection.tables.isEmpty, plan.databases.count != 1 {
            throw Failure(
                .usage, "--tables needs one database, and there are \(plan.databases.count)", hint: "choose one with --snapshot ID")
        }
    }
}
