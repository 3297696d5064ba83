// ExportArchive: trees of snapshots as entries of one tar archive, as GNU tar restores them: modes, owners, times to the nanosecond,
// links of both kinds, extended attributes.
//
// The first name of a file with several names has the content, the others are links to it. What a tar archive of ours does not hold
// (devices, pipes, sockets) is counted.

import Archiving
import Bytes
import RepositoryEngine
import RepositoryFormat
import Upkeep

final class ExportArchive {
    private struct Inode: Hashable {
        let device: UInt64
        let number: UInt64
        let snapshot: SnapshotID
    }

    private let indexed: IndexedRepository
    private let progress: Progress
    private let cancellation: Cancellation
    private var tar: TarWriter
    private var firstNames: [Inode: BytePath] = [:]
    private(set) var fileCount: UInt64 = 0
    /// Entries that have no place in the archive.
    private(set) var leftOut: [BytePath] = []

    init(
        _ indexed: IndexedRepository, progress: Progress, cancellation: Cancellation, sink: @escaping (Span<UInt8>) throws -> Void
    ) {
        self.indexed = indexed
        self.progress = progress
        self.cancellation = cancellation
        tar = TarWriter(exactTimes: true, sink: sink)
    }

    /// A directory that is in no snapshot.
    func add(directory path: BytePath, time: Timestamp) throws {
        var node = Node(name: path.name, kind: .directory)
        node.mode = GoFileMode(posix: 0o040700)
        node.modificationTime = time
        try tar.add(node, at: path)
    }

    /// A small file that is in no snapshot.
    func add(file path: BytePath, content: [UInt8]) throws {
        var node = Node(name: path.name, kind: .file)
        node.mode = GoFileMode(posix: 0o100600)
        node.modificationTime = Timestamp(seconds: 0)
        try tar.add(node, at: path, byteCount: UInt64(content.count))
        try tar.write(content.span)
    }

    /// A node and everything below it.
    func add(_ node: Node, at path: BytePath, of snapshot: CatalogedSnapshot) throws {
        try add(entry: node, at: path, snapshot.id)
        guard node.kind == .directory, let subtree = node.subtree else { return }
        try add(tree: subtree, at: path, of: snapshot)
    }

    /// Everything in a tree.
    func add(tree: BlobID, at path: BytePath, of snapshot: CatalogedSnapshot) throws {
        try DepthFirstWalk(indexed).walk(
            tree,
            Visitor { [self] node, below in
                try add(entry: node, at: BytePath(path.bytes + [BytePath.slash] + below.bytes).cleaned, snapshot.id)
            })
    }

    func finish() throws { try tar.finish() }

    private func add(entry node: Node, at path: BytePath, _ snapshot: SnapshotID) throws {
        if cancellation.isCancelled { throw RepositoryFailure.cancelled }
        guard node.hasSafeName else {
            throw RepositoryFailure.damaged(object: "the directory of '\(path)'", detail: "it holds a name that no file can have")
        }
        guard [.file, .directory, .symbolicLink].contains(node.kind) else { return leftOut.append(path) }
        fileCount += 1
        progress.add(files: 1)
        let inode = Inode(device: node.deviceID, number: node.inode, snapshot: snapshot)
        if node.kind == .file && node.linkCount > 1 {
            if let first = firstNames[inode] { return try tar.add(node, at: path, linkedTo: first) }
            firstNames[inode] = path
        }
        let content = node.content ?? []
        // The size that the index knows, not the one the node claims: the archive must add up.
        let byteCount = try content.reduce(UInt64(0)) { try $0 + plainByteCount(of: $1) }
        try tar.add(node, at: path, byteCount: byteCount)
        guard node.kind == .file else { return }
        try FileContent.read(content, indexed) { bytes in
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            progress.add(bytes: UInt64(bytes.count))
            try tar.write(bytes)
        }
    }

    private func plainByteCount(of id: BlobID) throws -> UInt64 {
        let handle = BlobHandle(type: .data, id: id)
        guard let location = indexed.index.locate(handle) else { throw RepositoryFailure.blobMissing(handle) }
        return UInt64(max(0, location.plainByteCount))
    }

    private final class Visitor: TreeVisitor {
        private let onNode: (Node, BytePath) throws -> Void

        init(onNode: @escaping (Node, BytePath) throws -> Void) { self.onNode = onNode }

        func enter(_ tree: BlobID, at path: BytePath) -> Bool { true }
        func leave(_ tree: BlobID) {}
        func skip(_ tree: BlobID, at path: BytePath, because error: any Error) throws { throw error }
        func visit(_ node: Node, at path: BytePath) throws { try onNode(node, path) }
    }
}

/// A stored file's bytes, verified, piece by piece.
enum FileContent {
    static func read(_ content: [BlobID], _ indexed: IndexedRepository, _ sink: (Span<UInt8>) throws -> Void) throws {
        let file = SequentialContent(indexed, content)
        let buffer = Block(capacity: 1 << 20)
        while true {
            buffer.removeAll()
            guard try buffer.appendUpTo(buffer.capacity, { span in try file.read(into: &span) }) > 0 else { return }
            try buffer.withBytes { try sink($0) }
        }
    }
}

/// Where what lies in an archive of ours.
enum ExportLayout {
    /// Its first entry: an archive without it was made by somebody else.
    static let mark: BytePath = "/lifeboat-export.json"

    static func folder(of source: AppSource) -> BytePath { BytePath.root.appending(source.rawValue) }

    static func description(of application: String, _ sources: [String]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("format")
        json.integer(UInt64(1))
        json.key("application")
        json.string(application)
        json.key("sources")
        json.beginArray()
        for source in sources { json.string(source) }
        json.endArray()
        json.endObject()
        return json.bytes + [0x0a]
    }
}
