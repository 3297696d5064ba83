// LargeContent: the blobs of a file whose chunks are stored by several threads, gathered by position.

import RepositoryFormat
import Synchronization

final class LargeContent: Sendable {
    private struct State {
        var ids: [BlobID?] = []
        var delivered = 0
        var total: Int? = nil
    }

    let job: FileJob
    private let state = Mutex(State())
    private let finished = Mutex<(node: Node, byteCount: UInt64)?>(nil)

    init(job: FileJob) { self.job = job }

    /// A chunk was stored. True for whoever completes the file: that one goes on with `finish`.
    func deliver(_ id: BlobID, at position: Int) -> Bool {
        state.withLock { state in
            while state.ids.count <= position { state.ids.append(nil) }
            state.ids[position] = id
            state.delivered += 1
            return state.delivered == state.total
        }
    }

    /// The file was read to its end. True if all chunks have been stored already.
    func end(chunkCount: Int, node: Node, byteCount: UInt64) -> Bool {
        finished.withLock { $0 = (node, byteCount) }
        return state.withLock { state in
            state.total = chunkCount
            return state.delivered == chunkCount
        }
    }

    /// The finished node, with its content.
    func finish() -> Node? {
        let ids = state.withLock { $0.ids.compactMap { $0 } }
        return finished.withLock { finished in
            guard var node = finished?.node else { return nil }
            node.content = ids
            node.size = finished?.byteCount ?? 0
            return node
        }
    }
}
