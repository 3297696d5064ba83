// SpareBlocks: memory for chunks that are read or stored, used again and again by several threads.

import Bytes
import RepositoryFormat
import Synchronization

final class SpareBlocks: Sendable {
    private static let maximumCount = 4
    /// What a rare long chunk has touched is not kept.
    private static let keptByteCount = 3 << 20

    private let blocks = Mutex<[Block]>([])

    /// An empty block that holds the largest chunk.
    func take() -> Block {
        let spare = blocks.withLock { $0.popLast() }
        spare?.removeAll()
        return spare ?? Block(capacity: Chunker.standardMaximum)
    }

    func giveBack(_ block: Block) {
        if block.count > SpareBlocks.keptByteCount { return }
        blocks.withLock { if $0.count < SpareBlocks.maximumCount { $0.append(block) } }
    }
}
