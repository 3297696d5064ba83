// Reachability: the blobs that some snapshots need: every tree below their roots and every blob of every file in them.
//
// A blob is the bit of its first ordinal in the index, so that the set costs an eighth of a byte per stored blob. Needed blobs that
// no index names are listed apart, up to a limit.
// What is promised: if this returns without `missing`, whatever is not in the set is needed by none of the roots.

import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Stores
import Synchronization

package struct Reachability: Sendable {
    /// First ordinals in the index the set was computed for.
    let used: OrdinalSet
    /// The index that gives the ordinals their meaning.
    let index: BlobIndex
    /// Needed, but in no index; at most `missingLimit` of them.
    package let missing: Set<BlobHandle>

    package static let missingLimit = 100_000

    package var usedBlobCount: Int { used.count }

    /// Walks every tree below the roots. A tree that is there but cannot be read, or breaks the rules, ends it with an error.
    package static func compute(
        _ roots: [BlobID], in indexed: IndexedRepository, progress: @escaping UpkeepProgressHandler = { _ in }
    ) throws -> Reachability {
        let collector = Collector(indexed)
        let counter = StageCounter(.walkingTrees, total: nil, progress)
        collector.note(.tree, roots)
        try TreeWalker(indexed).walk(
            roots,
            onTree: { id, nodes in
                try check(nodes, of: id)
                collector.note(.tree, nodes.compactMap(\.subtree))
                collector.note(.data, nodes.flatMap { $0.content ?? [] })
                counter.advance()
            },
            onUnreadable: { id, error in
                // A tree that no index names is in `missing` already; trouble with the store is no damage.
                if error is StoreFailure { throw error }
                if collector.knows(id) { throw UpkeepFailure.treeDamaged(id.short, detail: Failure(describing: error).message) }
            })
        return collector.result
    }

    /// A directory without a tree may hide what it needed: then nothing can be called unused.
    private static func check(_ nodes: [Node], of id: BlobID) throws {
        if let node = nodes.first(where: { $0.kind == .directory && $0.subtree == nil }) {
            throw UpkeepFailure.treeDamaged(id.short, detail: "its directory '\(node.displayName)' has no tree")
        }
    }

    private final class Collector: Sendable {
        private let index: BlobIndex
        private let state: Mutex<(used: OrdinalSet, missing: Set<BlobHandle>)>

        init(_ indexed: IndexedRepository) {
            index = indexed.index
            state = Mutex((OrdinalSet(capacity: indexed.index.blobCount), []))
        }

        func note(_ type: BlobType, _ ids: [BlobID]) {
            let ordinals = index.firstOrdinals(type, ids)
            state.withLock { state in
                for (id, ordinal) in zip(ids, ordinals) {
                    if let ordinal {
                        state.used.insert(ordinal)
                    } else if state.missing.count < Reachability.missingLimit {
                        state.missing.insert(BlobHandle(type: type, id: id))
                    }
                }
            }
        }

        func knows(_ tree: BlobID) -> Bool { index.firstOrdinal(BlobHandle(type: .tree, id: tree)) != nil }

        var result: Reachability { state.withLock { Reachability(used: $0.used, index: index, missing: $0.missing) } }
    }
}
