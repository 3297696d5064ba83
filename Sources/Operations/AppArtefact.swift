// AppArtefact: a file outside a repository becomes snapshots in it, so that it is restored like any backup: with a plan, a question, a
// safety backup, a scratch database and a swap.
//
//   .sql[.gz|.zst]     a dump of `export`, mysqldump or mariadb-dump         dump.sql with a manifest of method `client`
//                      a script of `export` or `sqlite3 .dump`               loaded into a file of its own, captured like a live one
//   .sqlite[.gz|.zst]  an SQLite database's file                             captured like a live one
//   .tar[.gz|.zst]     of `export`: what its folders say; else files         databases of ours with their own manifests
//   .zip               laravel-backup: db-dumps/*.sql[.gz], and files
//
// The snapshots are tagged `imported`. No backup, retention or recovery point counts them, and they are removed when the restore is over.
// What an archive names goes into trees, never into a file system: names that lead out are refused here, and a restore opens everything
// beneath its target.

import Archiving
package import Bytes
import Codecs
import Databases
import HostOS
import RepositoryEngine
import RepositoryFormat
import Settings
import Stores

package struct AppArtefact: Sendable {
    package var file: BytePath
    /// Take an SQL file although its last line does not say that it is whole.
    package var acceptsTruncated = false

    package init(_ file: BytePath) { self.file = file }
}

struct AppImport {
    let workbench: AppWorkbench
    let artefact: AppArtefact
    let selection: AppRestoreSelection
    let indexed: IndexedRepository
    /// A private directory for passing copies.
    let staging: BytePath
    let progress: Progress
    let cancellation: Cancellation
    let onNote: (String) -> Void

    private var sources: Set<AppSource> { selection.sources }
    private var root: BytePath { workbench.application.root }

    /// - Returns: the snapshots made, at least one.
    func run() throws -> [CatalogedSnapshot] {
        guard let status = try FileStatus.ifExists(artefact.file), status.kind != .directory else {
            throw Failure(.usage, "there is no file '\(artefact.file)'")
        }
        var made: [CatalogedSnapshot] = []
        do {
            try add(artefact.file, to: &made)
            guard !made.isEmpty else {
                throw Failure(
                    .failed, "'\(artefact.file)' holds nothing of what is to be restored",
                    hint: "`lifeboat restore --from FILE` without a source takes everything in it")
            }
            return made
        } catch let error as CodecError {
            Self.remove(made, indexed)
            throw Failure(.damaged, "could not read '\(artefact.file)': \(error.failure.message)")
        } catch {
            Self.remove(made, indexed)
            throw error
        }
    }

    /// What imports that were killed left in the repository. Only of this machine, and under the application's lock: another one may be
    /// importing.
    static func leftovers(_ snapshots: [CatalogedSnapshot], of workbench: AppWorkbench) -> [CatalogedSnapshot] {
        AppCatalog(snapshots, application: workbench.application.name).all.filter {
            $0.snapshot.hostName == workbench.identity.hostName && $0.snapshot.tags.contains(AppTag.importMark)
        }
    }

    /// Afterwards nothing refers to what was imported: the next prune frees the space.
    static func remove(_ snapshots: [CatalogedSnapshot], _ indexed: IndexedRepository) {
        for snapshot in snapshots { try? indexed.repository.store.delete(StoreKey(.snapshot, snapshot.id.digest)) }
    }

    private func add(_ file: BytePath, to made: inout [CatalogedSnapshot]) throws {
        let name = String(decoding: file.name, as: UTF8.self).lowercased()
        if name.hasSuffix(".zip") { return try addArchive(file, to: &made) }
        switch try ExportForm(name: name).content {
        case .tar: try addArchive(file, to: &made)
        case .sql: if sources.contains(.database) { made.append(try isSQLiteScript(file) ? addSQLiteScript(file) : addSQL(file)) }
        case .sqlite: if sources.contains(.database) { made.append(try addSQLite(file)) }
        }
    }

    // MARK: Databases

