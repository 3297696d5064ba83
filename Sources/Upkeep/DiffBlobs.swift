// DiffBlobs: the blobs one side of a comparison needs, as bits over the index; those that no index names are kept by their names.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Synchronization

struct DiffBlobs: Sendable {
    private let index: BlobIndex
    private var known: OrdinalSet
    private var unknown: Set<BlobHandle> = []

    init(_ index: BlobIndex) {
        self.index = index
        known = OrdinalSet(capacity: index.blobCount)
    }

    mutating func insert(_ type: BlobType, _ ids: [BlobID]) {
        for (id, ordinal) in zip(ids, index.firstOrdinals(type, ids)) {
            if let ordinal { known.insert(ordinal) } else { unknown.insert(BlobHandle(type: type, id: id)) }
        }
    }

    /// What the node itself refers to.
    mutating func insert(_ node: Node) {
        if node.kind == .file, let content = node.content { insert(.data, content) }
        if node.kind == .directory, let subtree = node.subtree { insert(.tree, [subtree]) }
    }

    /// Everything below some trees, but not these themselves.
    static func below(_ roots: [BlobID], in indexed: IndexedRepository, onUnreadable: (String) -> Void) throws -> DiffBlobs {
        let found = Mutex((blobs: DiffBlobs(indexed.index), problems: [String]()))
        try TreeWalker(indexed).walk(
            roots,
            onTree: { _, nodes in found.withLock { found in for node in nodes { found.blobs.insert(node) } } },
            onUnreadable: { id, error in
                found.withLock { $0.problems.append("tree \(id.short): \(Failure(describing: error).message)") }
            })
        return found.withLock { found in
            for problem in found.problems { onUnreadable(problem) }
            return found.blobs
        }
    }

    /// Adds up the blobs that are neither on the other side nor common.
    func counted(without other: DiffBlobs, _ common: DiffBlobs, _ side: DiffStatistics.Side) -> DiffStatistics.Side {
        var side = side, ordinal = 0
        index.forEach { handle, location in
            defer { ordinal += 1 }
            guard known.contains(ordinal), !other.known.contains(ordinal), !common.known.contains(ordinal) else { return }
            side.count(handle.type, byteCount: UInt64(location.plainByteCount))
        }
        for handle in unknown.subtracting(other.unknown).subtracting(common.unknown) { side.count(handle.type, byteCount: 0) }
        return side
    }
}

extension DiffStatistics.Side {
    fileprivate mutating func count(_ type: BlobType, byteCount: UInt64) {
        if type == .data { dataBlobs += 1 } else { treeBlobs += 1 }
        bytes += byteCount
    }
}
