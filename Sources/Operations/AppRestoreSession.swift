// AppRestoreSession: carries out the plan of a restore, step by step (see AppRestore).

import Archiving
import Bytes
import Databases
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

struct AppRestoreSession {
    let options: AppRestore
    let plan: AppRestorePlan
    let catalog: AppCatalog
    let indexed: IndexedRepository
    let run: AppRun
    let staging: BytePath
    let progress: Progress
    let cancellation: Cancellation
    let onEvent: (AppRestore.Event) -> Void

    private var workbench: AppWorkbench { options.workbench }

    func carryOut() throws -> AppRestoreOutcome {
        let started = Host.monotonicNanoseconds()
        var outcome = AppRestoreOutcome(plan: plan, isDryRun: false, runID: run.id)
        var fetched: [any FetchedDatabase] = []
        defer { for database in fetched { database.discard() } }
        if !plan.databases.isEmpty {
            try step("fetch") { for database in plan.databases { fetched.append(try fetch(database)) } }
        }
        let maintenance = plan.target == nil ? AppMaintenance(workbench: workbench) : nil
        if let problem = maintenance?.down() { onEvent(.note(problem)) }
        if plan.target == nil && options.takesSafetyBackup && plan.replacesSomething {
            do {
                outcome.safetyBackups = try step("safety") { try safety.save(plan) }
            } catch {
                // Nothing was replaced: the application may go on.
                if let problem = maintenance?.up() { onEvent(.note(problem)) }
                throw error
            }
        }
        do {
            try putInPlace(fetched, &outcome)
        } catch {
            if let maintenance { endMaintenance(maintenance, isComplete: false) }
            throw error
        }
        if let maintenance { endMaintenance(maintenance, isComplete: outcome.code == nil) }
        outcome.durationNanoseconds = Host.monotonicNanoseconds() - started
        return outcome
    }

    private func putInPlace(_ fetched: [any FetchedDatabase], _ outcome: inout AppRestoreOutcome) throws {
        if let config = plan.config { outcome.parts.append(try step("config") { try restore(config) }) }
        if !fetched.isEmpty {
            outcome.parts += try step("database") { fetched.map { restore($0) } }
        }
        if let files = plan.files { outcome.parts.append(try step("files") { try restore(files) }) }
    }

    /// What is back completely goes into service; half an application stays out of it, for a person to decide.
    private func endMaintenance(_ maintenance: AppMaintenance, isComplete: Bool) {
        if isComplete {
            if let problem = maintenance.up() { onEvent(.note(problem)) }
        } else if let line = workbench.settings.app.maintenance?.up {
            onEvent(.note("the application was left out of service, since not everything is back; `\(line)` ends that"))
        }
    }

    private func step<Value>(_ name: String, _ body: () throws -> Value) throws -> Value {
        if cancellation.isCancelled { throw RepositoryFailure.cancelled }
        onEvent(.phase(name))
        return try run.phase(name, body)
    }

    private var safety: AppSafety {
        AppSafety(
            session: AppBackupSession(
                workbench: workbench, catalog: catalog, run: run, staging: staging, isSafety: true, progress: progress,
                cancellation: cancellation),
            indexed: indexed)
    }

    // MARK: Parts

    private func restore(_ tree: AppRestorePlan.Tree) throws -> AppRestoreOutcome.Part {
        var part = AppRestoreOutcome.Part(source: tree.source, snapshot: tree.snapshot)
        do {
            // Configuration restored just now must not be overwritten by an older copy of it inside the files.
            let settled = tree.source == .files ? plan.config?.paths.map(\.path) ?? [] : []
            let restorer = AppTreeRestore(
                workbench: workbench, indexed: indexed, tree: tree, settled: settled, delete: options.delete, progress: progress,
                cancellation: cancellation)
            part.summary = try restorer.run()
        } catch RepositoryFailure.cancelled {
            throw RepositoryFailure.cancelled
        } catch {
            part.failure = Failure(describing: error)
        }
        for problem in part.summary.problems { onEvent(.problem(tree.source, problem)) }
        return finished(part)
    }

    private func fetch(_ database: AppRestorePlan.Database) throws -> any FetchedDatabase {
        let onServer = AppServerRestore(
            indexed: indexed, restoresAccounts: options.restoresAccounts, progress: progress, cancellation: cancellation)
        switch database.destination {
        case .file(let path, let node, let manifest):
            let restorer = AppDatabaseRestore(
                workbench: workbench, indexed: indexed, staging: staging, replacesWhileOpen: options.replacesWhileOpen, progress: progress,
                cancellation: cancellation)
            return try restorer.fetch(database, to: path, node, manifest, isElsewhere: plan.target != nil)
        case .server(let server, let manifest): return try onServer.fetch(database, into: server, manifest)
        case .directory(let directory): return try onServer.extract(database, to: directory)
        }
    }

    private func restore(_ fetched: any FetchedDatabase) -> AppRestoreOutcome.Part {
        var part = AppRestoreOutcome.Part(source: .database, snapshot: fetched.database.saved.snapshot)
        let restored = fetched.database.restoredTables
        part.rowCount = restored.reduce(0) { $0 + ($1.rowCount ?? 0) }
        part.tableCount = restored.count
        part.summary = fetched.summary
        part.proof = fetched.proof
        do {
            for note in fetched.notes + (try fetched.apply()) { onEvent(.note(note)) }
        } catch {
            part.failure = Failure(describing: error)
        }
        return finished(part)
    }

    private func finished(_ part: AppRestoreOutcome.Part) -> AppRestoreOutcome.Part {
        if let failure = part.failure { run.note(.error, "\(part.source.rawValue): \(failure.message)") }
        return part
    }
}
