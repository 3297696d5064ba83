// FaultyStore: a store that fails at a chosen change or call, for sweeps: fail the first, second, third … until none fails.

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
        /// The n-th call of any kind fails without effect, reading and listing too; the others work.
        case failCall(at: Int)
        /// From the n-th call of any kind on, all fail: the network is gone and stays gone.
        case failCalls(from: Int)
    }

    private let base: any Store
    private let fault: Fault
    private let changes = Mutex(0)
    private let calls = Mutex(0)

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
        case .failCall(let number), .failCalls(let number): calls.withLock { $0 } >= number
        }
    }

    package var location: String { base.location }
    package var listsAtOnce: Bool { base.listsAtOnce }

    package func create() throws { try change { try base.create() } }
    package func delete(_ key: StoreKey) throws { try change { try base.delete(key) } }

    package func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        let copy = [UInt8](copying: content)
        try change { try base.save(key, copy.span) }
    }

    private func change(_ body: () throws -> Void) throws {
        try countCall()
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

    private func countCall() throws {
        let number = calls.withLock { count in
            count += 1
            return count
        }
        switch fault {
        case .failCall(number): throw FaultyStore.failure
        case .failCalls(let first) where number >= first: throw FaultyStore.failure
        default: break
        }
    }

    private func ensurePower() throws {
        try countCall()
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
