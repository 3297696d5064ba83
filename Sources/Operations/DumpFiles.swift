// DumpFiles: the verb `dump`: a file of a snapshot as raw bytes, or a directory as a tar archive. Streams blob by blob.
//
// What is not promised: that nothing was written before an error. The exit status tells whether the stream is whole, and an archive
// that is not whole lacks its end mark.

import Archiving
package import Bytes
package import RepositoryEngine
import RepositoryFormat
import Upkeep

package struct DumpFiles {
    package var access: RepositoryAccess
    /// `latest`, an id or a prefix of one, optionally followed by `:/directory`.
    package var snapshot: String
    package var filter: SnapshotFilter
    /// Below the snapshot, or below its chosen directory.
    package var path: BytePath

    package init(access: RepositoryAccess, snapshot: String, filter: SnapshotFilter, path: BytePath) {
        self.access = access
        self.snapshot = snapshot
        self.filter = filter
        self.path = path
    }

    /// - Parameters:
    ///   - allowsArchive: asked before an archive is written.
    ///   - sink: takes the bytes piece by piece.
    package func run(allowsArchive: () throws -> Void, sink: @escaping (Span<UInt8>) throws -> Void) throws {
        try access.withIndex(.shared, onlyReading: true) { indexed, snapshots in
            let reference = try SnapshotCatalog.resolve(snapshot, in: snapshots, filter: filter)
            let reader = BlobReader(indexed)
            let start = try SnapshotPath.directory(reference.path, of: reference.snapshot, reader: reader)
            let path = BytePath.resolve(path, in: .root)
            if path == .root {
                try allowsArchive()
                return try archive(start, below: .root, indexed, sink)
            }
            let node = try SnapshotPath.find(path, in: start, reader: reader, snapshotName: reference.snapshot.id.short)
            if node.kind == .directory, let subtree = node.subtree {
                try allowsArchive()
                return try archive(subtree, below: path, indexed, sink)
            }
            guard node.kind == .file else {
                throw Failure(
                    .failed, "'\(path)' in snapshot \(reference.snapshot.id.short) is neither a file nor a directory",
                    hint: "restore it with `lifeboat restore files`")
            }
            try DumpFiles.write(node, indexed, sink)
        }
    }

    private static func write(_ file: Node, _ indexed: IndexedRepository, _ sink: (Span<UInt8>) throws -> Void) throws {
        let content = SequentialContent(indexed, file.content ?? [])
        let buffer = Block(capacity: 1 << 20)
        while true {
            buffer.removeAll()
            guard try buffer.appendUpTo(buffer.capacity, { span in try content.read(into: &span) }) > 0 else { return }
            try buffer.withBytes { try sink($0) }
        }
    }

    private func archive(
        _ tree: BlobID, below path: BytePath, _ indexed: IndexedRepository, _ sink: @escaping (Span<UInt8>) throws -> Void
    ) throws {
        let archiver = Archiver(indexed, prefix: path, sink)
        try DepthFirstWalk(indexed).walk(tree, archiver)
        try archiver.tar.finish()
    }

    private final class Archiver: TreeVisitor {
        var tar: TarWriter
        private let indexed: IndexedRepository
        private let reader: BlobReader
        private let prefix: BytePath

        init(_ indexed: IndexedRepository, prefix: BytePath, _ sink: @escaping (Span<UInt8>) throws -> Void) {
            self.indexed = indexed
            self.prefix = prefix
            reader = BlobReader(indexed)
            tar = TarWriter(sink: sink)
        }

        func enter(_ tree: BlobID, at path: BytePath) -> Bool { true }
        func leave(_ tree: BlobID) {}
        func skip(_ tree: BlobID, at path: BytePath, because error: any Error) throws { throw error }

        func visit(_ node: Node, at path: BytePath) throws {
            guard node.hasSafeName else {
                throw RepositoryFailure.damaged(object: "the directory of '\(path)'", detail: "it holds a name that no file can have")
            }
            let content = node.content ?? []
            // The size that the index knows, not the one the node claims: the archive must add up.
            let byteCount = try content.reduce(UInt64(0)) { try $0 + plainByteCount(of: $1) }
            try tar.add(node, at: BytePath(prefix.bytes + [BytePath.slash] + path.bytes).cleaned, byteCount: byteCount)
            guard node.kind == .file else { return }
            for id in content {
                let bytes = try reader.read(BlobHandle(type: .data, id: id))
                try tar.write(bytes.span)
            }
        }

        private func plainByteCount(of id: BlobID) throws -> UInt64 {
            let handle = BlobHandle(type: .data, id: id)
            guard let location = indexed.index.locate(handle) else { throw RepositoryFailure.blobMissing(handle) }
            return UInt64(max(0, location.plainByteCount))
        }
    }
}
