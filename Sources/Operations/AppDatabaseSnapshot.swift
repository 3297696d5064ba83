// AppDatabaseSnapshot: a database as it lies in a snapshot: one file under the database's own name, and its manifest beside it.

import Archiving
package import Bytes
package import Databases
import HostOS
package import RepositoryEngine
package import RepositoryFormat

package struct AppDatabaseSnapshot: Sendable {
    static let manifestName = Array("manifest.json".utf8)

    package let snapshot: CatalogedSnapshot
    /// Where the database was when it was captured.
    package let path: BytePath
    package let node: Node
    package let manifest: DatabaseManifest

    /// Reads the root of the snapshot and the manifest.
    /// - Throws: exit status 20 if they are not there, not readable, or do not belong together.
    init(_ snapshot: CatalogedSnapshot, _ reader: BlobReader) throws {
        let nodes = try Tree.parse(reader.readTree(snapshot.snapshot.tree))
        func damaged(_ detail: String) -> RepositoryFailure { .damaged(object: "database snapshot \(snapshot.id.short)", detail: detail) }
        guard let path = snapshot.snapshot.paths.first, snapshot.snapshot.paths.count == 1 else {
            throw damaged("it does not name one database")
        }
        guard let node = nodes.first(where: { $0.name == path.name && $0.kind == .file }) else {
            throw damaged("there is no '\(path.displayName)' in it")
        }
        guard let manifestNode = nodes.first(where: { $0.name == Self.manifestName && $0.kind == .file }) else {
            throw damaged("there is no manifest in it: it is not a capture of a readable database")
        }
        guard manifestNode.size <= UInt64(DatabaseManifest.maximumByteCount) else { throw damaged("its manifest is too large") }
        let json = try (manifestNode.content ?? []).flatMap { try reader.read(BlobHandle(type: .data, id: $0)) }
        do {
            manifest = try DatabaseManifest(json: json)
        } catch {
            throw damaged("its manifest cannot be read: \(error.failure.message)")
        }
        guard node.size == manifest.byteCount else {
            throw damaged("the database has \(node.size) bytes, its manifest says \(manifest.byteCount)")
        }
        self.snapshot = snapshot
        self.path = path
        self.node = node
    }

    /// Brings the database back as the new file `file`, by way of a private directory beside it.
    func extract(
        to file: BytePath, _ indexed: IndexedRepository, progress: Progress = Progress(), cancellation: Cancellation = Cancellation()
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

extension BytePath {
    var displayName: String { BytePath.display(name) }
}
