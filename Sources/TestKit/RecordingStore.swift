// RecordingStore: remembers every change in the order in which it was done, and what the repository would be had the power gone at any
// moment between. Over any store; the files that were there before are read once, at the start.
//
// 1. A change is written down after the store has done it: a save that returned is durable, by the store's promise.
// 2. `states` gives, for every number of changes, everything that was done; then the same without the deletions that a store does not
//    promise to be durable (LocalStore: those of packs), all of them undone, and some chosen by chance.
// 3. A save that was interrupted left nothing under its name, only a temporary file: `interrupted`.
//
// What is not promised: states in which a store broke its promise of durability. The order of system calls below a store is
// another test's matter.

import Bytes
package import Stores
import Synchronization

package final class RecordingStore: Store {
    package enum Change: Sendable {
        case saved(StoreKey, [UInt8])
        case deleted(StoreKey)
    }

    /// What is found after a power cut.
    package struct State: Sendable, CustomStringConvertible {
        package let description: String
        package let contents: [StoreKey: [UInt8]]
        /// The save under way, if the next change is one: where it goes and all that was to be written.
        package let interrupted: (key: StoreKey, content: [UInt8])?
    }

    private let base: any Store
    private let before: [StoreKey: [UInt8]]
    private let log = Mutex<[Change]>([])

    package init(_ base: any Store) throws {
        self.base = base
        var before: [StoreKey: [UInt8]] = [:]
        if try base.exists(.config) { before[.config] = try base.load(.config, limit: 1 << 28) }
        for kind in StoreKind.allCases where kind != .config {
            for entry in try base.list(kind) { before[StoreKey(kind, entry.name)] = try base.load(StoreKey(kind, entry.name), limit: 1 << 28) }
        }
        self.before = before
    }

    package var changes: [Change] { log.withLock { $0 } }

    // MARK: What could be found

    /// In the order of time; deterministic for a seed.
    package func states(seed: UInt64) -> [State] {
        let changes = changes
        var random = SeededRandom(seed: seed), found: [State] = []
        for count in 0...changes.count {
            let interrupted: (key: StoreKey, content: [UInt8])? =
                if count < changes.count, case .saved(let key, let content) = changes[count] { (key, content) } else { nil }
            func add(_ name: String, without undone: Set<Int>) {
                found.append(
                    State(
                        description: "after change \(count) of \(changes.count)\(name)",
                        contents: RecordingStore.replay(before, changes.prefix(count), without: undone), interrupted: interrupted))
            }
            add("", without: [])
            let undoable = (0..<count).filter { RecordingStore.isUncertain(changes[$0]) }
            if undoable.isEmpty { continue }
            add(", no deletion of a pack durable", without: Set(undoable))
            add(", some deletions of packs durable", without: Set(undoable.filter { _ in random.chance(50) }))
        }
        return found
    }

    private static func isUncertain(_ change: Change) -> Bool { if case .deleted(let key) = change { key.kind == .pack } else { false } }

    private static func replay(
        _ before: [StoreKey: [UInt8]], _ changes: ArraySlice<Change>, without undone: Set<Int>
    ) -> [StoreKey: [UInt8]] {
        var contents = before
        for (number, change) in changes.enumerated() where !undone.contains(number) {
            switch change {
            case .saved(let key, let content): contents[key] = content
            case .deleted(let key): contents[key] = nil
            }
        }
        return contents
    }

    // MARK: The store

    package var location: String { base.location }
    package var listsAtOnce: Bool { base.listsAtOnce }
    package func create() throws { try base.create() }
    package func load(_ key: StoreKey, limit: Int) throws -> [UInt8] { try base.load(key, limit: limit) }
    package func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws { try base.read(key, at: offset, into: &buffer) }
    package func byteCount(of key: StoreKey) throws -> UInt64? { try base.byteCount(of: key) }
    package func list(_ kind: StoreKind) throws -> [StoreEntry] { try base.list(kind) }

    package func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        try base.save(key, content)
        let copy = [UInt8](copying: content)
        log.withLock { $0.append(.saved(key, copy)) }
    }

    package func delete(_ key: StoreKey) throws {
        try base.delete(key)
        log.withLock { $0.append(.deleted(key)) }
    }
}
