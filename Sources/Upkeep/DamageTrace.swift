// DamageTrace: which files of which snapshots suffer from the damage a check found. Walks the trees again, and only if there is some.
//
// 1. A blob is lost if each of its copies is in a damaged place, or if there is none. 2. Every snapshot is walked; a tree found to
// hold nothing lost is never entered again. 3. Each lost blob of a file, and each lost tree, is a place where its errors show; so is a
// tree that can be read, with something in it that is wrong.

import Bytes
import RepositoryEngine
import RepositoryFormat

struct DamageTrace {
    /// More lost blobs or places than this are not followed.
    private static let lostLimit = 1_000_000
    private static let placeLimit = 100_000

    private let indexed: IndexedRepository
    private let report: CheckReport
    private let progress: UpkeepProgressHandler

    init(_ indexed: IndexedRepository, _ report: CheckReport, _ progress: @escaping UpkeepProgressHandler) {
        self.indexed = indexed
        self.report = report
        self.progress = progress
    }

    func run(_ snapshots: [CatalogedSnapshot]) throws {
        let errors = report.errors
        guard errors.contains(where: { !$0.blobs.isEmpty || $0.tree != nil }) else { return }
        let (lost, isComplete) = lostBlobs(errors)
        let wrong = wrongTrees(errors)
        if lost.isEmpty && wrong.isEmpty { return report.setAffected([:], isComplete: isComplete) }
        let search = Search(indexed, lost, wrong, placeLimit: DamageTrace.placeLimit)
        let counter = StageCounter(.tracingDamage, total: snapshots.count, progress)
        for snapshot in snapshots.reversed() where !search.isFull {
            try search.run(snapshot)
            counter.advance()
        }
        report.setAffected(search.found, isComplete: isComplete && !search.isFull)
    }

    /// Each lost blob with the positions of the errors that make it so.
    private func lostBlobs(_ errors: [CheckError]) -> (lost: [BlobHandle: Set<Int>], isComplete: Bool) {
        var damaged: [BlobHandle: Set<Int>] = [:]
        var isComplete = true
        for (position, error) in errors.enumerated() {
            for blob in error.blobs {
                if damaged.count < DamageTrace.lostLimit { damaged[blob, default: []].insert(position) } else { isComplete = false }
            }
        }
        let reader = BlobReader(indexed)
        return (damaged.filter { isLost($0.key, reader) }, isComplete)
    }

    /// Each readable tree that errors are about, with their positions.
    private func wrongTrees(_ errors: [CheckError]) -> [BlobID: Set<Int>] {
        var wrong: [BlobID: Set<Int>] = [:]
        for (position, error) in errors.enumerated() {
            if let tree = error.tree, wrong.count < DamageTrace.lostLimit { wrong[tree, default: []].insert(position) }
        }
        return wrong
    }

    /// Reads the copies that are left; the check may not have read the packs of all of them. A tree must also make sense.
    private func isLost(_ blob: BlobHandle, _ reader: BlobReader) -> Bool {
        guard let bytes = try? reader.read(blob) else { return true }
        return blob.type == .tree && (try? Tree.parse(bytes)) == nil
    }

    /// Goes through the snapshots and gathers the places.
    private final class Search: TreeVisitor {
        private(set) var found: [Int: (paths: [AffectedPath], count: Int)] = [:]
        private let lost: [BlobHandle: Set<Int>]
        private let wrong: [BlobID: Set<Int>]
        private let placeLimit: Int
        private let walk: DepthFirstWalk
        private var snapshot = SnapshotID(.zero)
        private var placeCount = 0
        /// Trees known to hold nothing lost.
        private var clean: Set<BlobID> = []
        /// For each tree on the way down, whether something lost was seen in it.
        private var dirty: [Bool] = []

        init(_ indexed: IndexedRepository, _ lost: [BlobHandle: Set<Int>], _ wrong: [BlobID: Set<Int>], placeLimit: Int) {
            self.lost = lost
            self.wrong = wrong
            self.placeLimit = placeLimit
            walk = DepthFirstWalk(indexed)
        }

        var isFull: Bool { placeCount >= placeLimit }

        func run(_ snapshot: CatalogedSnapshot) throws {
            self.snapshot = snapshot.id
            dirty = []
            try walk.walk(snapshot.snapshot.tree, self)
        }

        func enter(_ tree: BlobID, at path: BytePath) -> Bool {
            if isFull || clean.contains(tree) { return false }
            if let errors = lost[BlobHandle(type: .tree, id: tree)] {
                note(errors, path)
                return false
            }
            dirty.append(false)
            if let errors = wrong[tree] { note(errors, path) }
            return true
        }

        func visit(_ node: Node, at path: BytePath) {
            var errors: Set<Int> = []
            for id in node.content ?? [] { errors.formUnion(lost[BlobHandle(type: .data, id: id)] ?? []) }
            if !errors.isEmpty { note(errors, path) }
        }

        func leave(_ tree: BlobID) {
            let wasDirty = dirty.removeLast()
            if wasDirty { markDirty() } else if !isFull { clean.insert(tree) }
        }

        /// Its own error names no lost blob, so there is nothing to note; but what is above it is not clean either.
        func skip(_ tree: BlobID, at path: BytePath, because error: any Error) {
            dirty.removeLast()
            markDirty()
        }

        private func markDirty() {
            if !dirty.isEmpty { dirty[dirty.count - 1] = true }
        }

        private func note(_ errors: Set<Int>, _ path: BytePath) {
            placeCount += 1
            markDirty()
            for error in errors {
                var entry = found[error] ?? ([], 0)
                entry.count += 1
                if entry.paths.count < CheckError.affectedLimit { entry.paths.append(AffectedPath(snapshot: snapshot, path: path)) }
                found[error] = entry
            }
        }
    }
}
