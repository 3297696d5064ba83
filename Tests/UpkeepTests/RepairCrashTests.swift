// A repair or a migration that dies at any change it makes: nothing readable is lost, and the next one finishes the work.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `A repair that dies` {
    enum Death: String, CaseIterable {
        case failure, failureAfterEffect, powerLoss

        func fault(_ number: Int) -> FaultyStore.Fault {
            switch self {
            case .failure: .failOnce(at: number)
            case .failureAfterEffect: .failAfterEffect(at: number)
            case .powerLoss: .powerLoss(after: number - 1)
            }
        }
    }

    /// An index file damaged, a pack missing from the index, one cut short, one with a flipped byte.
    private func prepared() throws -> DamagedFixture {
        let damaged = try DamagedFixture(seed: 41)
        let files = try indexFiles(of: damaged.fixture.repository)
        let others = files[2...].flatMap(\.packs)
        let data = others.filter { $0.blobs.first?.type == .data }, trees = others.filter { $0.blobs.first?.type == .tree }
        try replace(StoreKey(.pack, data[0].id.digest), in: damaged.store) { $0[40] ^= 1 }
        try replace(StoreKey(.pack, data[1].id.digest), in: damaged.store) { $0.removeLast(30) }
        try replace(StoreKey(.pack, trees[0].id.digest), in: damaged.store) { $0[$0.count - 10] ^= 1 }
        try replace(StoreKey(.index, files[0].id.digest), in: damaged.store) { $0[50] ^= 1 }
        try damaged.store.delete(StoreKey(.index, files[1].id.digest))
        return damaged
    }

    /// Everything, in the order of the handbook.
    private func repairAll(_ damaged: DamagedFixture, in store: any Store) throws {
        _ = try damaged.repairIndex(store)
        let broken = try check(store, readData: .all).brokenPacks
        if !broken.isEmpty { _ = try damaged.salvage(broken, in: store) }
        _ = try damaged.repairSnapshots(store)
    }

    /// Every file of every snapshot as far as it can be read: by the snapshot's first id.
    private func readable(_ store: any Store) throws -> [SnapshotID: [BytePath: [UInt8]]] {
        let repository = try RepositoryFixture.open(store)
        var found: [SnapshotID: [BytePath: [UInt8]]] = [:]
        for snapshot in try SnapshotCatalog.load(repository) {
            found[snapshot.snapshot.original ?? snapshot.id] = try RepositoryFixture.read(snapshot.id, from: repository)
        }
        return found
    }

    @Test(arguments: Death.allCases)
    func `loses no more than one that does not, and is finished by the next`(death: Death) throws {
        let damaged = try prepared(), contents = damaged.store.contents
        let untroubled = MemoryStore(contents: contents)
        try repairAll(damaged, in: untroubled)
        try expectClean(untroubled)
        let expected = try readable(untroubled)
        #expect(expected.count == 4)
        var number = 1
        while true {
            let store = MemoryStore(contents: contents)
            let faulty = FaultyStore(store, death.fault(number))
            let finished = (try? repairAll(damaged, in: faulty)) != nil
            try repairAll(damaged, in: store)
            try expectClean(store, "after \(death) at change \(number)")
            #expect(try readable(store) == expected, "after \(death) at change \(number)")
            if finished && !faulty.hasStruck { break }
            number += 1
            try #require(number < 100)
        }
        #expect(number > 8)
    }

    @Test(arguments: Death.allCases)
    func `of a whole repository's index harms nothing at any moment`(death: Death) throws {
        let damaged = try DamagedFixture(seed: 42), contents = damaged.store.contents
        var number = 1
        while true {
            let store = MemoryStore(contents: contents)
            let faulty = FaultyStore(store, death.fault(number))
            let finished = (try? damaged.repairIndex(faulty, readsAllPacks: true)) != nil
            try expectClean(store, "\(death) at change \(number)")
            try expectComplete(damaged.fixture.snapshots, of: damaged.fixture, in: store)
            if finished && !faulty.hasStruck { break }
            number += 1
            try #require(number < 100)
        }
        #expect(number > 2)
    }
}

@Suite struct `A migration to version 2` {
    private func prepared() throws -> (store: MemoryStore, fixture: RepositoryFixture, scratch: ScratchTree) {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: 51, version: .one)
        for _ in 0..<2 { try fixture.addSnapshot() }
        return (store, fixture, try ScratchTree())
    }

    private func migrate(_ store: any Store, _ scratch: ScratchTree) throws {
        try Migration.upgradeRepositoryToVersion2.apply(to: RepositoryFixture.open(store), copies: KeptCopies(in: scratch.path))
    }

    @Test func `changes the config's version and nothing else`() throws {
        let (store, fixture, scratch) = try prepared()
        let before = store.contents, old = fixture.repository.config
        try migrate(store, scratch)
        let config = try RepositoryFixture.open(store).config
        #expect(config.version == .two && config.id == old.id && config.polynomial == old.polynomial)
        #expect(before.filter { $0.key != .config } == store.contents.filter { $0.key != .config })
        try expectClean(store)
        try expectComplete(fixture.snapshots, of: fixture, in: store)
        #expect(try scratch.allPaths().isEmpty, "the copy of the old config is removed when all is well")
        #expect(throws: UpkeepFailure.self) { try migrate(store, scratch) }
    }

    @Test(arguments: `A repair that dies`.Death.allCases)
    func `leaves a repository that opens, whenever it dies`(death: `A repair that dies`.Death) throws {
        let (store, fixture, scratch) = try prepared(), contents = store.contents
        for number in 1...4 {
            let branch = MemoryStore(contents: contents)
            let finished = (try? migrate(FaultyStore(branch, death.fault(number)), scratch)) != nil
            try expectClean(branch, "\(death) at change \(number)")
            try expectComplete(fixture.snapshots, of: fixture, in: branch)
            if !finished { #expect(try scratch.allPaths().count == 1, "the copy of the old config is kept") }
            let version = try RepositoryFixture.open(branch).config.version
            if death == .failure { #expect(finished == (version == .two)) }
        }
    }

    @Test func `puts the old config back if the new one does not come back as it was stored`() throws {
        let (store, _, scratch) = try prepared()
        let before = store.contents
        let garbling = GarblingStore(store)
        do {
            try migrate(garbling, scratch)
            Issue.record("it was not noticed")
        } catch let error as UpkeepFailure {
            guard case .configNotReplaced(_, isOldRestored: true, let copy) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(try AtomicFile.read(BytePath(copy), limit: 1 << 20) == before[.config])
        }
        #expect(store.contents == before)
    }

    /// Stores the first config it is given with a byte changed.
    private final class GarblingStore: Store {
        private let base: MemoryStore
        private let first = Monitored(true)

        init(_ base: MemoryStore) { self.base = base }

        var location: String { base.location }
        func create() {}
        func load(_ key: StoreKey, limit: Int) throws -> [UInt8] { try base.load(key, limit: limit) }
        func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws { try base.read(key, at: offset, into: &buffer) }
        func byteCount(of key: StoreKey) throws -> UInt64? { base.byteCount(of: key) }
        func list(_ kind: StoreKind) throws -> [StoreEntry] { base.list(kind) }
        func delete(_ key: StoreKey) throws { try base.delete(key) }

        func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
            var bytes = [UInt8](copying: content)
            var garbles = false
            first.update { isFirst in
                garbles = isFirst && key == .config
                if garbles { isFirst = false }
            }
            if garbles { bytes[40] ^= 1 }
            base.save(key, bytes.span)
        }
    }
}
