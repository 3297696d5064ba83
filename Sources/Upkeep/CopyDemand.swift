// CopyDemand: the blobs that some snapshots need and another repository lacks, as bits over the index of the repository that has them.
//
// Trees below a root are all looked at, also those the other repository has: a copy that was interrupted may have left a tree there and
// not the files in it.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Synchronization

final class CopyDemand: Sendable {
    private let source: IndexedRepository
    private let destination: BlobIndex
    private let walker: TreeWalker
    private let state: Mutex<State>

    private struct State {
        var wanted: OrdinalSet
        var sealedByteCount: UInt64 = 0
    }

    init(_ source: IndexedRepository, missingIn destination: IndexedRepository) {
        self.source = source
        self.destination = destination.index
        walker = TreeWalker(source)
        state = Mutex(State(wanted: OrdinalSet(capacity: source.index.blobCount)))
    }

    /// Bytes of the wanted blobs as they are stored.
    var sealedByteCount: UInt64 { state.withLock { $0.sealedByteCount } }
    var blobCount: Int { state.withLock { $0.wanted.count } }

    /// Adds what one more snapshot needs. Trees that an earlier one had are not read again.
    /// - Throws: `blobMissing` or `blobDamaged` for what the source cannot give.
    func add(_ root: BlobID, onTree: @escaping @Sendable () -> Void) throws {
        try want(.tree, [root])
        try walker.walk([root]) { [self] _, nodes in
            try want(.tree, nodes.compactMap(\.subtree))
            try want(.data, nodes.flatMap { $0.content ?? [] })
            onTree()
        }
    }

    private func want(_ type: BlobType, _ ids: [BlobID]) throws {
        for id in ids {
            let handle = BlobHandle(type: type, id: id)
            if destination.contains(handle) { continue }
            guard let ordinal = source.index.firstOrdinal(handle) else { throw RepositoryFailure.blobMissing(handle) }
            state.withLock { state in
                if state.wanted.insert(ordinal) { state.sealedByteCount += source.index.locate(handle).map { UInt64($0.length) } ?? 0 }
            }
        }
    }

    /// The wanted blobs of each pack that holds some, in the order of the index; and from then on none are wanted.
    func take() -> [CopyBatch.Pack] {
        let wanted = state.withLock { state in
            defer { state = State(wanted: OrdinalSet(capacity: source.index.blobCount)) }
            return state.wanted
        }
        var packs: [CopyBatch.Pack] = []
        source.index.forEachPack { pack in
            let blobs = pack.blobs.enumerated().filter { wanted.contains(pack.firstOrdinal + $0.offset) }.map(\.element)
            if !blobs.isEmpty { packs.append(CopyBatch.Pack(id: pack.id, blobs: blobs)) }
        }
        return packs
    }
}
