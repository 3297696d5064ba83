// Scrub: what is damaged is found without a key, whatever it is and wherever the damage lies.

import Bytes
import RepositoryFormat
import Stores
import TestKit
import Testing
import Upkeep

@Suite struct `A scrub` {
    private func fixture(seed: UInt64) throws -> MemoryStore {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<3 { try fixture.addSnapshot() }
        return store
    }

    /// Files whose name says what is in them.
    private func named(_ store: MemoryStore) -> [StoreKey] { store.contents.keys.filter { $0.kind != .config }.sorted { $0.path < $1.path } }

    @Test func `reads every file of a whole repository and finds nothing`() throws {
        let store = try fixture(seed: 1)
        let result = try Scrub(store).run()
        #expect(result.isClean)
        #expect(result.readFileCount == named(store).count)
        #expect(result.readByteCount == named(store).reduce(0) { $0 + (store.byteCount(of: $1) ?? 0) })
        #expect(Set(result.wholeData.map(\.digest)) == Set(store.list(.pack).map(\.name)))
    }

    @Test(arguments: UInt64(0)..<40)
    func `names exactly the files that were changed`(seed: UInt64) throws {
        let store = try fixture(seed: seed)
        var random = SeededRandom(seed: seed &+ 99), expected: Set<StoreKey> = []
        for key in named(store) where random.chance(30) {
            var bytes = try store.load(key, limit: 1 << 24)
            if random.chance(70) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            } else {
                bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            }
            store.save(key, bytes.span)
            expected.insert(key)
        }
        let result = try Scrub(store).run()
        #expect(Set(result.damage.map(\.key)) == expected)
        #expect(result.damage.allSatisfy { $0.reason.contains("hash") })
        #expect(Set(result.wholeData.map(\.digest)).isDisjoint(with: expected.map(\.name)))
    }

    @Test func `does not take a pack for damaged that a prune removes meanwhile`() throws {
        let store = try fixture(seed: 3)
        let victim = try #require(store.list(.pack).max { $0.byteCount < $1.byteCount })
        let watched = WatchedStore(store) { call, number in
            if call == .loadRange(.pack) && number == 1 { try? store.delete(StoreKey(.pack, victim.name)) }
        }
        let result = try Scrub(watched).run()
        #expect(result.isClean)
        #expect(result.vanishedFileCount == 1)
    }

    @Test func `reads what was not read for longest, and nothing that was read since`() throws {
        let store = try fixture(seed: 4)
        let packs = store.list(.pack).map { PackID($0.name) }.sorted()
        let recent = Dictionary(uniqueKeysWithValues: packs.dropFirst().map { ($0, Timestamp(seconds: 2000)) })
        let aged = recent.merging([packs[0]: Timestamp(seconds: 1000)]) { $1 }
        #expect(try Scrub(store, options: ScrubOptions(lastRead: recent, before: Timestamp(seconds: 1500))).run().wholeData == [packs[0]])
        #expect(try Scrub(store, options: ScrubOptions(lastRead: aged, before: Timestamp(seconds: 1500))).run().wholeData == [packs[0]])
        let part = ScrubOptions(readData: .byteCount(1), lastRead: aged)
        #expect(try Scrub(store, options: part).run().wholeData == [packs[0]])
    }

    @Test func `says of a place that does not answer that it does not answer`() throws {
        let store = FaultyStore(try fixture(seed: 5), .powerLoss(after: 0))
        #expect(throws: StoreFailure.self) { try store.delete(.config) }
        #expect(throws: StoreFailure.self) { try Scrub(store).run() }
    }
}
