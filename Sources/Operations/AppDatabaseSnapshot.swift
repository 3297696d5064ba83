// AppDatabaseSnapshot: a database as it lies in a snapshot, with the manifest that says what it held.
//
//   SQLite          one file under the database's own name, manifest.json beside it
//   MySQL, MariaDB  manifest.json, RESTORE.md, restore.sql, schema/, data/: see ServerManifest

import Archiving
package import Bytes
package import Databases
import HostOS
package import RepositoryEngine
package import RepositoryFormat
import Upkeep

package struct AppDatabaseSnapshot: Sendable {
    package enum Content: Sendable {
        case file(Node, DatabaseManifest)
        case dump(ServerManifest)
    }

    static let manifestName = Array("manifest.json".utf8)

    package let snapshot: CatalogedSnapshot
    /// Where the database was when it was captured: its file, or `/mysql/NAME`.
    package let path: BytePath
    package let content: Content

    package var figures: AppDatabaseFigures {
        switch content {
        case .file(_, let manifest): AppDatabaseFigures(manifest)
        case .dump(let manifest): AppDatabaseFigures(manifest)
        }
    }

    /// Reads the root of the snapshot and the manifest.
    /// - Throws: exit status 20 if they are not there, not readable, or do not belong together.
    init(_ snapshot: CatalogedSnapshot, _ reader: BlobReader) throws {
        let nodes = try Tree.parse(reader.readTree(snapshot.snapshot.tree))
        func damaged(_ detail: String) -> RepositoryFailure { .damaged(object: "database snapshot \(snapshot.id.short)", detail: detail) }
        guard let path = snapshot.snapshot.paths.first, snapshot.snapshot.paths.count == 1 else {
            throw damaged("it does not name one database")
        }
        guard let manifestNode = nodes.first(where: { $0.name == Self.manifestName && $0.kind == .file }) else {
            throw damaged("there is no manifest in it: it is not a capture of a readable database")
        }
        guard manifestNode.size <= UInt64(DatabaseManifest.maximumByteCount) else { throw damaged("its manifest is too large") }
        let json = try (manifestNode.content ?? []).flatMap { try reader.read(BlobHandle(type: .data, id: $0)) }
        self.snapshot = snapshot
        self.path = path
        do {
            if case .server = try ManifestEngine(json: json) {
                content = .dump(try ServerManifest(json: json))
                return
            }
            let manifest = try DatabaseManifest(json: json)
            guard let node = nodes.first(where: { $0.name == path.name && $0.kind == .file }) else {
                throw damaged("there is no '\(path.displayName)' in it")
            }
            guard node.size == manifest.byteCount else {
                throw damaged("the database has \(node.size) bytes, its manifest says \(manifest.byteCount)")
            }
            content = .file(node, manifest)
        } catch let error as RepositoryFailure {
            throw error
        } catch {
            throw damaged("its manifest cannot be read: \(Failure(describing: error).message)")
        }
    }

    // MARK: Names of databases on servers

    private static let serverRoot = BytePath("/mysql")

    /// The path in snapshots of a database on a server: the same for MySQL and MariaDB, so that moving between them keeps its history.
    package static func path(ofServerDatabase name: SchemaText) -> BytePath { serverRoot.appending(DumpPath.component(name)) }

    static func isOfServer(_ path: BytePath) -> Bool { path.parent == serverRoot }

    // MARK: Files

    /// Brings an SQLite database back as the new file `file`, by way of a private directory beside it.
    func extract(
        _ node: Node, to file: BytePath, _ indexed: IndexedRepository, progress: Progress = Progress(), cancellation: Cancellation = Cancellation()
    ) throws -> RestoreSummary {
        let scratch = BytePath(file.bytes + Array(".part".utf8))
        try Directory.create(scratch)
        defer { try? Directory.removeTree(scratch) }
        var request = RestoreRequest(tree: snapshot.snapshot.tree, target: scratch)
        request.onlyPaths = [BytePath.root.appending(node.name)]
        let plan = try RestorePlan.make(indexed, request, snapshotName: snapshot.id.short)
        let summary = try RestoreRun(indexed, request, plan: plan, progress: progress, cancellation: cancellation).run()
        if let problem = summary.problems.first { throw problem.failure }
        try Directory.rename(scratch.appending(node.name), to: file)
        return summary
    }
}

extension AppDatabaseSnapshot {
    /// Whether everything of the database can be located.
    func isInIndex(_ indexed: IndexedRepository) throws -> Bool {
        if case .file(let node, _) = content { return indexed.index.containsAll(node.content ?? []) }
        let visitor = ContentInIndex(indexed.index)
        try DepthFirstWalk(indexed).walk(snapshot.snapshot.tree, visitor)
        return visitor.isComplete
    }

    private final class ContentInIndex: TreeVisitor {
        private let index: BlobIndex
        private(set) var isComplete = true

        init(_ index: BlobIndex) { self.index = index }

        func enter(_ tree: BlobID, at path: BytePath) -> Bool { true }
        func leave(_ tree: BlobID) {}
        func skip(_ tree: BlobID, at path: BytePath, because error: any Error) throws { throw error }
        func visit(_ node: Node, at path: BytePath) { if !index.containsAll(node.content ?? []) { isComplete = false } }
    }
}

extension BytePath {
    var displayName: String { BytePath.display(name) }
}