    private func addSQL(_ file: BytePath) throws -> CatalogedSnapshot {
        let places = workbench.application.databases.compactMap { database -> (ResolvedDatabase, DatabaseServer)? in
            if case .server(let place) = database.location { (database, place) } else { nil }
        }
        guard places.count == 1, let (database, place) = places.first else {
            throw Failure(
                .configInvalid, "an SQL file is for a database on a server, and the settings name \(places.count) of them",
                hint: "say where it is under `sources: database:`")
        }
        let server = try AppDatabaseServer(database, place, env: workbench.env).applying(selection.server)
        let time = workbench.identity.now()
        let manifest = try ForeignDump.manifest(for: server.server, password: server.passwordBytes, database: server.database, time: time)
        let path = AppDatabaseSnapshot.path(ofServerDatabase: server.database)
        let ingest = TreeIngest(indexed, request(.database, [path]), zone: workbench.identity.zone, progress: progress, cancellation: cancellation)
        do {
            let lane = ingest.lane()
            lane.begin(DumpPath.clientDump)
            try copySQL(file, lane)
            try lane.end()
            lane.begin(DumpPath.manifest)
            let json = manifest.json
            try lane.write(json.span)
            try lane.end()
            // What a dump from a server has beside its manifest: how a snapshot is told from one of an SQLite file.
            lane.begin([Array("schema".utf8), Array("README".utf8)])
            try lane.end()
        } catch {
            ingest.abandon()
            throw error
        }
        return try cataloged(ingest.finish(parent: nil))
    }

