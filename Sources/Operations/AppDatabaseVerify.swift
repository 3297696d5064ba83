// AppDatabaseVerify: whether the database snapshots of an application are the databases they claim to be.
//
// The newest capture of every database is followed as far as `verify.dumps` says: `parse` reads it as a database, `checksum` compares its
// bytes, `none` leaves it to the check of the repository. Of older ones the manifest is read; where all data is read back, their bytes are
// compared as well. The same bytes are compared once.

import Bytes
import Codecs
import Databases
import HostOS
import RepositoryEngine
import RepositoryFormat
import Settings

struct AppDatabaseVerify {
    let workbench: AppWorkbench
    /// A private directory for passing copies.
    let staging: BytePath
    let readsAll: Bool
    /// Every snapshot, not only the newest ones.
    let looksAtAll: Bool

    private static let newestCount = 10

    private enum Depth { case described, bytes, parsed }

    func run(_ repository: Repository, _ catalog: AppCatalog) throws -> [AppVerifyReport.Database] {
        let dumps = workbench.application.verify.dumps
        if dumps == .none && !looksAtAll { return [] }
        let indexed: IndexedRepository
        do {
            indexed = try IndexedRepository.load(repository)
        } catch let error as RepositoryFailure {
            // The check has reported the index already; without it no content can be found.
            return [AppVerifyReport.Database(snapshot: nil, path: .root, failure: error.failure)]
        }
        let newest = catalog.newestDatabases(known: workbench.application.databases.compactMap(\.savedPath))
        let others = catalog.backups(of: .database).reversed().filter { candidate in !newest.contains { $0.id == candidate.id } }
        let chosen = looksAtAll ? others : Array(others.prefix(max(0, Self.newestCount - newest.count)))
        let depth: Depth = dumps == .parse ? .parsed : dumps == .checksum ? .bytes : .described
        var compared: Set<[BlobID]> = []
        return newest.map { verify($0, indexed, readsAll && depth == .described ? .bytes : depth, &compared) }
            + chosen.map { verify($0, indexed, readsAll ? .bytes : .described, &compared) }
    }

    private func verify(
        _ snapshot: CatalogedSnapshot, _ indexed: IndexedRepository, _ depth: Depth, _ compared: inout Set<[BlobID]>
    ) -> AppVerifyReport.Database {
        var result = AppVerifyReport.Database(snapshot: snapshot, path: snapshot.snapshot.paths.first ?? .root)
        do {
            let saved = try AppDatabaseSnapshot(snapshot, BlobReader(indexed))
            result.tableCount = saved.figures.tables.count
            result.rowCount = saved.figures.rowCount
            guard try saved.isInIndex(indexed) else { throw Failure(.damaged, "parts of it are missing from the index") }
            switch saved.content {
            case .file(let node, let manifest): result.proof = try prove(saved, node, manifest, indexed, depth, &compared)
            case .dump(let manifest): result.proof = try prove(saved, manifest, indexed, depth)
            }
        } catch {
            result.failure = Failure(describing: error)
        }
        return result
    }

    // MARK: SQLite

    private func prove(
        _ saved: AppDatabaseSnapshot, _ node: Node, _ manifest: DatabaseManifest, _ indexed: IndexedRepository, _ depth: Depth,
        _ compared: inout Set<[BlobID]>
    ) throws -> AppVerifyReport.Proof {
        let content = node.content ?? []
        switch depth {
        case .described: return .described
        case .bytes:
            if compared.insert(content).inserted { try compareHash(manifest, content, BlobReader(indexed)) }
            return .hashed
        case .parsed:
            try restoreAndCompare(saved, node, manifest, indexed)
            compared.insert(content)
            return .restored
        }
    }

    private func restoreAndCompare(
        _ saved: AppDatabaseSnapshot, _ node: Node, _ manifest: DatabaseManifest, _ indexed: IndexedRepository
    ) throws {
        let file = staging.appending("verify-" + saved.snapshot.id.short)
        defer { for path in [file] + SQLiteFiles.companions(of: file) { try? Directory.remove(path) } }
        _ = try saved.extract(node, to: file, indexed)
        let found = try workbench.sqlite.inspect(file, depth: .quick).manifest
        let comparison = DatabaseComparison.file(expected: manifest, found: found)
        if let difference = comparison.differences.first { throw Failure(.damaged, "its restored copy differs: \(difference)") }
        if case .problems(let lines) = found.integrity, manifest.integrity.isSound {
            throw Failure(.damaged, "its restored copy fails SQLite's check: \(lines.first ?? "")")
        }
    }

    private func compareHash(_ manifest: DatabaseManifest, _ content: [BlobID], _ reader: BlobReader) throws {
        let hasher = SHA256()
        for id in content {
            let piece = try reader.read(BlobHandle(type: .data, id: id))
            hasher.update(piece.span)
        }
        guard hasher.finish() == manifest.sha256 else {
            throw Failure(.damaged, "its content does not have the SHA-256 of its manifest")
        }
    }

    // MARK: Dumps

    private func prove(
        _ saved: AppDatabaseSnapshot, _ manifest: ServerManifest, _ indexed: IndexedRepository, _ depth: Depth
    ) throws -> AppVerifyReport.Proof {
        let source = RepositoryDumpSource(indexed, tree: saved.snapshot.snapshot.tree, snapshotName: saved.snapshot.id.short)
        switch depth {
        case .described: return .described
        case .bytes:
            try DumpCheck.sizes(of: manifest, in: source)
            return .hashed
        case .parsed:
            try DumpCheck.rows(of: manifest, in: source)
            // The vendor's own dump is a script: whether it is whole can be seen, its rows cannot be counted.
            return manifest.method == .client ? .hashed : .parsed
        }
    }
}
