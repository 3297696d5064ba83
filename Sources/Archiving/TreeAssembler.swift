// TreeAssembler: directories wait here for their files. The thread that delivers the last missing node writes the tree and hands
// the directory's own node to the one above; so trees are written bottom-up, by whoever is free, without anyone waiting.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Synchronization

/// A directory being assembled. Slots are taken in name order by the scan and filled in any order by workers.
final class PendingDirectory: Sendable {
    /// Nil for the root of the snapshot, which has no node.
    let node: Node?
    let parent: PendingDirectory?
    let slot: Int
    /// The same directory in the parent snapshot, for the statistics.
    let previous: Node?
    private let state = Mutex(State())

    private struct State {
        var nodes: [Node?] = []
        var missing = 0
        /// The scan has left the directory: no more slots will be taken.
        var closed = false
    }

    init(node: Node?, parent: PendingDirectory?, slot: Int, previous: Node?) {
        self.node = node
        self.parent = parent
        self.slot = slot
        self.previous = previous
    }

    /// Adds a finished node as the next one.
    func append(_ node: Node) { state.withLock { $0.nodes.append(node) } }

    /// Takes the next slot, to be filled later.
    func reserve() -> Int {
        state.withLock { state in
            state.nodes.append(nil)
            state.missing += 1
            return state.nodes.count - 1
        }
    }

    /// Fills a slot; nil leaves it empty (the item could not be read). Returns the nodes if that completed the directory.
    func fill(_ slot: Int, _ node: Node?) -> [Node]? {
        state.withLock { state in
            state.nodes[slot] = node
            state.missing -= 1
            return PendingDirectory.takeIfComplete(&state)
        }
    }

    /// No more slots. Returns the nodes if none is missing.
    func close() -> [Node]? {
        state.withLock { state in
            state.closed = true
            return PendingDirectory.takeIfComplete(&state)
        }
    }

    private static func takeIfComplete(_ state: inout State) -> [Node]? {
        guard state.closed, state.missing == 0 else { return nil }
        defer { state.nodes = [] }
        return state.nodes.compactMap { $0 }
    }
}

/// Writes complete directories and climbs.
final class TreeAssembler: Sendable {
    private let result = Mutex<BlobID?>(nil)
    private let tally: BackupTally

    init(tally: BackupTally) { self.tally = tally }

    /// The root tree, once everything was delivered.
    var root: BlobID? { result.withLock { $0 } }

    /// Writes the tree of a directory whose nodes are all there, and every directory above that this completes.
    func write(_ directory: PendingDirectory, _ nodes: [Node], _ lane: BlobWriter.Lane) throws {
        var directory = directory, nodes = nodes
        while true {
            let json = try Tree.serialise(nodes)
            let saved = try lane.save(.tree, json.span)
            guard var node = directory.node, let above = directory.parent else {
                result.withLock { $0 = saved.id }
                return
            }
            node.subtree = saved.id
            tally.countDirectory(node, previous: directory.previous)
            guard let complete = above.fill(directory.slot, node) else { return }
            directory = above
            nodes = complete
        }
    }
}

/// The statistics of a snapshot, gathered from all threads.
final class BackupTally: Sendable {
    private let state = Mutex(SnapshotSummary())

    var figures: SnapshotSummary { state.withLock { $0 } }

    func countDirectory(_ node: Node, previous: Node?) {
        state.withLock { figures in
            if previous == nil { figures.directoriesNew += 1 } else if previous == node { figures.directoriesUnmodified += 1 } else { figures.directoriesChanged += 1 }
        }
    }

    /// - Parameter unmodified: the content was taken from the parent.
    func countFile(byteCount: UInt64, previous: Node?, unmodified: Bool) {
        state.withLock { figures in
            if unmodified { figures.filesUnmodified += 1 } else if previous == nil { figures.filesNew += 1 } else { figures.filesChanged += 1 }
            figures.totalFilesProcessed += 1
            figures.totalBytesProcessed += byteCount
        }
    }
}
