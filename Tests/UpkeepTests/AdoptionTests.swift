// Packs of a run that did not finish: found by its lock, proved by their hash, and never a danger to anybody who is still at work.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `Packs of a run that did not finish` {
    /// No process has a number that high.
    private static let deadProcess: Int32 = 1 << 30

    private static func identity(_ process: Int32, host: String = "fixture") -> Identity {
        Identity(hostName: host, userName: "tester", userID: 0, groupID: 0, processID: process, clock: FixedClock(), zone: { _ in 0 })
    }

    private static func leaveLock(of process: Int32, exclusive: Bool = false, host: String = "fixture", in repository: Repository) throws {
        let identity = identity(process, host: host)
        let file = LockFile(
            time: identity.now(), isExclusive: exclusive, hostName: host, userName: "tester", processID: Int64(process), userID: 0, groupID: 0)
        _ = try repository.saveFile(.lock, json: file.json)
    }

    private struct Wreck {
        let fixture: RepositoryFixture
        let store: MemoryStore
        /// Of the run that was killed: its packs are there, its index file and its snapshot are not.
        let orphans: Set<PackID>
        let blobs: [PackID: [PackedBlob]]
    }

    /// Two snapshots, and a third run that was killed before it wrote its index.
    private func wreck(seed: UInt64 = 5) throws -> Wreck {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<2 { try fixture.addSnapshot() }
        let packs = Set(store.list(.pack).map { PackID($0.name) }), indexes = Set(store.list(.index)), snapshots = Set(store.list(.snapshot))
        try fixture.addSnapshot()
        let index = try IndexedRepository.load(fixture.repository).index
        for entry in store.list(.index) where !indexes.contains(entry) { try store.delete(StoreKey(.index, entry.name)) }
        for entry in store.list(.snapshot) where !snapshots.contains(entry) { try store.delete(StoreKey(.snapshot, entry.name)) }
        let orphans = Set(store.list(.pack).map { PackID($0.name) }).subtracting(packs)
        try #require(!orphans.isEmpty)
        return Wreck(
            fixture: fixture, store: store, orphans: orphans, blobs: Dictionary(uniqueKeysWithValues: orphans.map { ($0, index.blobs(of: $0)) }))
    }

    /// As a backup does it, with the lock of this process held.
    @discardableResult
    private func adopt(
        _ store: any Store, maximumByteCount: UInt64 = PackAdoption.maximumByteCount
    ) throws -> (outcome: PackAdoption.Outcome, index: BlobIndex) {
        let repository = try RepositoryFixture.open(store)
        let lock = try RepositoryLock.acquire(repository, .shared, identity: RepositoryFixture.identity)
        defer { lock.release() }
        let indexed = try IndexedRepository.load(lock.guarded)
        let outcome = try PackAdoption(indexed, identity: RepositoryFixture.identity, maximumByteCount: maximumByteCount).run()
        return (outcome, indexed.index)
    }

    @Test func `are known afterwards, in memory and in the store, and the dead lock is gone`() throws {
        let wreck = try wreck()
        try Self.leaveLock(of: Self.deadProcess, in: wreck.fixture.repository)
        let (outcome, index) = try adopt(wreck.store)
        #expect(outcome.adoptedPackCount == wreck.orphans.count && outcome.damagedPackCount == 0)
        let stored = try IndexedRepository.load(wreck.fixture.repository).index
        for (pack, blobs) in wreck.blobs {
            #expect(Set(index.blobs(of: pack)) == Set(blobs))
            #expect(Set(stored.blobs(of: pack)) == Set(blobs))
        }
        #expect(wreck.store.list(.lock).isEmpty)
        try expectClean(wreck.store)
        #expect(try check(wreck.store).counts.unindexedPacks == 0)
        #expect(try adopt(wreck.store).outcome == PackAdoption.Outcome())
    }

    @Test func `are not looked for where nobody left a lock`() throws {
        let wreck = try wreck(), watched = WatchedStore(wreck.store)
        #expect(try adopt(watched).outcome.adoptedPackCount == 0)
        #expect(watched.count(.list(.pack)) == 0)
        #expect(watched.count(.save(.index)) == 0)
    }

    @Test func `stay where they are while another program writes, and its lock stays too`() throws {
        let wreck = try wreck()
        try Self.leaveLock(of: Self.deadProcess, in: wreck.fixture.repository)
        try Self.leaveLock(of: 1, host: "elsewhere", in: wreck.fixture.repository)
        #expect(try adopt(wreck.store).outcome.adoptedPackCount == 0)
        #expect(wreck.store.list(.lock).count == 2)
    }

    @Test func `of a prune stay where they are`() throws {
        let wreck = try wreck()
        try Self.leaveLock(of: Self.deadProcess, exclusive: true, in: wreck.fixture.repository)
        #expect(try adopt(wreck.store).outcome.adoptedPackCount == 0)
    }

    @Test func `that are damaged are left alone`() throws {
        for damage in 0..<3 {
            let wreck = try wreck(), repository = wreck.fixture.repository
            let pack = try #require(wreck.orphans.min())
            try Self.leaveLock(of: Self.deadProcess, in: repository)
            try replace(StoreKey(.pack, pack.digest), in: wreck.store) { bytes in
                switch damage {
                case 0: bytes[0] ^= 1
                case 1: bytes.removeLast(bytes.count / 2)
                default: bytes = []
                }
            }
            let (outcome, index) = try adopt(wreck.store)
            #expect(outcome.damagedPackCount == 1 && outcome.adoptedPackCount == wreck.orphans.count - 1, "damage \(damage)")
            #expect(!index.contains(pack))
            try expectClean(wreck.store, "damage \(damage)")
        }
    }

    @Test func `beyond what one run reads are left to the next, and so is the lock`() throws {
        let wreck = try wreck()
        try #require(wreck.orphans.count > 1)
        try Self.leaveLock(of: Self.deadProcess, in: wreck.fixture.repository)
        let sizes = wreck.store.list(.pack).filter { wreck.orphans.contains(PackID($0.name)) }.map(\.byteCount)
        let limit = try #require(sizes.max())
        let first = try adopt(wreck.store, maximumByteCount: limit).outcome
        #expect(first.adoptedPackCount >= 1 && first.adoptedPackCount < wreck.orphans.count)
        #expect(wreck.store.list(.lock).count == 1)
        let second = try adopt(wreck.store).outcome
        #expect(first.adoptedPackCount + second.adoptedPackCount == wreck.orphans.count)
        #expect(wreck.store.list(.lock).isEmpty)
    }

    /// Whatever call the store refuses, or after whichever the power goes: the repository stays whole.
    @Test(arguments: [UInt64(5), 6]) func `are adopted or not, and nothing else happens, at any fault`(seed: UInt64) throws {
        let wreck = try wreck(seed: seed)
        try Self.leaveLock(of: Self.deadProcess, in: wreck.fixture.repository)
        let contents = wreck.store.contents
        var number = 1
        while true {
            let store = MemoryStore(contents: contents), faulty = FaultyStore(store, .failCall(at: number))
            _ = try? adopt(faulty)
            try expectClean(store, "seed \(seed), fault \(number)")
            try adopt(store)
            try expectClean(store, "seed \(seed), after fault \(number)")
            #expect(try check(store).counts.unindexedPacks == 0, "seed \(seed), fault \(number)")
            if !faulty.hasStruck { break }
            number += 1
            try #require(number < 200)
        }
        #expect(number > 8)
    }
}

