// ParityUpdate: makes the parity files fit the packs: new packs join groups, packs that were pruned leave them.
//
// 1. Groups whose packs are all there and whose layout is the wanted one stay. 2. A group that lost packs which nobody needs any more, or of
// another layout, is stale: its other packs go where new packs go. 3. A group that misses a pack which is needed, or may be, stays as it
// is: it is what that pack is rebuilt from. 4. New packs fill up a group that has room; more make new groups, large packs with large ones.
// 5. Only when all new files are durable are files deleted: those of groups all of whose packs are protected elsewhere or known to be gone.
//
// What is promised: at no moment, and after no crash, is a pack without parity that had it before. A prune tells beforehand which packs it
// is about to delete; what a program deleted that does not, its groups lack until the next update. Two updates at once make at worst files twice, which the next one removes.

package import Bytes
import HostOS
package import RepositoryFormat
package import Stores
import Synchronization

package struct ParityOutcome: Sendable {
    /// Packs that have parity now and had none before, or in a group that is gone.
    package internal(set) var addedPackCount = 0
    package internal(set) var writtenFileCount = 0
    package internal(set) var deletedFileCount = 0
    /// Left out: not what their names say; sorted.
    package internal(set) var damagedPacks: [PackID] = []
    /// In a group, not in the repository, and not known to have been removed on purpose; sorted.
    package internal(set) var missingPacks: [PackID] = []
    /// Larger than can be protected, or empty.
    package internal(set) var unsuitablePackCount = 0
}

