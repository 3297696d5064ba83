// FileSearch: files and directories by name, and by the time they were changed, in one snapshot after another.
//
// Patterns mean what they mean for excluding: `*.php` anywhere, `/etc/*.conf` from the root; what matches a directory matches all below
// it. Directories below which nothing can match are not read. A directory in which nothing was found is remembered, up to a limit, so that
// the same directory of the next snapshot is not read again.

package import Bytes
import FileTrees
package import RepositoryEngine
package import RepositoryFormat

package struct FileSearch: Sendable {
    private let patterns: PatternList
    /// Modification times, both included.
    package var oldest: Timestamp?
    package var newest: Timestamp?

    /// - Throws: `FileTreeError` for a malformed pattern.
    package init(_ patterns: [String], ignoringCase: Bool = false) throws {
        // An exclamation mark takes back what was excluded; here there is nothing to take back. An empty pattern matches everything.
        let plain = patterns.map { $0.hasPrefix("!") ? String($0.dropFirst()) : $0 }.map { $0.isEmpty ? "/" : $0 }
        self.patterns = try PatternList(plain, ignoringCase: ignoringCase)
    }

    func matches(_ node: Node, at path: SplitPath) -> Bool {
        if let oldest, node.modificationTime < oldest { return false }
        if let newest, node.modificationTime > newest { return false }
        return patterns.matches(path)
    }

    func mayMatchBelow(_ path: SplitPath) -> Bool { patterns.select(path).mayMatchBelow }
}

/// Searches snapshots, one call for each. Not thread-safe.
package final class FileFinder {
    private let walk: DepthFirstWalk
    private let visitor: Visitor

    package init(
        _ search: FileSearch, in indexed: IndexedRepository, onMatch: @escaping (CatalogedSnapshot, BytePath, Node) throws -> Void,
        onUnreadable: @escaping (CatalogedSnapshot, String) -> Void
    ) {
        walk = DepthFirstWalk(indexed)
        visitor = Visitor(search, onMatch, onUnreadable)
    }

    /// Reports in the order of a listing.
    package func find(in snapshot: CatalogedSnapshot) throws {
        visitor.begin(snapshot)
        try walk.walk(snapshot.snapshot.tree, visitor)
    }

    private final class Visitor: TreeVisitor {
        /// About 40 MiB of memory at most.
        private static let rememberedLimit = 200_000

        private struct Place: Hashable {
            let tree: BlobID
            let path: BytePath
        }

        private struct Open {
            let place: Place
            let matchCount: Int
        }

        private let search: FileSearch
        private let onMatch: (CatalogedSnapshot, BytePath, Node) throws -> Void
        private let onUnreadable: (CatalogedSnapshot, String) -> Void
        private var snapshot: CatalogedSnapshot?
        private var barren: Set<Place> = []
        private var open: [Open] = []
        private var matchCount = 0
        private var entersNext = true
        /// Whether the snapshot was said to be out of proportion: a thousand refused trees are one piece of news.
        private var isOutOfProportion = false

        init(
            _ search: FileSearch, _ onMatch: @escaping (CatalogedSnapshot, BytePath, Node) throws -> Void,
            _ onUnreadable: @escaping (CatalogedSnapshot, String) -> Void
        ) {
            self.search = search
            self.onMatch = onMatch
            self.onUnreadable = onUnreadable
        }

        func begin(_ snapshot: CatalogedSnapshot) {
            self.snapshot = snapshot
            open = []
            entersNext = true
            isOutOfProportion = false
        }

        func enter(_ tree: BlobID, at path: BytePath) -> Bool {
            let place = Place(tree: tree, path: path)
            guard entersNext, !barren.contains(place) else { return false }
            open.append(Open(place: place, matchCount: matchCount))
            return true
        }

        func visit(_ node: Node, at path: BytePath) throws {
            let names = SplitPath(path)
            if let snapshot, search.matches(node, at: names) {
                matchCount += 1
                try onMatch(snapshot, path, node)
            }
            entersNext = node.kind == .directory && search.mayMatchBelow(names)
        }

        func leave(_ tree: BlobID) {
            guard let last = open.popLast(), last.matchCount == matchCount, barren.count < Visitor.rememberedLimit else { return }
            barren.insert(last.place)
        }

        func skip(_ tree: BlobID, at path: BytePath, because error: any Error) {
            // What could not be read was not searched: neither it nor the directories above are barren.
            _ = open.popLast()
            matchCount += 1
            if case RepositoryFailure.outOfProportion = error {
                if isOutOfProportion { return }
                isOutOfProportion = true
            }
            if let snapshot { onUnreadable(snapshot, "\(path): \(Failure(describing: error).message)") }
        }
    }
}
