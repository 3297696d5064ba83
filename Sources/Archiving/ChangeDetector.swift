// ChangeDetector: which files need not be read, because the parent snapshot has them with the same size, times and inode.
//
// The parent's trees are read along the walk, one per directory, and forgotten when the directory is left.

import Bytes
import FileTrees
import HostOS
import RepositoryEngine
import RepositoryFormat

/// One directory of the parent snapshot, by name. Nodes are sorted, so looking up is a binary search.
struct ParentDirectory {
    private let nodes: [Node]

    static let none = ParentDirectory(nodes: [])

    init(nodes: [Node]) { self.nodes = nodes }

    func node(named name: [UInt8]) -> Node? {
        var low = 0, high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].name.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].name == name ? nodes[low] : nil
    }
}

struct ChangeDetector {
    private let reader: BlobReader
    private let index: BlobIndex
    private let ignoreChangeTime: Bool
    private let ignoreInode: Bool

    init(_ indexed: IndexedRepository, request: BackupRequest) {
        reader = BlobReader(indexed)
        index = indexed.index
        ignoreInode = request.ignoreInode
        // An inode number that changes from run to run comes with a change time that does too.
        ignoreChangeTime = request.ignoreChangeTime || request.ignoreInode
    }

    /// The parent's directory behind a tree id. One that cannot be read means only that its files are read again.
    func directory(_ tree: BlobID?) -> ParentDirectory {
        guard let tree, let bytes = try? reader.readTree(tree), var nodes = try? Tree.parse(bytes) else { return .none }
        if !zip(nodes, nodes.dropFirst()).allSatisfy({ $0.name.lexicographicallyPrecedes($1.name) }) {
            nodes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        }
        return ParentDirectory(nodes: nodes)
    }

    /// The parent's content for a file that looks the same, if all its blobs are there.
    func unchangedContent(_ status: FileStatus, parent: Node?) -> [BlobID]? {
        guard let parent, parent.kind == .file, let content = parent.content, parent.size == status.size,
            same(parent.modificationTime, status.modificationTime), ignoreChangeTime || same(parent.changeTime, status.changeTime),
            ignoreInode || parent.inode == status.inode
        else { return nil }
        return index.containsAll(content) ? content : nil
    }

    private func same(_ time: Timestamp, _ other: FileTime) -> Bool {
        time.seconds == other.seconds && time.nanoseconds == other.nanoseconds
    }
}
