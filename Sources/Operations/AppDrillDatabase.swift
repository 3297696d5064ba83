// AppDrillDatabase: one database of a drill: an SQLite file beside everything else, or a database in a throw-away server.
//
// SQLite         fetch: the file comes out of the repository. proof: SHA-256, integrity_check, every table against the manifest.
// MySQL, MariaDB load: a server of the same kind starts, everything goes into it. proof: every row read back, hashed and compared with
//                the manifest, before the tables take their names; then every view, trigger, routine and event.
//
// The questions of the settings are asked while the database is there. What says nothing about the backup (no server program, no
// space for one) leaves the part inconclusive.

import Archiving
import Bytes
import Databases
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings
import Synchronization

struct AppDrillFile {
    private let session: AppDrillSession
    let label: String
    private let saved: AppDatabaseSnapshot
    private let node: Node
    private let manifest: DatabaseManifest
    private let file: BytePath

    init(
        _ session: AppDrillSession, _ label: String, _ saved: AppDatabaseSnapshot, _ node: Node, _ manifest: DatabaseManifest, _ place: BytePath
    ) {
        self.session = session
        self.label = label
        self.saved = saved
        self.node = node
        self.manifest = manifest
        file = place.appending("database-\(saved.snapshot.id.short).sqlite")
    }

    var byteCount: UInt64 { manifest.byteCount }

    func run(_ questions: inout AppDrillQuestions) throws -> AppDrillReport.Part {
        var part = AppDrillReport.Part(source: .database, label: label, snapshot: saved.snapshot)
        let countable = manifest.tables.compactMap(\.rowCount)
        part.expectedTables = UInt64(countable.count)
        part.expectedRows = countable.reduce(0, +)
        let sqlite = session.workbench.sqlite
        do {
            let summary = try session.measure("fetch") {
                try saved.extract(node, to: file, session.indexed, progress: session.progress, cancellation: session.cancellation)
            }
            part.byteCount = summary.totalBytes
            let verification = try session.measure("proof") { try sqlite.verify(file, against: manifest) }
            let comparison = verification.comparison
            part.tables = UInt64(max(0, comparison.comparedTables - comparison.differences.count))
            part.notes += verification.foreignKeyProblems.map { "as saved, it has rows whose references lead nowhere: \($0)" }
            if !verification.wasSoundWhenCaptured { part.notes.append("it was damaged already when it was saved") }
            try verification.requireProof(of: saved.path)
            part.rows = comparison.comparedRows
            session.remains.keep(AppDrillRemains.Database(label: label, file: file, socket: nil, name: "main", serverProcessID: nil))
            session.measure("checks") { questions.ask { try sqlite.value(of: $0, in: file)?.description } }
        } catch RepositoryFailure.cancelled {
            throw RepositoryFailure.cancelled
        } catch {
            part.fail(Failure(describing: error))
        }
        part.failIfNothingWasCompared()
        return part
    }
}

struct AppDrillServer {
    private let session: AppDrillSession
    let label: String
    private let saved: AppDatabaseSnapshot
    private let manifest: ServerManifest

    init(_ session: AppDrillSession, _ label: String, _ saved: AppDatabaseSnapshot, _ manifest: ServerManifest) {
        self.session = session
        self.label = label
        self.saved = saved
        self.manifest = manifest
    }

    func run(_ questions: inout AppDrillQuestions) throws -> AppDrillReport.Part {
        var part = AppDrillReport.Part(source: .database, label: label, snapshot: saved.snapshot)
        let counted = manifest.tables.filter { !$0.isExcluded }
        part.expectedTables = UInt64(counted.count)
        part.expectedRows = counted.reduce(0) { $0 + $1.rows.rowCount }
        part.comparesValues = manifest.method == .native
        do {
            let server = try session.measure("load") { try start() }
            let watch = CancellationWatch(session.cancellation) { server.stop() }
            defer { watch.end() }
            part.server = "\(server.program.version)"
            do {
                try prove(server, &part)
                let place = server.server.with(database: manifest.database)
                session.measure("checks") { questions.ask { try ReadOnlyQuestion.value(of: $0, on: place, password: [])?.description } }
            } catch {
                server.stop()
                throw error
            }
            keepOrStop(server)
        } catch {
            if session.cancellation.isCancelled { throw RepositoryFailure.cancelled }
            let failure = Failure(describing: error)
            if AppDrillServer.saysNothing(error) { part.doubt(failure) } else { part.fail(failure) }
        }
        part.failIfNothingWasCompared()
        return part
    }

