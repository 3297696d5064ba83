// UnreliableStore: a store as bad as the worst network: calls fail before or after their effect, stall, give wrong bytes, and listings lag
// behind. Every misfortune is drawn from a seed; with one thread at work the same seed gives the same run.
//
// What it never does: acknowledge a save that was not done, or lose what it acknowledged. Against that nobody can help.

import Bytes
import HostOS
package import Stores
import Synchronization

package final class UnreliableStore: Store {
    /// How often, in a hundred calls.
    package struct Habits: Sendable {
        package var failsBefore = 0
        package var failsAfter = 0
        package var stalls = 0
        /// Of readings: a byte is wrong.
        package var corrupts = 0
        /// Of readings: the file seems shorter than it is.
        package var cutsShort = 0
        /// Of listings: files that were deleted are still in it.
        package var listsDeleted = 0

        package init(
            failsBefore: Int = 0, failsAfter: Int = 0, stalls: Int = 0, corrupts: Int = 0, cutsShort: Int = 0, listsDeleted: Int = 0
        ) {
            self.failsBefore = failsBefore
            self.failsAfter = failsAfter
            self.stalls = stalls
            self.corrupts = corrupts
            self.cutsShort = cutsShort
            self.listsDeleted = listsDeleted
        }
    }

    private let base: any Store
    private let habits: Habits
    private let random: Mutex<SeededRandom>
    private let deleted = Mutex<[StoreKey: UInt64]>([:])
    private let misfortunes = Mutex(0)

    package init(_ base: any Store, _ habits: Habits, seed: UInt64) {
        self.base = base
        self.habits = habits
        random = Mutex(SeededRandom(seed: seed))
    }

    /// How often something went wrong.
    package var misfortuneCount: Int { misfortunes.withLock { $0 } }

    private func happens(_ percent: Int) -> Bool {
        let struck = percent > 0 && random.withLock { $0.chance(percent) }
        if struck { misfortunes.withLock { $0 += 1 } }
        return struck
    }

    private func call<R>(_ body: () throws -> R) throws -> R {
        if happens(habits.stalls) { SystemClock().sleep(nanoseconds: 3_000_000) }
        if happens(habits.failsBefore) { throw StoreFailure(.transient, "injected fault") }
        let result = try body()
        if happens(habits.failsAfter) { throw StoreFailure(.transient, "injected fault after the effect") }
        return result
    }

    private func number(below limit: Int) -> Int { random.withLock { Int.random(in: 0..<limit, using: &$0) } }

    package var location: String { base.location }
    package var listsAtOnce: Bool { base.listsAtOnce }
    package func create() throws { try call { try base.create() } }

    package func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        let copy = [UInt8](copying: content)
        try call { try base.save(key, copy.span) }
        _ = deleted.withLock { $0.removeValue(forKey: key) }
    }

    package func delete(_ key: StoreKey) throws {
        let size = try base.byteCount(of: key)
        try call { try base.delete(key) }
        if let size { deleted.withLock { $0[key] = size } }
    }

    package func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        var content = try call { try base.load(key, limit: limit) }
        if content.isEmpty { return content }
        if happens(habits.cutsShort) { return Array(content.prefix(number(below: content.count))) }
        if happens(habits.corrupts) { content[number(below: content.count)] ^= 0x10 }
        return content
    }

    package func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        if happens(habits.cutsShort) { throw StoreFailure(.corrupt, "\(key) is too short") }
        if happens(habits.failsBefore) { throw StoreFailure(.transient, "injected fault") }
        try base.read(key, at: offset, into: &buffer)
        if buffer.count > 0 && happens(habits.corrupts) { buffer[number(below: buffer.count)] ^= 0x10 }
    }

    package func byteCount(of key: StoreKey) throws -> UInt64? { try call { try base.byteCount(of: key) } }

    package func list(_ kind: StoreKind) throws -> [StoreEntry] {
        var entries = try call { try base.list(kind) }
        guard happens(habits.listsDeleted) else { return entries }
        let ghosts = deleted.withLock { $0.filter { $0.key.kind == kind } }
        for (key, size) in ghosts where !entries.contains(where: { $0.name == key.name }) {
            entries.append(StoreEntry(name: key.name, byteCount: size))
        }
        return entries
    }
}
