// StreamIngest: named contents that do not come from a walk of the file system, such as a captured database and its manifest, as one
// small snapshot. Chunk sizes are the source's choice: database pages deduplicate only when cut finely and at fixed places.

package import Bytes
import FileTrees
package import HostOS
package import RepositoryEngine
import RepositoryFormat

/// One file of the snapshot.
package struct StreamItem: Sendable {
    package enum Content: Sendable {
        case bytes([UInt8])
        /// A file of this machine, cut every `chunkByteCount` bytes.
        case file(BytePath, chunkByteCount: Int)
    }

    package let name: [UInt8]
    package let content: Content
    /// Where mode, owner and times come from; nil: this process, 0600, now.
    package let status: FileStatus?

    package init(name: [UInt8], content: Content, status: FileStatus? = nil) {
        self.name = name
        self.content = content
        self.status = status
    }
}

package struct StreamIngest {
    private let indexed: IndexedRepository
    private let request: BackupRequest
    private let zone: TimeZoneRules
    private let progress: Progress
    private let cancellation: Cancellation

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
    }

    /// Stores the items in the root of a new snapshot. The snapshot exists only if every item was read to its end.
    package func run(_ items: [StreamItem], parent: CatalogedSnapshot?) throws -> BackupSummary {
        let started = Host.monotonicNanoseconds()
        let previous = ChangeDetector(indexed, request: request).directory(parent?.snapshot.tree)
        let writer = BlobWriter(indexed, options: request.writer)
        let tally = BackupTally()
        let tree: BlobID
        do {
            let lane = writer.lane()
            var nodes: [Node] = []
            for item in items.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
                let node = try save(item, lane)
                let before = previous.node(named: item.name)
                tally.countFile(byteCount: node.size, previous: before, unmodified: before?.content == node.content)
                progress.add(files: 1)
                nodes.append(node)
            }
            let json = try Tree.serialise(nodes)
            tree = try lane.save(.tree, json.span).id
        } catch {
            writer.abandon()
            throw error
        }
        let statistics = try writer.finish()
        var figures = tally.figures
        figures.backupStart = request.time
        figures.backupEnd = request.time.adding(nanoseconds: Host.monotonicNanoseconds() - started)
        figures.add(statistics)
        let id = request.dryRun ? nil : try SnapshotCatalog.save(request.snapshot(tree, parent, figures), in: indexed.repository)
        return BackupSummary(
            snapshotID: id, parent: parent?.id, tree: tree, figures: figures, problems: [],
            durationNanoseconds: Host.monotonicNanoseconds() - started)
    }

    private func save(_ item: StreamItem, _ lane: BlobWriter.Lane) throws -> Node {
        var node = node(item)
        var content: [BlobID] = []
        switch item.content {
        case .bytes(let bytes):
            if !bytes.isEmpty { content.append(try lane.save(.data, bytes.span).id) }
            node.size = UInt64(bytes.count)
        case .file(let path, let chunkByteCount): node.size = try saveChunks(of: path, chunkByteCount, lane, &content)
        }
        node.content = content
        return node
    }

    private func saveChunks(of path: BytePath, _ chunkByteCount: Int, _ lane: BlobWriter.Lane, _ content: inout [BlobID]) throws -> UInt64 {
        let file = try Descriptor.open(path, .readUnfollowed)
        let piecesPerRead = max(1, (1 << 20) / chunkByteCount)
        let block = Block(capacity: piecesPerRead * chunkByteCount)
        var byteCount: UInt64 = 0
        while true {
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            block.removeAll()
            while block.free > 0 {
                let got = try block.appendUpTo(block.free) { (span) throws(SystemError) in try file.read(into: &span) }
                if got == 0 { break }
            }
            if block.count == 0 { return byteCount }
            for start in stride(from: 0, to: block.count, by: chunkByteCount) {
                let end = min(start + chunkByteCount, block.count)
                content.append(try block.withBytes(start..<end) { try lane.save(.data, $0).id })
            }
            byteCount += UInt64(block.count)
            progress.add(bytes: UInt64(block.count))
        }
    }

    private func node(_ item: StreamItem) -> Node {
        var node = Node(name: item.name, kind: .file)
        let maker = NodeMaker(zone: zone)
        node.mode = GoFileMode(posix: FileKind.regular.posixTypeBits | (item.status?.mode ?? 0o600))
        node.modificationTime = item.status.map { maker.timestamp($0.modificationTime) } ?? request.time
        node.accessTime = node.modificationTime
        node.changeTime = item.status.map { maker.timestamp($0.changeTime) } ?? request.time
        node.userID = item.status?.userID ?? request.userID
        node.groupID = item.status?.groupID ?? request.groupID
        node.userName = maker.accounts.user(node.userID)
        node.groupName = maker.accounts.group(node.groupID)
        return node
    }
}