    // MARK: Steps

    private func start() throws -> ThrowawayServer {
        let program = try ServerProgram.find(like: manifest.version, in: session.options.programPlaces)
        // Found is what resembles it most: with another vendor's server a difference would be no surprise, and no verdict.
        guard program.version.vendor == manifest.vendor else { throw ThrowawayServerFailure.notInstalled(manifest.vendor) }
        return try ThrowawayServer.start(
            ThrowawayServer.Options(
                source: manifest.version, sqlMode: manifest.sqlMode, lowerCaseTableNames: Int(clamping: manifest.lowerCaseTableNames),
                expectedByteCount: manifest.byteCount, directory: session.options.scratch ?? session.workbench.state.directory,
                programPlaces: session.options.programPlaces))
    }

    private func prove(_ server: ThrowawayServer, _ part: inout AppDrillReport.Part) throws {
        var options = MySQLRestore.Options()
        options.restoresAccounts = true
        let progress = session.progress, cancellation = session.cancellation, snapshot = saved.snapshot
        options.onBytes = { count in
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            progress.add(bytes: UInt64(count))
        }
        progress.expect(files: 0, bytes: manifest.byteCount)
        let source = RepositoryDumpSource(session.indexed, tree: snapshot.snapshot.tree, snapshotName: snapshot.id.short)
        let began = Host.monotonicNanoseconds()
        let fetched = try MySQLRestore(server.server, password: [], source: source, manifest: manifest, options: options).fetch()
        part.tables = UInt64(fetched.report.comparison.comparedTables)
        part.rows = fetched.report.comparison.comparedRows
        part.byteCount = manifest.byteCount
        let report = try fetched.apply()
        session.add(Host.monotonicNanoseconds() - began - report.proofNanoseconds, to: "load")
        session.add(report.proofNanoseconds, to: "proof")
        part.notes += report.notes + report.problems.map { "not back: \($0)" } + report.orphans.map { "as saved, it has \($0)" }
        let verdict = try session.measure("proof") {
            try DefinitionProof.verdict(server.server.with(database: manifest.database), password: [], manifest: manifest)
        }
        part.notes += verdict.tolerated.map { "\($0), which says nothing: it could not be used when it was saved, or this server prints it otherwise" }
        guard let first = verdict.differences.first else { return }
        let more = verdict.differences.count > 1 ? " (and \(verdict.differences.count - 1) more differences)" : ""
        throw Failure(.damaged, "what came back is not what was saved: \(first)\(more)", hint: "`lifeboat verify` shows whether the backup is damaged")
    }

    private func keepOrStop(_ server: ThrowawayServer) {
        guard session.options.keeps else { return server.stop() }
        let name = manifest.database.description
        var socket: BytePath?
        if case .socket(let path) = server.server.address { socket = path }
        session.remains.keep(
            server, AppDrillRemains.Database(label: label, file: nil, socket: socket, name: name, serverProcessID: server.processID))
    }

    /// Whether a failure is about this machine, not about the backup.
    private static func saysNothing(_ error: any Error) -> Bool {
        if error is ThrowawayServerFailure { return true }
        guard let kind = (error as? MySQLFailure)?.kind else { return false }
        return kind == .unsupported || kind == .noSpace
    }
}

extension AppDrillReport.Part {
    /// A comparison that compared nothing proves nothing.
    fileprivate mutating func failIfNothingWasCompared() {
        guard outcome == .proved, tables == 0 else { return }
        fail(Failure(.drillFailed, "nothing of it could be compared: the backup holds no table with rows to count"))
    }
}

/// Ends what cannot look at a cancellation by itself, because it waits for a server.
private final class CancellationWatch: Sendable {
    private static let pauseNanoseconds: Int64 = 100_000_000

    private let workers = Workers()
    private let monitor = Monitor()
    private let isOver = Mutex(false)

    init(_ cancellation: Cancellation, _ onCancel: @escaping @Sendable () -> Void) {
        workers.start("cancellation") { [self] in
            while !waitedForTheEnd() {
                if cancellation.isCancelled { return onCancel() }
            }
        }
    }

    func end() {
        isOver.withLock { $0 = true }
        monitor.locked { _ in }
        try? workers.join()
    }

    private func waitedForTheEnd() -> Bool {
        monitor.lockedWithTimeout { wait in
            if !isOver.withLock({ $0 }) { _ = wait(CancellationWatch.pauseNanoseconds) }
            return isOver.withLock { $0 }
        }
    }
}