    private func copySQL(_ file: BytePath, _ lane: TreeIngest.Lane) throws {
        let reader = try ArchiveReader(file, .single)
        guard try reader.next() != nil else { throw Failure(.damaged, "'\(file)' is empty") }
        var scan = ForeignDumpScan()
        do {
            while true {
                let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws(CodecError) in try reader.read(into: &span) }
                if piece.isEmpty { break }
                try scan.take(piece)
                try lane.write(piece.span)
            }
            try scan.finish()
        } catch let failure as Failure {
            throw Failure(failure.code, "could not take '\(file)': \(failure.message)", hint: failure.hint)
        }
        if scan.isComplete { return }
        guard artefact.acceptsTruncated else {
            throw Failure(
                .damaged, "'\(file)' is not complete: its last line is not '\(SQLExport.footer) …'",
                hint: "get it again; if it was made without comments and is whole, add --force-truncated")
        }
        let end = Array("\n\(SQLExport.footer) (taken as whole although its own end does not say so)\n".utf8)
        try lane.write(end.span)
    }

    /// Whether a script is for an SQLite database: if the application has no other, or by its first statement, which servers do not know.
    private func isSQLiteScript(_ file: BytePath) throws -> Bool {
        let databases = workbench.application.databases
        guard databases.contains(where: { $0.file != nil }) else { return false }
        if databases.allSatisfy({ $0.file != nil }) { return true }
        let reader = try ArchiveReader(file, .single)
        guard try reader.next() != nil else { return false }
        let start = try [UInt8](byteCount: 1 << 12) { (span: inout MutableSpan<UInt8>) throws(CodecError) in try reader.read(into: &span) }
        let first = start.split(separator: 0x0a).first { !$0.starts(with: Array("--".utf8)) } ?? []
        return first.starts(with: Array("PRAGMA ".utf8)) || first.starts(with: Array("BEGIN TRANSACTION;".utf8))
    }

    /// The script runs in a process of its own, on a new file, and reaches nothing else.
    private func addSQLiteScript(_ file: BytePath) throws -> CatalogedSnapshot {
        let place = try sqlitePlace(), script = staging.appending("script"), loaded = staging.appending("loaded")
        try unpack(file, to: script)
        defer { for path in [script, loaded] + SQLiteFiles.companions(of: loaded) { try? Directory.remove(path) } }
        do {
            try workbench.sqlite.runScript(script, into: loaded, acceptsTruncated: artefact.acceptsTruncated)
        } catch {
            let hint = error.kind == .damaged ? "get it again; if it was cut and what it holds is wanted all the same, add --force-truncated" : nil
            throw Failure(.damaged, "could not take '\(file)': \(error.reason)", hint: hint)
        }
        return try addSQLite(loaded, for: place)
    }

    private func addSQLite(_ file: BytePath) throws -> CatalogedSnapshot {
        let copy = staging.appending("copy")
        try unpack(file, to: copy)
        defer { try? Directory.remove(copy) }
        return try addSQLite(copy, for: try sqlitePlace())
    }

    private func addSQLite(_ copy: BytePath, for live: BytePath) throws -> CatalogedSnapshot {
        let captured = staging.appending("captured")
        defer { for path in [captured] + SQLiteFiles.companions(of: captured) { try? Directory.remove(path) } }
        let manifest = try workbench.sqlite.capture(copy, into: captured)
        let chunkSize = DatabaseChunking.chunkSize(pageSize: Int(clamping: manifest.format.pageSize), byteCount: manifest.byteCount)
        let owner = try FileStatus.ifExists(live)
        let items = [
            StreamItem(name: live.name, content: .file(captured, chunkByteCount: chunkSize), status: owner),
            StreamItem(name: AppDatabaseSnapshot.manifestName, content: .bytes(manifest.json)),
        ]
        let ingest = StreamIngest(
            indexed, request(.database, [live]), zone: workbench.identity.zone, progress: progress, cancellation: cancellation)
        return try cataloged(ingest.run(items, parent: nil))
    }

    /// Where the application has its SQLite database: the only one.
    private func sqlitePlace() throws -> BytePath {
        let files = workbench.application.databases.compactMap(\.file)
        guard files.count == 1, let only = files.first else {
            throw Failure(
                .configInvalid, "the settings name \(files.count) SQLite databases, and the file does not say for which it is",
                hint: "say where it is under `sources: database:`")
        }
        return only
    }

    private func unpack(_ file: BytePath, to copy: BytePath) throws {
        let reader = try ArchiveReader(file, .single)
        guard try reader.next() != nil else { throw Failure(.damaged, "'\(file)' is empty") }
        try write(reader, to: copy)
    }

    private func write(_ reader: ArchiveReader, to file: BytePath) throws {
        let target = try NewFile(file, replaces: true)
        while true {
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws(CodecError) in try reader.read(into: &span) }
            if piece.isEmpty { break }
            try target.write(piece.span)
        }
        try target.finish()
    }

    // MARK: Archives

    private func addArchive(_ file: BytePath, to made: inout [CatalogedSnapshot]) throws {
        let reader = try ArchiveReader(file, .archive)
        let first = try reader.next()
        if reader.isUncompressedTar { try checkEnd(of: file) }
        guard let first else { throw Failure(.damaged, "'\(file)' is empty") }
        let isOurs = try ArchiveNames.resolve(first.path) == ExportLayout.mark
        let content: any ArchiveContent = isOurs ? OurArchive(self) : ForeignArchive(self, isZip: reader.isZip)
        do {
            var entry: ArchiveEntry? = isOurs ? try reader.next() : first
            while let current = entry {
                try content.take(current, reader)
                entry = try reader.next()
            }
        } catch {
            content.abandon()
            throw error
        }
        try content.finish(&made)
    }

    /// A tar archive that was cut between two entries lacks its end mark, which no reader misses.
    private func checkEnd(of file: BytePath) throws {
        let descriptor = try Descriptor.open(file, .read), size = try descriptor.status().size
        let end = try [UInt8](byteCount: 1024) { (span: inout MutableSpan<UInt8>) throws(SystemError) in
            try descriptor.readFully(into: &span, at: size < 1024 ? 0 : size - 1024)
        }
        guard end.count == 1024, end.allSatisfy({ $0 == 0 }) else {
            throw Failure(.damaged, "'\(file)' is not complete: the end mark of the archive is missing")
        }
    }

    func ingest(_ source: AppSource) -> ArchiveIngest {
        var request = request(source, [])
        // What says nothing of its owner belongs to whom the application belongs to.
        if let owner = rootOwner { (request.userID, request.groupID) = owner }
        return ArchiveIngest(indexed, request, progress: progress, cancellation: cancellation)
    }

    /// A dump in a zip file, by way of a private copy; nil if databases are not asked for.
    func addDump(_ name: [UInt8], _ reader: ArchiveReader) throws -> CatalogedSnapshot? {
        guard sources.contains(.database) else { return nil }
        let suffix = name.suffix(3) == Array(".gz".utf8)[...] ? ".sql.gz" : ".sql"
        let copy = staging.appending("dump" + suffix)
        defer { try? Directory.remove(copy) }
        try write(reader, to: copy)
        return try addSQL(copy)
    }

    func note(_ text: String) { onNote(text) }

    /// Whose the application's directory is.
    var rootOwner: (user: UInt32, group: UInt32)? {
        let status = (try? FileStatus.ifExists(root)) ?? nil
        return status.map { ($0.userID, $0.groupID) } ?? (workbench.identity.userID, workbench.identity.groupID)
    }

    /// Whether a live SQLite database, or a file beside it, is there.
    func isLiveDatabase(_ path: BytePath) -> Bool {
        workbench.application.databases.compactMap(\.file).contains { SQLiteFiles.family(of: $0).contains(path) }
    }

    // MARK: Snapshots

    private func request(_ source: AppSource, _ paths: [BytePath]) -> BackupRequest {
        let identity = workbench.identity
        var request = BackupRequest(
            targets: paths, workingDirectory: .root, hostName: identity.hostName, userName: identity.userName, time: identity.now(),
            programVersion: workbench.programVersion)
        request.userID = identity.userID
        request.groupID = identity.groupID
        request.tags = AppTag.imported(workbench.application.name, source)
        return request
    }

    func cataloged(_ summary: BackupSummary) throws -> CatalogedSnapshot {
        guard let id = summary.snapshotID else { preconditionFailure("an import is no dry run") }
        return CatalogedSnapshot(id: id, snapshot: try SnapshotCatalog.load(id, indexed.repository))
    }
}