package final class ParityUpdate: Sendable {
    private let store: any Store
    private let layout: ParityLayout
    private let isNeeded: @Sendable (PackID) -> Bool
    private let damagedFiles: Set<Digest>
    private let leaving: Set<PackID>
    private let progress: UpkeepProgressHandler
    private let outcome = Mutex(ParityOutcome())

    /// - Parameters:
    ///   - isNeeded: whether a pack that is not there ought to be; true if that is not known.
    ///   - damagedFiles: parity files that a scrub found damaged: made again.
    ///   - leaving: packs that are still there and are about to be deleted: treated as if they were gone, and not needed.
    package init(
        _ store: any Store, _ layout: ParityLayout, damagedFiles: Set<Digest> = [], leaving: Set<PackID> = [],
        progress: @escaping UpkeepProgressHandler = { _ in },
        isNeeded: @escaping @Sendable (PackID) -> Bool
    ) {
        self.store = store
        self.layout = layout
        self.isNeeded = isNeeded
        self.damagedFiles = damagedFiles
        self.leaving = leaving
        self.progress = progress
    }

    package func run() throws -> ParityOutcome {
        let catalog = try ParityCatalog.load(store)
        let packs = try store.list(.pack).map { PackFile(id: PackID($0.name), byteCount: $0.byteCount) }
            .filter { !leaving.contains($0.id) }.sorted { $0.id < $1.id }
        let present = Set(packs.map(\.id))
        var standing: [ParityGroup] = [], stale: [ParityGroup] = []
        for group in catalog.groups {
            let missing = group.packs.filter { !present.contains($0) }, needed = missing.filter(isMissed)
            outcome.withLock { $0.missingPacks += needed }
            let isGood = group.isComplete && group.layout == layout && damagedFiles.isDisjoint(with: group.files.values)
            if !needed.isEmpty && group.isComplete || missing.isEmpty && isGood { standing.append(group) } else { stale.append(group) }
        }
        let covered = Set(standing.flatMap(\.packs))
        let wanted = packs.filter { !covered.contains($0.id) }
        let suitable = wanted.filter { $0.byteCount > 0 && $0.byteCount <= ParityHeader.maximumPackByteCount }
        outcome.withLock { $0.unsuitablePackCount = wanted.count - suitable.count }
        let open = standing.filter { $0.layout == layout && $0.columns.count < layout.dataCount && Set($0.packs).isSubset(of: present) }
            .max { $0.columns.count < $1.columns.count }
        let made = try make(plan(suitable, open), total: suitable.count)
        try clean(catalog, made: made, standing: standing, stale: stale, present)
        return outcome.withLock { outcome in
            outcome.damagedPacks = Set(outcome.damagedPacks).sorted()
            outcome.missingPacks = Set(outcome.missingPacks).sorted()
            return outcome
        }
    }

    /// Of a pack that is not there, or is about to go: whether it ought to be there.
    private func isMissed(_ pack: PackID) -> Bool { !leaving.contains(pack) && isNeeded(pack) }

    // MARK: Making

    private struct Task: Sendable {
        var packs: [PackFile]
        var base: ParityGroup?
    }

    /// What is left over after the open group was filled goes by size: a parity column is as long as the longest pack of its group.
    private func plan(_ packs: [PackFile], _ open: ParityGroup?) -> [Task] {
        if packs.isEmpty { return [] }
        var sorted = packs.sorted { $0.byteCount > $1.byteCount }, tasks: [Task] = []
        if let open {
            let count = min(layout.dataCount - open.columns.count, sorted.count)
            tasks.append(Task(packs: Array(sorted.suffix(count)), base: open))
            sorted.removeLast(count)
        }
        for start in stride(from: 0, to: sorted.count, by: layout.dataCount) {
            tasks.append(Task(packs: Array(sorted[start..<min(start + layout.dataCount, sorted.count)])))
        }
        return tasks
    }

    private func make(_ tasks: [Task], total: Int) throws -> [ParityGroup] {
        if tasks.isEmpty { return [] }
        let queue = Mutex(Array(tasks.reversed())), made = Mutex<[ParityGroup]>([])
        let counter = StageCounter(.makingParity, total: total, progress), workers = Workers()
        for number in 0..<min(tasks.count, Host.processorCount) {
            workers.start("parity-\(number)") { [self] in
                let encoder = ParityEncoder(store, layout)
                while let task = workers.failed ? nil : queue.withLock({ $0.popLast() }) {
                    if let group = try make(task, encoder) { made.withLock { $0.append(group) } }
                    for pack in task.packs { counter.advance(byteCount: pack.byteCount) }
                }
            }
        }
        try workers.join()
        return made.withLock { $0 }
    }

    /// Nil if no pack of it can be read.
    private func make(_ task: Task, _ encoder: ParityEncoder) throws -> ParityGroup? {
        var task = task
        while !task.packs.isEmpty {
            switch try encoder.make(task.packs, extending: task.base) {
            case .made(let group):
                outcome.withLock { outcome in
                    outcome.addedPackCount += task.packs.count
                    outcome.writtenFileCount += group.files.count
                }
                return group
            case .badPacks(let packs):
                try noteBad(packs)
                task.packs.removeAll { packs.contains($0.id) }
            case .badBase:
                // A group of their own, for now; a scrub finds the damaged file and has it made again.
                task.base = nil
            }
        }
        return nil
    }

    /// One that is gone was pruned meanwhile.
    private func noteBad(_ packs: [PackID]) throws {
        for pack in packs where try store.exists(StoreKey(.pack, pack.digest)) { outcome.withLock { $0.damagedPacks.append(pack) } }
    }

    // MARK: Cleaning

    private func clean(
        _ catalog: ParityCatalog, made: [ParityGroup], standing: [ParityGroup], stale: [ParityGroup], _ present: Set<PackID>
    ) throws {
        var deleted: [Digest] = []
        let fresh = Set(made.flatMap(\.packs)), kept = Set(standing.flatMap(\.packs))
        for group in stale where group.packs.allSatisfy({ fresh.contains($0) || kept.contains($0) || !present.contains($0) && !isMissed($0) }) {
            deleted += group.files.values
        }
        // The group that was filled up, and groups that another update made of the same packs.
        for group in standing where !group.packs.isEmpty && group.packs.allSatisfy(fresh.contains) { deleted += group.files.values }
        let remaining = Set(made.flatMap { Array($0.files.values) })
        // A file that says nothing can rebuild nothing.
        for name in deleted + catalog.unreadableFiles where !remaining.contains(name) {
            do {
                try store.delete(StoreKey(.parity, name))
                outcome.withLock { $0.deletedFileCount += 1 }
            } catch let error as StoreFailure where error.kind == .missing {
                // Another update was first.
            }
        }
    }
}

/// Parity switched off.
package enum ParityRemoval {
    /// The setting goes first: a crash in the middle leaves parity files that `off` removes when it is run again.
    /// - Returns: how many parity files were removed.
    package static func run(_ store: any Store) throws -> Int {
        for entry in try store.list(.paritySettings) { try store.delete(StoreKey(.paritySettings, entry.name)) }
        let files = try store.list(.parity)
        for entry in files { try store.delete(StoreKey(.parity, entry.name)) }
        return files.count
    }
}
