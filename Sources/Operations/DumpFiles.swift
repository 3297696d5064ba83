// DumpFiles: the verb `dump`: a file of a snapshot as raw bytes, or a directory as a tar or zip archive. Streams blob by blob.
//
// What is not promised: that nothing was written before an error. The exit status tells whether the stream is whole, and an archive
// that is not whole lacks its end mark.

import Archiving
package import Bytes
import Codecs
package import RepositoryEngine
import RepositoryFormat
import Upkeep

package struct DumpFiles {
    package enum ArchiveForm: String, Sendable, CaseIterable { case tar, zip }

    package var access: RepositoryAccess
    /// `latest`, an id or a prefix of one, optionally followed by `:/directory`.
    package var snapshot: String
    package var filter: SnapshotFilter
    /// Below the snapshot, or below its chosen directory.
    package var path: BytePath
    package var form = ArchiveForm.tar

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
        let output: any ArchiveOutput = form == .tar ? TarOutput(sink) : try ZipOutput(sink)
        try DepthFirstWalk(indexed).walk(tree, Archiver(indexed, prefix: path, output))
        try output.finish()
    }

    private final class Archiver: TreeVisitor {
        private let output: any ArchiveOutput
        private let indexed: IndexedRepository
        private let reader: BlobReader
        private let prefix: BytePath

        init(_ indexed: IndexedRepository, prefix: BytePath, _ output: any ArchiveOutput) {
            self.indexed = indexed
            self.prefix = prefix
            self.output = output
            reader = BlobReader(indexed)
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
            try output.add(node, at: BytePath(prefix.bytes + [BytePath.slash] + path.bytes).cleaned, byteCount: byteCount)
            guard node.kind == .file else { return }
            for id in content {
                let bytes = try reader.read(BlobHandle(type: .data, id: id))
                try output.write(bytes.span)
            }
        }

        private func plainByteCount(of id: BlobID) throws -> UInt64 {
            let handle = BlobHandle(type: .data, id: id)
            guard let location = indexed.index.locate(handle) else { throw RepositoryFailure.blobMissing(handle) }
            return UInt64(max(0, location.plainByteCount))
        }
    }
}

/// An archive that is being written, whatever its form.
private protocol ArchiveOutput: AnyObject {
    func add(_ node: Node, at path: BytePath, byteCount: UInt64) throws
    func write(_ bytes: Span<UInt8>) throws
    func finish() throws
}

private final class TarOutput: ArchiveOutput {
    private var tar: TarWriter

    init(_ sink: @escaping (Span<UInt8>) throws -> Void) { tar = TarWriter(sink: sink) }

    func add(_ node: Node, at path: BytePath, byteCount: UInt64) throws { try tar.add(node, at: path, byteCount: byteCount) }
    func write(_ bytes: Span<UInt8>) throws { try tar.write(bytes) }
    func finish() throws { try tar.finish() }
}

private final class ZipOutput: ArchiveOutput {
    private let zip: ZipWriter

    init(_ sink: @escaping (Span<UInt8>) throws -> Void) throws { zip = try ZipWriter(sink: sink) }

    /// Devices, fifos and sockets have no place in such an archive and are left out.
    func add(_ node: Node, at path: BytePath, byteCount: UInt64) throws {
        let kind: ZipEntry.Kind
        switch node.kind {
        case .file: kind = .file
        case .directory: kind = .directory
        case .symbolicLink: kind = .symbolicLink
        default: return
        }
        try zip.add(
            ZipEntry(
                kind: kind, path: ZipOutput.readable(Array(path.bytes.drop { $0 == BytePath.slash })), byteCount: byteCount, permissions: node.mode.posixPermissions,
                userID: node.userID, groupID: node.groupID, seconds: node.modificationTime.seconds, linkTarget: node.linkTarget))
    }

    /// Names in such an archive are UTF-8, and readers refuse the whole of it for one that is not: that one gets %XX for every byte
    /// beyond ASCII.
    private static func readable(_ name: [UInt8]) -> [UInt8] {
        if String(validating: name, as: UTF8.self) != nil { return name }
        return name.flatMap { $0 < 0x80 ? [$0] : Array("%\(String($0, radix: 16, uppercase: true))".utf8) }
    }

    func write(_ bytes: Span<UInt8>) throws { try zip.write(bytes) }
    func finish() throws { try zip.finish() }
}
