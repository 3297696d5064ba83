// FaultyStore: a store that fails at a chosen change, for crash sweeps: fail the first, second, third … change until none fails.

import Bytes
package import Stores
import Synchronization

package final class FaultyStore: Store {
    package enum Fault: Sendable {
        /// The n-th change (from 1) fails without effect, the others work.
        case failOnce(at: Int)
        /// The n-th change is done, but reported as failed.
        case failAfterEffect(at: Int)
        /// After n changes nothing works any more, not even reading.
        case powerLoss(after: Int)
    }

    private let base: any Store
    private let fault: Fault
    private let changes = Mutex(0)

    package init(_ base: any Store, _ fault: Fault) {
        self.base = base
        self.fault = fault
    }

    /// Whether the fault has struck.
    package var hasStruck: Bool {
        let count = changes.withLock { $0 }
        return switch fault {
        case .failOnce(let number), .failAfterEffect(let number): count >= number
        case .powerLoss(let number): count > number
        }
    }

    package var location: String { base.location }

    package func create() throws { try change { try base.create() } }
    package func delete(_ key: StoreKey) throws { try change { try base.delete(key) } }

    package func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        let copy = [UInt8](copying: content)
        try change { try base.save(key, copy.span) }
    }

    private func change(_ body: () throws -> Void) throws {
        let number = changes.withLock { count in
            count += 1
            return count
        }
        switch fault {
        case .failOnce(number): throw FaultyStore.failure
        case .failAfterEffect(number):
            try body()
            throw FaultyStore.failure
        case .powerLoss(let last) where number > last: throw FaultyStore.failure
        default: try body()
        }
    }

    private func ensurePower() throws {
        if case .powerLoss(let last) = fault, changes.withLock({ $0 }) > last { throw FaultyStore.failure }
    }

    package func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        try ensurePower()
        return try base.load(key, limit: limit)
    }

    package func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        try ensurePower()
        try base.read(key, at: offset, into: &buffer)
    }

    package func byteCount(of key: StoreKey) throws -> UInt64? {
        try ensurePower()
        return try base.byteCount(of: key)
    }

    package func list(_ kind: StoreKind) throws -> [StoreEntry] {
        try ensurePower()
        return try base.list(kind)
    }

    private static let failure = StoreFailure(.transient, "injected fault")
}
