// AppBackup: the verb `backup` for an application.
//
// 1. The run lock of this machine, then a shared lock in the repository, for the whole run.
// 2. Configuration, then databases, then files: a row that names a file is never older than the file, so a file without a
//    row may be restored (harmless), a row without its file not.
// 3. Each source becomes a snapshot of its own. One that fails is reported, and the others are still saved.
//
// Not promised: a single instant for all sources. The order above is what keeps them usable together.

package import Archiving
package import Bytes
import HostOS
import Journal
package import RepositoryEngine
package import Settings

package struct AppBackup {
    package enum Event: Sendable {
        case started(AppUnit)
        case finished(AppUnitOutcome)
        case warning(String)
    }

    package let workbench: AppWorkbench
    /// Which sources; the order does not matter.
    package var sources: Set<AppSource> = Set(AppSource.allCases)
    /// restic patterns of files to leave out, beside those of the settings.
    package var exclude: [String] = []
    package var dryRun = false
    /// Where the passing copy of a database lies; the state directory otherwise.
    package var staging: BytePath?
    package var writer = WriterOptions()

    package init(_ workbench: AppWorkbench) { self.workbench = workbench }

    /// - Throws: what stops the whole run: no repository, wrong key, locked, cancelled. What stops one source is in the outcome.
    package func run(
        progress: Progress = Progress(), cancellation: Cancellation = Cancellation(), onEvent: @escaping (Event) -> Void = { _ in }
    ) throws -> AppBackupOutcome {
        let units = try units()
        let lock = try workbench.state.acquireRunLock()
        let source = sources.count == 1 ? sources.first?.rawValue : nil
        let run = AppRun.begin(
            RunStart(verb: "backup", application: workbench.application.name, source: source), in: workbench.state,
            now: workbench.identity.now(),
            recorded: !dryRun)
        let staging = try workbench.state.makeStaging(in: staging, run: run.id.text, under: lock)
        defer { try? Directory.removeTree(staging) }
        defer { for warning in run.warnings { onEvent(.warning(warning)) } }
        for notice in workbench.application.notices { onEvent(.warning(notice)) }
        let damaged = DamagedSnapshots()
        var access = damaged.watching(workbench.access)
        access.withoutLock = dryRun
        let started = Host.monotonicNanoseconds()
        var saved: [String] = []
        let note = { (event: Event) in
            if case .finished(let outcome) = event, outcome.failure == nil { saved.append(outcome.unit.label) }
            onEvent(event)
        }
        let hooks = AppHooks(workbench: workbench, verb: .backup) { onEvent(.warning($0)) }
        let action = AuditTrail.Action("backup", "\(units.map(\.label).joined(separator: ", ")) into \(access.address)", run: run.id.text)
        let audit = dryRun ? AuditTrail.none : access.audit
        return try run.record {
            try audit.record(action, announced: false) {
                let outcomes = try hooks.around(isDryRun: dryRun) {
                    try Cancelled.explained(Self.kept(dryRun ? [] : saved), next: "run it again: what is stored already need not be stored again") {
                        try access.withIndexForAdding { indexed, snapshots in
                            for message in damaged.messages { onEvent(.warning(message)) }
                            let session = AppBackupSession(
                                workbench: workbench, catalog: AppCatalog(snapshots, application: workbench.application.name), run: run,
                                staging: staging, dryRun: dryRun, writer: writer, progress: progress, cancellation: cancellation)
                            let outcomes = try save(units, session, indexed, note)
                            if !dryRun { ParityUpkeep.follow(indexed.repository, access) }
                            return outcomes
                        }
                    }
                }
                return AppBackupOutcome(
                    runID: run.id, units: outcomes, isDryRun: dryRun, durationNanoseconds: Host.monotonicNanoseconds() - started)
            } result: { outcome in
                (outcome.code?.rawValue ?? 0, "snapshots \(AuditTrail.names(outcome.units.compactMap { $0.summary?.snapshotID }))")
            }
        } result: { outcome in
            outcome.record(phases: run.phases)
        }
    }

    private static func kept(_ saved: [String]) -> String {
        saved.isEmpty ? "no new backup was made; all earlier ones are as they were" : "\(saved.joined(separator: " and ")) saved, the rest not"
    }

    private func save(
        _ units: [AppUnit], _ session: AppBackupSession, _ indexed: IndexedRepository, _ onEvent: (Event) -> Void
    ) throws -> [AppUnitOutcome] {
        var indexed = indexed
        var outcomes: [AppUnitOutcome] = []
        for unit in units {
            onEvent(.started(unit))
            let outcome = try session.run.phase(unit.label) { try session.save(unit, indexed) }
            if let failure = outcome.failure {
                session.run.note(.error, "\(unit.label): \(failure.message)")
                // The index still counts what the failed source had begun to store as stored. It is not.
                if !dryRun { indexed = try IndexedRepository.load(indexed.repository) }
            }
            outcomes.append(outcome)
            onEvent(.finished(outcome))
        }
        return outcomes
    }

    /// What there is to save, in order.
    package func units() throws -> [AppUnit] {
        let application = workbench.application
        let units = AppSource.allCases.filter(sources.contains).flatMap { source -> [AppUnit] in
            switch source {
            case .config: application.config.isEmpty ? [] : [.config(application.config)]
            case .database: application.databases.map { .database($0, isOnlyOne: application.databases.count == 1) }
            case .files: application.files.map { $0.paths.isEmpty ? [] : [.files($0.excluding(exclude))] } ?? []
            }
        }
        guard units.isEmpty else { return units }
        let what = sources.count == 1 ? sources.first?.rawValue ?? "" : "database, files or configuration"
        throw Failure(
            .configInvalid, "'\(application.name)' has no \(what) to save",
            hint: "`lifeboat config show` prints what was found; say what there is under `sources:`")
    }
}

/// One thing to save or bring back: the configuration, the files, or one of the databases.
package enum AppUnit: Sendable {
    case config([BytePath])
    case database(ResolvedDatabase, isOnlyOne: Bool)
    case files(ResolvedFiles)

    package var source: AppSource {
        switch self {
        case .config: .config
        case .database: .database
        case .files: .files
        }
    }

    /// "database", or "database reports" where there are several.
    package var label: String {
        if case .database(let database, isOnlyOne: false) = self { return "database \(database.name)" }
        return source.rawValue
    }
}
