// ThrottledStoreTests: packs wait for their turn, what is small never does, and nothing is changed on the way.

import Bytes
import HostOS
import Stores
import TestKit
import Testing

@Suite struct `A throttled store` {
    private static func digest(_ number: UInt64) -> Digest { Digest(word0: number, word1: 0, word2: 0, word3: number) }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let started = Host.monotonicNanoseconds()
        try body()
        return Double(Host.monotonicNanoseconds() - started) / 1e9
    }

    @Test func `moves packs and index files no faster than it may, each way`() throws {
        let store = ThrottledStore(MemoryStore(), TransferLimits(upload: 100_000, download: 200_000))
        let content = [UInt8](repeating: 7, count: 20_000), pack = StoreKey(.pack, Self.digest(1)), index = StoreKey(.index, Self.digest(2))
        let up = try seconds {
            try store.save(pack, content.span)
            try store.save(index, content.span)
        }
        #expect(up >= 0.4)
        var whole: [UInt8] = [], part: [UInt8] = []
        let down = try seconds {
            whole = try store.load(index, limit: 1 << 20)
            part = try store.load(pack, offset: 0, byteCount: content.count)
        }
        #expect(whole == content && part == content && down >= 0.2)
    }

    @Test func `lets locks pass while packs wait`() throws {
        let store = ThrottledStore(MemoryStore(), TransferLimits(upload: 20_000))
        let content = [UInt8](repeating: 7, count: 20_000), workers = Workers()
        workers.start("pack") { try store.save(StoreKey(.pack, Self.digest(1)), content.span) }
        let passed = try seconds {
            for number in UInt64(2)..<20 { try store.save(StoreKey(.lock, Self.digest(number)), content.span) }
        }
        try workers.join()
        #expect(passed < 0.5)
    }

    @Test func `without limits, or with one that nothing reaches, only hands on`() throws {
        let store = ThrottledStore(MemoryStore(), TransferLimits(upload: .max)), key = StoreKey(.pack, Self.digest(1))
        let content = [UInt8](repeating: 7, count: 5_000_000)
        #expect(try seconds { try store.save(key, content.span) } < 2)
        #expect(try store.byteCount(of: key) == 5_000_000)
        try store.delete(key)
        #expect(try store.list(.pack).isEmpty)
    }
}
