// ArchiveIngest: entries that somebody pushes, with contents and all their metadata, as a tree of files in one snapshot: what an archive
// holds becomes what a backup of the same files would have been.
//
// Nothing touches a file system: names are components of a tree, and every safety of a restore comes with the restore. Directories that
// nobody pushed are made up. An entry pushed twice counts as it came last; a hard link is the file it names, which must have come before.

package import Bytes
import FileTrees
import HostOS
package import RepositoryEngine
package import RepositoryFormat

/// Not thread-safe.
package final class ArchiveIngest {
    private final class Directory {
        var node: Node?
        var directories: [[UInt8]: Directory] = [:]
        var leaves: [[UInt8]: Node] = [:]
    }

    private let indexed: IndexedRepository
    private let request: BackupRequest
    private let progress: Progress
    private let cancellation: Cancellation
    private let writer: BlobWriter
    private let lane: BlobWriter.Lane
    private let contents: PouredContent
    private let root = Directory()
    private let tally = BackupTally()
    private let started = Host.monotonicNanoseconds()
    private var inodeCount: UInt64 = 0
    package private(set) var entryCount = 0

    /// - Parameter request: its targets are replaced by the paths given to `finish`.
    package init(_ indexed: IndexedRepository, _ request: BackupRequest, progress: Progress, cancellation: Cancellation) {
        self.indexed = request.dryRun ? indexed.discardingWrites() : indexed
        self.request = request
        self.progress = progress
        self.cancellation = cancellation
        writer = BlobWriter(self.indexed, options: request.writer)
        lane = writer.lane()
        contents = PouredContent(
            writer, Chunker(polynomial: indexed.repository.config.polynomial), threadCount: max(1, Host.processorCount - 1), progress: progress,
            cancellation: cancellation)
    }

    /// - Parameters:
    ///   - node: its name, size, content and links are set here.
    ///   - read: gives a file's content piece by piece; 0 at its end.
    package func add(_ node: Node, at path: BytePath, read: (inout MutableSpan<UInt8>) throws -> Int = { _ in 0 }) throws {
        guard let name = path.components.last else { return }
        var node = node
        node.name = name
        entryCount += 1
        let parent = directory(path.components.dropLast())
        if node.kind == .directory {
            parent.leaves[name] = nil
            directory(path.components[...]).node = node
            return
        }
        if node.kind == .file {
            inodeCount += 1
            node.inode = inodeCount
            node.linkCount = 1
            (node.content, node.size) = try contents.store(read)
            tally.countFile(byteCount: node.size, previous: nil, unmodified: false)
            progress.add(files: 1)
        }
        parent.directories[name] = nil
        parent.leaves[name] = node
    }

    /// Another name of a file that came before; false if it did not.
    package func addLink(at path: BytePath, to existing: BytePath) -> Bool {
        guard let name = path.components.last, let first = existing.components.last else { return false }
        let holder = directory(existing.components.dropLast())
        guard var node = holder.leaves[first], node.kind == .file else { return false }
        node.linkCount += 1
        holder.leaves[first] = node
        node.name = name
        entryCount += 1
        directory(path.components.dropLast()).leaves[name] = node
        return true
    }

    package func abandon() {
        contents.end()
        writer.abandon()
    }

    /// Writes the trees and the snapshot. Returns once all is durable.
    /// - Parameter paths: what of the tree is the snapshot's.
    package func finish(paths: [BytePath]) throws -> BackupSummary {
        let tree: BlobID
        do {
            tree = try write(root)
        } catch {
            abandon()
            throw error
        }
        contents.end()
        var figures = tally.figures, request = request
        figures.add(try writer.finish())
        figures.backupStart = request.time
        figures.backupEnd = request.time.adding(nanoseconds: Host.monotonicNanoseconds() - started)
        request.targets = paths
        let id = request.dryRun ? nil : try SnapshotCatalog.save(request.snapshot(tree, nil, figures), in: indexed.repository)
        return BackupSummary(
            snapshotID: id, parent: nil, tree: tree, figures: figures, problems: [], durationNanoseconds: Host.monotonicNanoseconds() - started)
    }

    private func directory(_ names: ArraySlice<[UInt8]>) -> Directory {
        var place = root
        for name in names {
            if let next = place.directories[name] {
                place = next
            } else {
                let made = Directory()
                place.leaves[name] = nil
                place.directories[name] = made
                place = made
            }
        }
        return place
    }

    private func write(_ directory: Directory) throws -> BlobID {
        var nodes = Array(directory.leaves.values)
        for (name, below) in directory.directories {
            var node = below.node ?? madeUp(name)
            node.subtree = try write(below)
            tally.countDirectory(node, previous: nil)
            nodes.append(node)
        }
        nodes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        let json = try Tree.serialise(nodes)
        return try lane.save(.tree, json.span).id
    }

    private func madeUp(_ name: [UInt8]) -> Node {
        var node = Node(name: name, kind: .directory)
        node.mode = GoFileMode(posix: 0o040755)
        node.modificationTime = request.time
        node.userID = request.userID
        node.groupID = request.groupID
        return node
    }
}
