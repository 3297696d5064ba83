// TreeInspection: every tree below the snapshots' roots, once: readable, well-formed, and each blob of its files in the index.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Synchronization

final class TreeInspection: Sendable {
    private let indexed: IndexedRepository
    private let report: CheckReport
    private let counter: StageCounter
    private let notesUse: Bool
    /// Packs that hold something the walked trees need, if that is of interest.
    private let usedPacks = Mutex<Set<PackID>>([])

    init(_ indexed: IndexedRepository, _ report: CheckReport, _ progress: @escaping UpkeepProgressHandler, notesUse: Bool) {
        self.indexed = indexed
        self.report = report
        counter = StageCounter(.walkingTrees, total: nil, progress)
        self.notesUse = notesUse
    }

    func run(_ roots: [BlobID]) throws {
        let walker = TreeWalker(indexed)
        try walker.walk(
            roots,
            onTree: { [self] id, nodes in
                noteUse(.tree, [id])
                for node in nodes { check(node, in: id) }
                counter.advance()
            },
            onUnreadable: { [report] id, error in
                try report.add("tree \(id.short)", error, blobs: [BlobHandle(type: .tree, id: id)])
            })
        report.count { $0.trees = walker.visited.count }
    }

    /// Whether the pack is wanted by the snapshots that are checked.
    func isUsed(_ pack: PackFile) -> Bool { !notesUse || usedPacks.withLock { $0.contains(pack.id) } }

    private func check(_ node: Node, in tree: BlobID) {
        if node.name.isEmpty { complain(tree, "it holds a node without a name") }
        if !node.name.isEmpty && !node.hasSafeName { complain(tree, "it holds a node with the impossible name '\(node.displayName)'") }
        switch node.kind {
        case .file: checkContent(of: node, in: tree)
        case .directory:
            if node.subtree == nil { complain(tree, "its directory '\(node.displayName)' has no tree") }
            if node.subtree?.digest.isZero == true { complain(tree, "its directory '\(node.displayName)' has a tree without id") }
        case .unknown: complain(tree, "its node '\(node.displayName)' is of no known type")
        default: break
        }
    }

    private func checkContent(of node: Node, in tree: BlobID) {
        guard let content = node.content else { return complain(tree, "its file '\(node.displayName)' has no list of blobs") }
        noteUse(.data, content)
        var missing: Set<BlobID> = []
        for (id, ordinal) in zip(content, indexed.index.firstOrdinals(.data, content)) where ordinal == nil { missing.insert(id) }
        for id in missing.sorted() {
            let handle = BlobHandle(type: .data, id: id)
            let problem = id.digest.isZero ? "has a blob without id" : "needs the \(handle), which is in no index"
            report.add(CheckError("tree \(tree.short)", "its file '\(node.displayName)' \(problem)", blobs: [handle]))
        }
    }

    private func complain(_ tree: BlobID, _ message: String) {
        report.add(CheckError("tree \(tree.short)", message, tree: tree))
        report.suggestRepairSnapshots()
    }

    private func noteUse(_ type: BlobType, _ ids: [BlobID]) {
        guard notesUse else { return }
        let packs = ids.flatMap { indexed.index.locations(BlobHandle(type: type, id: $0)).map(\.pack) }
        usedPacks.withLock { $0.formUnion(packs) }
    }
}
