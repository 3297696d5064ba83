// TreeWalker: every tree below some roots, each once, read by several threads. The base of prune, check, statistics and copying.

import Bytes
import HostOS
package import RepositoryFormat
import Synchronization

package final class TreeWalker: Sendable {
    private let indexed: IndexedRepository
    private let monitor = Monitor()
    private let state = Mutex(State())

    private struct State {
        var seen: Set<BlobID> = []
        var waiting: [BlobID] = []
        var working = 0
        var stopped = false
    }

    package init(_ indexed: IndexedRepository) { self.indexed = indexed }

    /// Ids of all trees visited so far, including unreadable ones.
    package var visited: Set<BlobID> { state.withLock { $0.seen } }

    /// Visits every tree reachable from `roots` that this walker has not seen before.
    ///
    /// - Parameters:
    ///   - onTree: runs on several threads at once with the tree's parsed nodes.
    ///   - onUnreadable: what to do about a tree that cannot be read; throwing ends the walk.
    package func walk(
        _ roots: [BlobID], onTree: @escaping @Sendable (BlobID, [Node]) throws -> Void,
        onUnreadable: @escaping @Sendable (BlobID, any Error) throws -> Void = { _, error in throw error }
    ) throws {
        add(roots)
        let workers = Workers()
        for number in 0..<Host.processorCount {
            workers.start("walk-\(number)", onFailure: { [self] in stop() }) { [self] in
                let reader = BlobReader(indexed)
                while let id = next() {
                    defer { finished() }
                    let nodes: [Node]
                    do {
                        nodes = try Tree.parse(reader.readTree(id))
                    } catch {
                        try onUnreadable(id, error)
                        continue
                    }
                    try onTree(id, nodes)
                    add(nodes.compactMap(\.subtree))
                }
            }
        }
        try workers.join()
    }

    private func add(_ ids: [BlobID]) {
        monitor.locked { _ in
            state.withLock { state in
                for id in ids where state.seen.insert(id).inserted { state.waiting.append(id) }
            }
        }
    }

    /// The next tree; waits while others may still find more; nil when all is done.
    private func next() -> BlobID? {
        monitor.locked { wait in
            while true {
                let (id, done) = state.withLock { state -> (BlobID?, Bool) in
                    if state.stopped { return (nil, true) }
                    if let id = state.waiting.popLast() {
                        state.working += 1
                        return (id, false)
                    }
                    return (nil, state.working == 0)
                }
                if let id { return id }
                if done { return nil }
                wait()
            }
        }
    }

    private func finished() { monitor.locked { _ in state.withLock { $0.working -= 1 } } }
    private func stop() { monitor.locked { _ in state.withLock { $0.stopped = true } } }
}
