// RepositoryDump: where a database dump meets the repository: its files go into the tree of a snapshot and come back out of one.

import Archiving
import Bytes
import Databases
import RepositoryEngine
import RepositoryFormat
import Synchronization

/// The files of a dump become the files of a snapshot.
struct RepositoryDumpSink: DumpSink {
    let ingest: TreeIngest

    func lane() -> any DumpLane { Lane(ingest.lane()) }

    func startOver() { ingest.startOver() }

    private final class Lane: DumpLane {
        private let lane: TreeIngest.Lane

        init(_ lane: TreeIngest.Lane) { self.lane = lane }

        func begin(_ path: [[UInt8]]) { lane.begin(path) }
        func write(_ bytes: Span<UInt8>) throws { try lane.write(bytes) }
        func end() throws { try lane.end() }
    }
}

/// The files of a snapshot as the files of a dump. Safe to use from several threads.
final class RepositoryDumpSource: DumpSource {
    private let indexed: IndexedRepository
    private let tree: BlobID
    private let snapshotName: String
    /// Directories read so far, by their path.
    private let directories = Mutex<[[[UInt8]]: [[UInt8]: Node]]>([:])

    init(_ indexed: IndexedRepository, tree: BlobID, snapshotName: String) {
        self.indexed = indexed
        self.tree = tree
        self.snapshotName = snapshotName
    }

    func open(_ path: [[UInt8]]) throws -> any DumpFile {
        guard let name = path.last, let node = try directory(Array(path.dropLast()))?[name], node.kind == .file else {
            throw RepositoryFailure.noSuchPath(DumpPath.joined(path), snapshot: snapshotName)
        }
        return File(SequentialContent(indexed, node.content ?? []))
    }

    private func directory(_ path: [[UInt8]]) throws -> [[UInt8]: Node]? {
        if let known = directories.withLock({ $0[path] }) { return known }
        let id: BlobID
        if let name = path.last {
            guard let node = try directory(Array(path.dropLast()))?[name], let subtree = node.subtree else { return nil }
            id = subtree
        } else {
            id = tree
        }
        let nodes = try Tree.parse(BlobReader(indexed).readTree(id))
        let byName = Dictionary(nodes.map { ($0.name, $0) }) { first, _ in first }
        directories.withLock { $0[path] = byName }
        return byName
    }

    private final class File: DumpFile {
        private let content: SequentialContent

        init(_ content: SequentialContent) { self.content = content }

        func read(into buffer: inout MutableSpan<UInt8>) throws -> Int { try content.read(into: &buffer) }
    }
}
