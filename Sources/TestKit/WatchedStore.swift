// WatchedStore: a store that counts what is asked of it and lets a test act in the middle of a run: change a file between the scan
// and the reading of it, cancel at the third pack.

import Bytes
package import Stores
import Synchronization

package final class WatchedStore: Store {
    package enum Call: Hashable, Sendable {
        case save(StoreKind), delete(StoreKind), load(StoreKind), loadRange(StoreKind), list(StoreKind)
    }

    private let base: any Store
    private let onCall: @Sendable (Call, Int) -> Void
    private let counts = Mutex<[Call: Int]>([:])

    /// - Parameter onCall: runs before a call is passed on, with the number of such calls including this one.
    package init(_ base: any Store, onCall: @escaping @Sendable (Call, Int) -> Void = { _, _ in }) {
        self.base = base
        self.onCall = onCall
    }

    package func count(_ call: Call) -> Int { counts.withLock { $0[call] ?? 0 } }

    /// Saves and deletions of every kind.
    package var changeCount: Int {
        counts.withLock { counts in
            counts.reduce(0) { sum, entry in
                switch entry.key {
                case .save, .delete: sum + entry.value
                default: sum
                }
            }
        }
    }

    private func note(_ call: Call) {
        let number = counts.withLock { counts in
            counts[call, default: 0] += 1
            return counts[call] ?? 0
        }
        onCall(call, number)
    }

    package var location: String { base.location }
    package func create() throws { try base.create() }

    package func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        note(.save(key.kind))
        try base.save(key, content)
    }

    package func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        note(.load(key.kind))
        return try base.load(key, limit: limit)
    }

    package func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        note(.loadRange(key.kind))
        try base.read(key, at: offset, into: &buffer)
    }

    package func byteCount(of key: StoreKey) throws -> UInt64? { try base.byteCount(of: key) }

    package func list(_ kind: StoreKind) throws -> [StoreEntry] {
        note(.list(kind))
        return try base.list(kind)
    }

    package func delete(_ key: StoreKey) throws {
        note(.delete(key.kind))
        try base.delete(key)
    }
}
