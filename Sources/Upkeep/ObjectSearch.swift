// ObjectSearch: which files a blob belongs to, and where a tree lies, in one snapshot after another; for the blobs of a pack too.
//
// Ids may be cut short. A tree in which nothing was found is remembered, up to a limit, and not read again.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Stores

/// What is looked for: ids or their first digits, in small letters.
package struct ObjectSearch: Sendable {
    private var data: Prefixes
    private var trees: Prefixes

    package init(data: [String] = [], trees: [String] = []) {
        self.data = Prefixes(data)
        self.trees = Prefixes(trees)
    }

    /// Everything that lies in some packs.
    package init(packed blobs: [PackedBlob]) {
        self.init(data: blobs.filter { $0.type == .data }.map(\.id.hex), trees: blobs.filter { $0.type == .tree }.map(\.id.hex))
    }

    package var isEmpty: Bool { data.isEmpty && trees.isEmpty }

    func wants(_ type: BlobType, _ id: BlobID) -> Bool { type == .data ? data.contains(id.hex) : trees.contains(id.hex) }
    func wantsAny(_ type: BlobType) -> Bool { type == .data ? !data.isEmpty : !trees.isEmpty }

    /// Every blob of the index that is meant, in order.
    package func known(in index: BlobIndex) -> [BlobHandle] {
        var found: Set<BlobHandle> = []
        index.forEach { handle, _ in if wants(handle.type, handle.id) { found.insert(handle) } }
        return found.sorted()
    }

    /// Prefixes by their length, so that one look for each length answers.
    private struct Prefixes: Sendable {
        private var byLength: [Int: Set<String>] = [:]

        init(_ texts: [String]) { for text in texts { byLength[text.count, default: []].insert(text) } }

        var isEmpty: Bool { byLength.isEmpty }

        func contains(_ hex: String) -> Bool { byLength.contains { length, texts in texts.contains(String(hex.prefix(length))) } }
    }
}

/// One place where an object is used.
package struct FoundObject: Sendable {
    package let snapshot: CatalogedSnapshot
    package let blob: BlobHandle
    package let path: BytePath
    /// The tree that lists the file; nil for trees.
    package let parentTree: BlobID?
}

/// Searches snapshots, one call for each. Not thread-safe.
package final class ObjectFinder {
    private let walk: DepthFirstWalk
    private let visitor: Visitor

    package init(
        _ search: ObjectSearch, in indexed: IndexedRepository, onFound: @escaping (FoundObject) throws -> Void,
        onUnreadable: @escaping (CatalogedSnapshot, String) -> Void
    ) {
        walk = DepthFirstWalk(indexed)
        visitor = Visitor(search, onFound, onUnreadable)
    }

    /// Reports in the order of a listing; a blob that occurs several times in a file once.
    package func find(in snapshot: CatalogedSnapshot) throws {
        try visitor.begin(snapshot)
        try walk.walk(snapshot.snapshot.tree, visitor)
    }

    private final class Visitor: TreeVisitor {
        private static let rememberedLimit = 1_000_000

        private struct Open {
            let tree: BlobID
            let foundCount: Int
        }

        private let search: ObjectSearch
        private let onFound: (FoundObject) throws -> Void
        private let onUnreadable: (CatalogedSnapshot, String) -> Void
        private var snapshot: CatalogedSnapshot?
        private var barren: Set<BlobID> = []
        private var open: [Open] = []
        private var foundCount = 0

        init(
            _ search: ObjectSearch, _ onFound: @escaping (FoundObject) throws -> Void,
            _ onUnreadable: @escaping (CatalogedSnapshot, String) -> Void
        ) {
            self.search = search
            self.onFound = onFound
            self.onUnreadable = onUnreadable
        }

        func begin(_ snapshot: CatalogedSnapshot) throws {
            self.snapshot = snapshot
            open = []
            try look(at: BlobHandle(type: .tree, id: snapshot.snapshot.tree), .root)
        }

        private func look(at blob: BlobHandle, _ path: BytePath, parent: BlobID? = nil) throws {
            guard let snapshot, search.wants(blob.type, blob.id) else { return }
            foundCount += 1
            try onFound(FoundObject(snapshot: snapshot, blob: blob, path: path, parentTree: parent))
        }

        func enter(_ tree: BlobID, at path: BytePath) -> Bool {
            guard !barren.contains(tree) else { return false }
            open.append(Open(tree: tree, foundCount: foundCount))
            return true
        }

        func visit(_ node: Node, at path: BytePath) throws {
            if let subtree = node.subtree, search.wantsAny(.tree) { try look(at: BlobHandle(type: .tree, id: subtree), path) }
            guard node.kind == .file, search.wantsAny(.data), let content = node.content else { return }
            var seen: Set<BlobID> = []
            for id in content where seen.insert(id).inserted { try look(at: BlobHandle(type: .data, id: id), path, parent: open.last?.tree) }
        }

        func leave(_ tree: BlobID) {
            guard let last = open.popLast(), last.foundCount == foundCount, barren.count < Visitor.rememberedLimit else { return }
            barren.insert(last.tree)
        }

        func skip(_ tree: BlobID, at path: BytePath, because error: any Error) {
            _ = open.popLast()
            foundCount += 1
            if let snapshot { onUnreadable(snapshot, "\(path): \(Failure(describing: error).message)") }
        }
    }
}
