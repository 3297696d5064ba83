// AppBackupSession: one run of `backup`: saves one source after the other into the opened repository. Also takes the safety backups
// of a restore, which differ in their tags only.

import Archiving
import Bytes
import Databases
import FileTrees
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

struct AppBackupSession {
    let workbench: AppWorkbench
    let catalog: AppCatalog
    let run: AppRun
    /// A private directory for passing copies.
    let staging: BytePath
    var isSafety = false
    var dryRun = false
    var writer = WriterOptions()
    let progress: Progress
    let cancellation: Cancellation

    private var name: String { workbench.application.name }

    /// Saves one source. Its own failures are in the outcome.
    /// - Throws: what no other source could survive either: cancelled, the lock lost.
    func save(_ unit: AppUnit, _ indexed: IndexedRepository) throws -> AppUnitOutcome {
        let started = Host.monotonicNanoseconds()
        var outcome = AppUnitOutcome(unit: unit)
        do {
            switch unit {
            case .config(let paths): outcome.summary = try savePaths(.config, paths, nil, indexed)
            case .files(let files): outcome.summary = try savePaths(.files, files.paths, files, indexed)
            case .database(let database, _): (outcome.summary, outcome.database) = try saveDatabase(database, indexed)
            }
            outcome.failure = outcome.database?.damage.map(Self.damage)
        } catch RepositoryFailure.cancelled {
            throw RepositoryFailure.cancelled
        } catch RepositoryFailure.lockLost(let location) {
            throw RepositoryFailure.lockLost(location: location)
        } catch {
            outcome.failure = Failure(describing: error)
        }
        outcome.durationNanoseconds = Host.monotonicNanoseconds() - started
        return outcome
    }

    // MARK: Files and configuration

    /// - Parameter files: what is left out of files; configuration is saved whole.
    func savePaths(_ source: AppSource, _ paths: [BytePath], _ files: ResolvedFiles?, _ indexed: IndexedRepository) throws -> BackupSummary {
        var request = request(source, paths, time: workbench.identity.now())
        if let files {
            let patterns = try PatternList(files.excludePatterns)
            request.exclusions = Exclusions(patterns: [patterns], largerThan: files.excludeLargerThan?.bytes)
            request.excludePatterns = files.allExcludePatterns
            request.skipping = Set(files.skippedPaths)
        }
        request.skipping.formUnion(neverRead)
        request.parent = parent(source, paths).map { .snapshot($0) } ?? .none
        return try BackupRun(indexed, request, zone: workbench.identity.zone, progress: progress, cancellation: cancellation).run(
            snapshots: [])
    }

    /// Live databases, whose locks would die with our descriptor; the repository; our own journal and copies.
    private var neverRead: [BytePath] {
        workbench.application.databases.compactMap(\.file).flatMap(SQLiteFiles.family)
            + [workbench.repositoryPath, workbench.state.directory, staging].flatMap { [$0, Directory.canonical($0)].compactMap { $0 } }
    }

    // MARK: Databases

    private func saveDatabase(_ database: ResolvedDatabase, _ indexed: IndexedRepository) throws -> (BackupSummary, AppDatabaseFigures) {
        switch database.location {
        case .file(let file):
            let (summary, manifest) = try saveSQLite(file, indexed)
            return (summary, AppDatabaseFigures(manifest))
        case .unknown(let reason):
            throw Failure(
                .failed, "could not find the database '\(database.name)': \(reason)",
                hint: "name it under `sources:` in \(workbench.settings.file)")
        case .server(let place):
            let server = try AppDatabaseServer(database, place, env: workbench.env)
            let (summary, manifest) = try saveServer(server, database.reading, indexed)
            return (summary, AppDatabaseFigures(manifest))
        }
    }

    func saveServer(
        _ server: AppDatabaseServer, _ reading: ServerReading, _ indexed: IndexedRepository
    ) throws -> (BackupSummary, ServerManifest) {
        let path = AppDatabaseSnapshot.path(ofServerDatabase: server.database)
        let ingest = TreeIngest(
            indexed, request(.database, [path], time: workbench.identity.now()), zone: workbench.identity.zone, progress: progress,
            cancellation: cancellation)
        let manifest: ServerManifest
        do {
            manifest = try server.capture(reading, into: RepositoryDumpSink(ingest: ingest))
        } catch {
            ingest.abandon()
            throw error
        }
        return (try ingest.finish(parent: parent(.database, [path])), manifest)
    }

    func saveSQLite(_ file: BytePath, _ indexed: IndexedRepository) throws -> (BackupSummary, DatabaseManifest) {
        let time = workbench.identity.now()
        let copy = staging.appending("\(file.name.count)-" + Hex.encode((0..<4).map { _ in UInt8.random(in: 0...255) }))
        defer { for path in [copy] + SQLiteFiles.companions(of: copy) { try? Directory.remove(path) } }
        let manifest = try workbench.sqlite.capture(file, into: copy)
        let chunkSize = DatabaseChunking.chunkSize(pageSize: Int(clamping: manifest.format.pageSize), byteCount: manifest.byteCount)
        let items = [
            StreamItem(name: file.name, content: .file(copy, chunkByteCount: chunkSize), status: try FileStatus.following(file)),
            StreamItem(name: AppDatabaseSnapshot.manifestName, content: .bytes(manifest.json)),
        ]
        return (try saveStreams(items, file, time, isDamaged: AppDatabaseFigures(manifest).damage != nil, indexed), manifest)
    }

    /// Items in the root of a snapshot whose path is the live database's.
    func saveStreams(
        _ items: [StreamItem], _ file: BytePath, _ time: Timestamp, isDamaged: Bool, _ indexed: IndexedRepository
    ) throws -> BackupSummary {
        guard file.name != AppDatabaseSnapshot.manifestName else {
            throw Failure(
                .failed, "a database cannot be called '\(file)': its description takes that name in the snapshot", hint: "rename the file")
        }
        var request = request(.database, [file], time: time)
        if isDamaged && !isSafety { request.tags.append(AppTag.damaged) }
        return try StreamIngest(indexed, request, zone: workbench.identity.zone, progress: progress, cancellation: cancellation)
            .run(items, parent: parent(.database, [file]))
    }

    /// A database whose own check fails is saved all the same, and is no success.
    private static func damage(_ findings: [String]) -> Failure {
        Failure(
            .failed, "the database itself is damaged (\(summary(findings))); it was saved as it is, marked as damaged",
            hint: "`lifeboat restore database` brings back the last good backup, if there is one; `sqlite3 FILE .recover` may save rows")
    }

    private static func summary(_ findings: [String]) -> String {
        let first = findings.first ?? "quick_check"
        return findings.count > 1 ? "\(first), and \(findings.count - 1) more findings" : first
    }

    // MARK: Requests

    private func parent(_ source: AppSource, _ paths: [BytePath]) -> CatalogedSnapshot? {
        catalog.parent(of: source, paths: paths, host: workbench.identity.hostName)
    }

    private func request(_ source: AppSource, _ paths: [BytePath], time: Timestamp) -> BackupRequest {
        let identity = workbench.identity
        var request = BackupRequest(
            targets: paths, workingDirectory: .root, hostName: identity.hostName, userName: identity.userName, time: time,
            programVersion: workbench.programVersion)
        request.userID = identity.userID
        request.groupID = identity.groupID
        request.tags = isSafety ? AppTag.safety(name, source, run: run.id.text) : AppTag.backup(name, source, run: run.id.text)
        if source == .database, let key = AppKeyFingerprint(workbench.env) { request.tags.append(key.tag) }
        request.dryRun = dryRun
        request.writer = writer
        return request
    }
}
