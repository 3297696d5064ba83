// SnapshotRepair: snapshots without what is lost, in the place of or beside those that need it. The caller holds an exclusive lock, or
// looks only.
//
// 1. The trees of every chosen snapshot are repaired (TreeRepair). 2. New trees are durable and indexed. 3. For each snapshot whose
// root has changed a new one is stored: the same time, host, paths and tags, `repaired` among them, and the old id as its original.
// 4. Only if asked: the old ones are deleted, and snapshots whose root cannot be read.
//
// What is promised: a snapshot that lost nothing is not touched. What a snapshot still has is in its successor before the snapshot
// goes. The root directories of snapshots that cannot be read are not searched; Recovery finds what was below.

import Bytes
package import RepositoryEngine
package import RepositoryFormat
import Stores

package struct SnapshotRepair {
    package static let tag = "repaired"

    package enum Fate: Sendable, Equatable {
        case whole
        /// The id of the successor; nil in a dry run.
        case repaired(SnapshotID?)
        /// An earlier repair left this successor.
        case repairedBefore(SnapshotID)
        /// Its root directory is lost.
        case rootLost
    }

    package struct Entry: Sendable {
        package let snapshot: CatalogedSnapshot
        package internal(set) var fate: Fate
        package let changes: [TreeChange]
        /// Deleted, or would be.
        package internal(set) var isRemoved = false
    }

    private let indexed: IndexedRepository
    private let removesOriginals: Bool
    private let dryRun: Bool
    private let options: WriterOptions
    private let progress: UpkeepProgressHandler

    /// - Parameters:
    ///   - indexed: the whole index of the repository that the lock guards.
    ///   - removesOriginals: delete snapshots that have a successor, or nothing left to restore.
    package init(
        _ indexed: IndexedRepository, removesOriginals: Bool, dryRun: Bool, options: WriterOptions = WriterOptions(),
        progress: @escaping UpkeepProgressHandler = { _ in }
    ) {
        self.indexed = dryRun ? indexed.discardingWrites() : indexed
        self.removesOriginals = removesOriginals
        self.dryRun = dryRun
        self.options = options
        self.progress = progress
    }

    private var repository: Repository { indexed.repository }

    /// - Parameters:
    ///   - chosen: the snapshots to repair.
    ///   - all: every snapshot of the repository that can be read.
    package func run(_ chosen: [CatalogedSnapshot], of all: [CatalogedSnapshot]) throws -> [Entry] {
        if removesOriginals && repository.config.isAppendOnly { throw UpkeepFailure.appendOnly(location: repository.store.location) }
        let repairs = try repairTrees(of: chosen)
        var entries: [Entry] = []
        for (snapshot, root, changes) in repairs {
            entries.append(Entry(snapshot: snapshot, fate: try store(snapshot, root, all), changes: changes))
        }
        if removesOriginals { try removeOriginals(&entries) }
        return entries
    }

    private typealias Repaired = (snapshot: CatalogedSnapshot, root: BlobID?, changes: [TreeChange])

    /// On return every new tree is durable and indexed.
    private func repairTrees(of chosen: [CatalogedSnapshot]) throws -> [Repaired] {
        let counter = StageCounter(.repairingSnapshots, total: chosen.count, progress), writer = BlobWriter(indexed, options: options)
        do {
            var trees = TreeRepair(indexed, through: writer.lane())
            var repairs: [Repaired] = []
            for snapshot in chosen {
                let (root, changes) = try trees.repair(snapshot.snapshot.tree)
                repairs.append((snapshot, root, changes))
                counter.advance()
            }
            _ = try writer.finish()
            return repairs
        } catch {
            writer.abandon()
            throw error
        }
    }

    private func store(_ snapshot: CatalogedSnapshot, _ root: BlobID?, _ all: [CatalogedSnapshot]) throws -> Fate {
        guard let root else { return .rootLost }
        if root == snapshot.snapshot.tree { return .whole }
        if let earlier = all.first(where: { $0.snapshot.original == snapshot.id && $0.snapshot.tree == root }) {
            return .repairedBefore(earlier.id)
        }
        if dryRun { return .repaired(nil) }
        var successor = snapshot.snapshot
        successor.tree = root
        successor.original = snapshot.id
        successor.add(tags: [SnapshotRepair.tag])
        return .repaired(try SnapshotCatalog.save(successor, in: repository))
    }

    private func removeOriginals(_ entries: inout [Entry]) throws {
        for position in entries.indices where entries[position].fate != .whole {
            if !dryRun { try SnapshotCatalog.delete(entries[position].snapshot.id, in: repository) }
            entries[position].isRemoved = true
        }
    }
}
