// TreeIngest: contents that somebody pushes, from several threads, as a tree of files in one snapshot: a database dump, for one.
//
// Each thread has a lane: begin a file, write its bytes, end it. The bytes are cut where the content says so, much finer than files
// are, and go straight into the repository. The trees are written at the end, when every lane has stopped; until then nothing
// refers to anything stored, so a dump that fails leaves no snapshot.
//
// A file whose content is the same as in the parent snapshot keeps the node it had there, times included, and so do directories:
// what did not change adds not even a tree.

package import Bytes
import FileTrees
import HostOS
package import RepositoryEngine
import RepositoryFormat
import Synchronization

package final class TreeIngest: Sendable {
    /// About 12 KiB a piece, for dumps of which scattered rows change from day to day: each changed row stores its piece anew. Pieces of
    /// 6, 12, 24 KiB make the first dump 15, 7, 2 % larger than pieces of 48 KiB would, and the day after 7, 4, 2 times smaller
    /// (docs/performance.md).
    private static let chunkMinimum = 4 << 10, chunkAverageBits = 13, chunkMaximum = 64 << 10

    private let indexed: IndexedRepository
    private let request: BackupRequest
    private let zone: TimeZoneRules
    private let progress: Progress
    private let cancellation: Cancellation
    private let writer: BlobWriter
    private let started = Host.monotonicNanoseconds()
    private let root = Mutex(IngestedDirectory())

    /// - Parameter request: its targets are recorded as the snapshot's paths and not read; the rest as for BackupRun.
    package init(
        _ indexed: IndexedRepository, _ request: BackupRequest, zone: @escaping TimeZoneRules, progress: Progress = Progress(),
        cancellation: Cancellation = Cancellation()
    ) {
        self.indexed = request.dryRun ? indexed.discardingWrites() : indexed
        self.request = request
        self.zone = zone
        self.progress = progress
        self.cancellation = cancellation
        writer = BlobWriter(self.indexed, options: request.writer)
    }

    package func lane() -> Lane { Lane(self) }

    /// Forgets every file that was ended: whoever pushes them begins again. What was stored is stored, and found again by its content.
    package func startOver() { root.withLock { $0 = IngestedDirectory() } }

    /// Stops everything; what is stored stays, harmless and unreferenced.
    package func abandon() { writer.abandon() }

    /// Writes the trees and the snapshot. All lanes must have stopped.
    /// - Returns: once all is durable.
    package func finish(parent: CatalogedSnapshot?) throws -> BackupSummary {
        let tally = BackupTally()
        let tree: BlobID
        do {
            let detector = ChangeDetector(indexed, request: request)
            let directory = root.withLock { $0 }
            tree = try write(directory, previous: detector.directory(parent?.snapshot.tree), detector, tally, writer.lane())
        } catch {
            writer.abandon()
            throw error
        }
        let statistics = try writer.finish()
        var figures = tally.figures
        let duration = Host.monotonicNanoseconds() - started
        figures.backupStart = request.time
        figures.backupEnd = request.time.adding(nanoseconds: duration)
        figures.add(statistics)
        let id = request.dryRun ? nil : try SnapshotCatalog.save(request.snapshot(tree, parent, figures), in: indexed.repository)
        return BackupSummary(snapshotID: id, parent: parent?.id, tree: tree, figures: figures, problems: [], durationNanoseconds: duration)
    }

    private func write(
        _ directory: IngestedDirectory, previous: ParentDirectory, _ detector: ChangeDetector, _ tally: BackupTally, _ lane: BlobWriter.Lane
    ) throws -> BlobID {
        var nodes: [Node] = []
        for (name, file) in directory.files {
            let before = previous.node(named: name)
            let isUnmodified = before?.kind == .file && before?.content == file.content
            tally.countFile(byteCount: file.byteCount, previous: before, unmodified: isUnmodified)
            if isUnmodified, let before { nodes.append(before) } else { nodes.append(node(name, file)) }
        }
        for (name, below) in directory.directories {
            let before = previous.node(named: name)
            var node = node(name, .directory, 0o700)
            let tree = try write(below, previous: detector.directory(before?.subtree), detector, tally, lane)
            node.subtree = tree
            if let before, before.kind == .directory, before.subtree == tree { node = before }
            tally.countDirectory(node, previous: before)
            nodes.append(node)
        }
        nodes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        let json = try Tree.serialise(nodes)
        return try lane.save(.tree, json.span).id
    }

    private func node(_ name: [UInt8], _ file: IngestedFile) -> Node {
        var node = node(name, .regular, 0o600)
        node.size = file.byteCount
        node.content = file.content
        return node
    }

    private func node(_ name: [UInt8], _ kind: FileKind, _ mode: UInt32) -> Node {
        var node = Node(name: name, kind: kind == .directory ? .directory : .file)
        let maker = NodeMaker(zone: zone)
        node.mode = GoFileMode(posix: kind.posixTypeBits | mode)
        node.modificationTime = request.time
        node.accessTime = request.time
        node.changeTime = request.time
        node.userID = request.userID
        node.groupID = request.groupID
        node.userName = maker.accounts.user(node.userID)
        node.groupName = maker.accounts.group(node.groupID)
        return node
    }

    fileprivate func add(_ file: IngestedFile, at path: [[UInt8]]) {
        root.withLock { $0.add(file, at: path[...]) }
        progress.add(files: 1)
    }

    // MARK: Lane

    /// One thread's way in. Not thread-safe; one file at a time.
    package final class Lane {
        private let ingest: TreeIngest
        private let lane: BlobWriter.Lane
        private let chunker: Chunker
        private var cursor = ChunkCursor()
        private let buffer = Block(capacity: 4 * TreeIngest.chunkMaximum)
        private var path: [[UInt8]] = []
        private var file = IngestedFile()

        fileprivate init(_ ingest: TreeIngest) {
            self.ingest = ingest
            lane = ingest.writer.lane()
            chunker = Chunker(
                polynomial: ingest.indexed.repository.config.polynomial, minimum: TreeIngest.chunkMinimum,
                averageBits: TreeIngest.chunkAverageBits, maximum: TreeIngest.chunkMaximum)
        }

        /// - Parameter path: names from the root of the snapshot down; a file begun before and not ended is forgotten.
        package func begin(_ path: [[UInt8]]) {
            precondition(!path.isEmpty && path.allSatisfy { !$0.isEmpty && !$0.contains(BytePath.slash) })
            self.path = path
            file = IngestedFile()
            cursor = ChunkCursor()
            buffer.removeAll()
        }

        /// - Throws: what the repository throws; cancelled.
        package func write(_ bytes: Span<UInt8>) throws {
            var rest = 0
            while rest < bytes.count {
                let count = min(buffer.free, bytes.count - rest)
                buffer.append(bytes.extracting(rest..<rest + count))
                rest += count
                if buffer.free == 0 { try cut(isEnd: false) }
            }
            file.byteCount += UInt64(bytes.count)
            ingest.progress.add(bytes: UInt64(bytes.count))
        }

        /// The file is whole.
        package func end() throws {
            try cut(isEnd: true)
            ingest.add(file, at: path)
        }

        private func cut(isEnd: Bool) throws {
            if ingest.cancellation.isCancelled { throw RepositoryFailure.cancelled }
            var start = 0
            while true {
                let length = buffer.withBytes(start..<buffer.count) { bytes in chunker.nextCut(in: bytes, cursor: &cursor, isEnd: isEnd) }
                guard let length else { break }
                file.content.append(try buffer.withBytes(start..<start + length) { try lane.save(.data, $0).id })
                start += length
            }
            buffer.removeFirst(start)
        }
    }
}

private struct IngestedFile: Sendable {
    var byteCount: UInt64 = 0
    var content: [BlobID] = []
}

/// What has been ended so far, by name.
private struct IngestedDirectory: Sendable {
    var files: [[UInt8]: IngestedFile] = [:]
    var directories: [[UInt8]: IngestedDirectory] = [:]

    mutating func add(_ file: IngestedFile, at path: ArraySlice<[UInt8]>) {
        guard let name = path.first else { return }
        if path.count == 1 { files[name] = file } else { directories[name, default: IngestedDirectory()].add(file, at: path.dropFirst()) }
    }
}