@Suite struct `A run that is given up` {
    @Test func `leaves an index file that names the packs it stored`() throws {
        let store = MemoryStore()
        let fixture = try RepositoryFixture(in: store, seed: 1)
        let writer = BlobWriter(try IndexedRepository.load(fixture.repository), options: WriterOptions(packByteCount: 4 << 20), clock: FixedClock())
        let lane = writer.lane()
        var random = SeededRandom(seed: 1)
        for _ in 0..<20 {
            let content = random.bytes(1 << 20)
            _ = try lane.save(.data, content.span)
        }
        writer.abandon()
        let packs = Set(store.list(.pack).map { PackID($0.name) })
        #expect(!packs.isEmpty)
        #expect(try Set(IndexedRepository.load(fixture.repository).index.packs) == packs)
    }

    @Test func `for want of a store that takes anything leaves none, and ends all the same`() throws {
        let store = MemoryStore()
        let fixture = try RepositoryFixture(in: store, seed: 1)
        let broken = FaultyStore(store, .failCalls(from: 1))
        let writer = BlobWriter(
            try IndexedRepository.load(fixture.repository).through(broken), options: WriterOptions(packByteCount: 4 << 20), clock: FixedClock())
        let content = [UInt8](repeating: 1, count: 1000)
        _ = try writer.lane().save(.data, content.span)
        writer.abandon()
        #expect(store.list(.index).isEmpty)
    }
}

extension IndexedRepository {
    fileprivate func through(_ store: any Store) -> IndexedRepository {
        IndexedRepository(repository: repository.through(store), index: index, indexFiles: indexFiles)
    }
}
