// Pruning: what must hold whatever the repository, and when it must not begin.

import Bytes
import Codecs
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `A pruned repository` {
    /// A repository of twelve snapshots of which some are forgotten.
    private func forgotten(seed: UInt64, store: any Store = MemoryStore()) throws -> (fixture: RepositoryFixture, kept: [SnapshotID]) {
        var random = SeededRandom(seed: seed)
        var fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<12 { try fixture.addSnapshot() }
        let gone = fixture.snapshots.filter { _ in random.chance(60) }
        _ = try Forget.execute(gone, in: fixture.repository)
        return (fixture, fixture.snapshots.filter { !gone.contains($0) })
    }

    @Test(arguments: UInt64(1)...12)
    func `keeps every blob a snapshot needs and little else`(seed: UInt64) throws {
        let (fixture, kept) = try forgotten(seed: seed)
        let limits: [PruneOptions.UnusedLimit] = [.percent(5), .percent(0), .byteCount(20_000), .unlimited, .percent(50)]
        let options = PruneOptions(maximumUnused: limits[Int(seed) % limits.count], smallPackByteCount: seed % 2 == 0 ? 1 : nil)
        let plan = try PrunePlan.make(for: RepositoryFixture.open(fixture.store), options: options)
        var execution = PruneExecution(plan)
        let outcome = try execution.run()

        try expectClean(fixture.store)
        try expectComplete(kept, of: fixture, in: fixture.store)
        let used = plan.statistics.usedByteCount
        let left = try unneededByteCount(in: fixture.store)
        #expect(left <= options.maximumUnused.byteCount(used: used))
        #expect(left == plan.statistics.remainingUnusedByteCount)
        #expect(outcome.undeletedPackCount == 0)
        #expect(outcome.deletedPackCount == plan.removedPacks.count + plan.repackedPacks.count)
        #expect(try check(fixture.store).counts.unindexedPacks == 0)
    }

    @Test(arguments: UInt64(21)...24)
    func `has nothing left to do`(seed: UInt64) throws {
        let (fixture, _) = try forgotten(seed: seed)
        let options = PruneOptions(maximumUnused: .percent(0))
        try prune(fixture.store, options)
        #expect(try unneededByteCount(in: fixture.store) == 0)
        let names = Set(try fixture.store.list(.pack) + fixture.store.list(.index))
        let plan = try PrunePlan.make(for: RepositoryFixture.open(fixture.store), options: options)
        #expect(plan.isEmpty)
        try prune(fixture.store, options)
        #expect(Set(try fixture.store.list(.pack) + fixture.store.list(.index)) == names)
    }

    @Test func `is empty when all snapshots are gone`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 30)
        for _ in 0..<3 { try fixture.addSnapshot() }
        _ = try Forget.execute(fixture.snapshots, in: fixture.repository)
        try prune(fixture.store)
        #expect(try fixture.store.list(.pack).isEmpty)
        #expect(try fixture.store.list(.index).isEmpty)
        try expectClean(fixture.store)
    }

    @Test func `is not changed by making a plan`() throws {
        let store = MemoryStore()
        let (fixture, _) = try forgotten(seed: 31, store: store)
        let before = store.contents
        let plan = try PrunePlan.make(for: fixture.repository)
        #expect(!plan.isEmpty)
        #expect(plan.description.contains("packs to repack:"))
        #expect(store.contents == before)
    }

    @Test func `loses the data of snapshots about to be forgotten`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 32)
        for _ in 0..<4 { try fixture.addSnapshot() }
        let plan = try PrunePlan.make(for: fixture.repository, ignoring: Set(fixture.snapshots.dropLast()))
        #expect(plan.statistics.unusedBlobCount > 0)
        #expect(try PrunePlan.make(for: fixture.repository).statistics.unusedBlobCount == 0)
    }

    @Test(arguments: UInt64(40)...43)
    func `holds no blob twice`(seed: UInt64) throws {
        let (fixture, kept) = try forgotten(seed: seed)
        // Copies of everything, as left by a prune that died before it removed the old packs.
        let indexed = try IndexedRepository.load(fixture.repository)
        let writer = BlobWriter(indexed), lane = writer.lane(), reader = BlobReader(indexed)
        for pack in try packs(of: fixture.repository) {
            for blob in pack.blobs {
                let bytes = try reader.read(blob.handle)
                try lane.saveAgain(blob.handle, bytes.span)
            }
        }
        _ = try writer.finish()
        #expect(try PrunePlan.make(for: fixture.repository).statistics.duplicateBlobCount > 0)
        try prune(fixture.store, PruneOptions(maximumUnused: .percent(0)))
        try expectClean(fixture.store)
        try expectComplete(kept, of: fixture, in: fixture.store)
        #expect(try unneededByteCount(in: fixture.store) == 0)
    }

    @Test func `has no packs outside its index`() throws {
        let (fixture, kept) = try forgotten(seed: 50)
        let orphan = SHA256.hash(Array("orphan".utf8))
        try fixture.store.save(StoreKey(.pack, orphan), Array("orphan".utf8).span)
        let plan = try PrunePlan.make(for: fixture.repository)
        #expect(plan.unindexedPacks == [PackID(orphan)])
        #expect(plan.statistics.unindexedByteCount == 6)
        try prune(fixture.store)
        #expect(try !fixture.store.exists(StoreKey(.pack, orphan)))
        try expectComplete(kept, of: fixture, in: fixture.store)
    }

    @Test func `has no index of packs that were gone and not needed`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 51)
        try fixture.addSnapshot()
        let old = try packs(of: fixture.repository).map(\.id)
        _ = try Forget.execute(fixture.snapshots, in: fixture.repository)
        for pack in old { try fixture.store.delete(StoreKey(.pack, pack.digest)) }
        let plan = try PrunePlan.make(for: fixture.repository)
        #expect(Set(plan.missingPacks) == Set(old))
        try prune(fixture.store)
        #expect(try packs(of: fixture.repository).isEmpty)
        try expectClean(fixture.store)
    }

    @Test func `has compressed trees after an upgrade to version 2`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 52, version: .one)
        for _ in 0..<3 { try fixture.addSnapshot() }
        #expect(try packs(of: fixture.repository).allSatisfy { $0.blobs.allSatisfy { !$0.isCompressed } })
        let config = RepositoryConfig(version: .two, id: fixture.repository.config.id, polynomial: fixture.repository.config.polynomial)
        try fixture.store.save(.config, Seal(key: fixture.repository.masterKey).seal(config.json).span)
        try prune(fixture.store)
        let upgraded = try RepositoryFixture.open(fixture.store)
        #expect(try packs(of: upgraded).flatMap(\.blobs).allSatisfy { $0.isCompressed == ($0.type == .tree) })
        try prune(fixture.store, PruneOptions(repacksUncompressed: true))
        #expect(try packs(of: upgraded).flatMap(\.blobs).contains { $0.isCompressed && $0.type == .data })
        try expectComplete(fixture.snapshots, of: fixture, in: fixture.store)
        try expectClean(fixture.store)
    }

    @Test func `keeps its data packs if only trees may be rewritten`() throws {
        let (fixture, kept) = try forgotten(seed: 53)
        let plan = try PrunePlan.make(for: fixture.repository, options: PruneOptions(maximumUnused: .percent(0), repacksOnlyTrees: true))
        let types = Dictionary(uniqueKeysWithValues: try packs(of: fixture.repository).map { ($0.id, $0.blobs[0].type) })
        #expect(!plan.repackedPacks.isEmpty)
        #expect(plan.repackedPacks.allSatisfy { types[$0] == .tree })
        var execution = PruneExecution(plan)
        _ = try execution.run()
        try expectComplete(kept, of: fixture, in: fixture.store)
    }

    @Test func `was rewritten no further than allowed`() throws {
        let (fixture, _) = try forgotten(seed: 54)
        let all = try PrunePlan.make(for: fixture.repository, options: PruneOptions(maximumUnused: .percent(0)))
        let limit = all.statistics.repackedByteCount / 2
        let plan = try PrunePlan.make(
            for: fixture.repository, options: PruneOptions(maximumUnused: .percent(0), maximumRepackByteCount: limit))
        #expect(plan.statistics.repackedByteCount < limit)
        #expect(plan.repackedPacks.count < all.repackedPacks.count)
    }

    @Test func `keeps full index files as they are`() throws {
        let (fixture, full) = try repositoryWithFullIndex()
        try prune(fixture.store)
        #expect(try fixture.store.exists(StoreKey(.index, full.digest)))
        #expect(try indexFiles(of: fixture.repository).count == 2)
        try expectClean(fixture.store)
    }

    /// One index file with 50,000 blobs that are needed, and two small ones.
    private func repositoryWithFullIndex() throws -> (RepositoryFixture, IndexID) {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 55)
        let writer = BlobWriter(try IndexedRepository.load(fixture.repository)), lane = writer.lane()
        var file = Node(name: Array("many".utf8), kind: .file)
        file.content = try (0..<50_000).map { number in
            let bytes = Array("\(number)".utf8)
            return try lane.save(.data, bytes.span).id
        }
        let tree = try Tree.serialise([file])
        let root = try lane.save(.tree, tree.span).id
        _ = try writer.finish()
        _ = try fixture.record(root)
        let full = try #require(try indexFiles(of: fixture.repository).first { $0.packs.contains { $0.blobs.count >= 50_000 } }).id
        for _ in 0..<2 { try fixture.addSnapshot() }
        _ = try Forget.execute([fixture.snapshots[1]], in: fixture.repository)
        return (fixture, full)
    }
}

@Suite struct `A prune that must not begin` {
    private func fixture(seed: UInt64) throws -> (store: MemoryStore, fixture: RepositoryFixture) {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<4 { try fixture.addSnapshot() }
        return (store, fixture)
    }

    private func expectRefusal(_ store: MemoryStore, _ matches: (UpkeepFailure) -> Bool) {
        let before = store.contents
        #expect { try prune(store) } throws: { ($0 as? UpkeepFailure).map(matches) ?? false }
        #expect(store.contents == before)
    }

    @Test func `because a needed blob is in no index`() throws {
        let (store, fixture) = try fixture(seed: 60)
        let oldest = try #require(try indexFiles(of: fixture.repository).first { $0.packs.contains { $0.blobs[0].type == .data } })
        store.removeForTest(StoreKey(.index, oldest.id.digest))
        expectRefusal(store) { if case .indexIncomplete = $0 { true } else { false } }
    }

    @Test func `because a needed pack is missing`() throws {
        let (store, fixture) = try fixture(seed: 61)
        let pack = try #require(try packs(of: fixture.repository).first { $0.blobs[0].type == .data })
        store.removeForTest(StoreKey(.pack, pack.id.digest))
        expectRefusal(store) { if case .neededPackMissing(1, pack.id.short) = $0 { true } else { false } }
    }

    @Test func `because a needed pack has another size`() throws {
        let (store, fixture) = try fixture(seed: 62)
        let pack = try #require(try packs(of: fixture.repository).first { $0.blobs[0].type == .data })
        try replace(StoreKey(.pack, pack.id.digest), in: store) { $0.removeLast() }
        expectRefusal(store) { if case .packSizeMismatch(pack.id.short, _, _) = $0 { true } else { false } }
    }

    @Test func `because a tree is damaged`() throws {
        let (store, fixture) = try fixture(seed: 63)
        for pack in try packs(of: fixture.repository) where pack.blobs[0].type == .tree {
            try replace(StoreKey(.pack, pack.id.digest), in: store) { $0[20] ^= 1 }
        }
        expectRefusal(store) { if case .treeDamaged = $0 { true } else { false } }
    }

    @Test func `because a snapshot cannot be read`() throws {
        let (store, fixture) = try fixture(seed: 64)
        try replace(StoreKey(.snapshot, fixture.snapshots[1].digest), in: store) { $0[20] ^= 1 }
        let before = store.contents
        #expect(throws: RepositoryFailure.self) { try prune(store) }
        #expect(store.contents == before)
    }

    @Test func `because the config forbids deleting`() throws {
        let (store, fixture) = try fixture(seed: 65)
        var json = fixture.repository.config.json
        json.replaceSubrange(0..<1, with: Array(#"{"append_only":true,"#.utf8))
        store.save(.config, Seal(key: fixture.repository.masterKey).seal(json).span)
        expectRefusal(store) { if case .appendOnly = $0 { true } else { false } }
        let repository = try RepositoryFixture.open(store)
        #expect(throws: UpkeepFailure.self) { try Forget.execute(fixture.snapshots, in: repository) }
        #expect(try SnapshotCatalog.load(repository).count == 4)
    }

    @Test func `because nothing whole is left of a blob to copy`() throws {
        let (store, fixture) = try fixture(seed: 66)
        _ = try Forget.execute(Array(fixture.snapshots.dropLast()), in: fixture.repository)
        let options = PruneOptions(maximumUnused: .percent(0))
        let plan = try PrunePlan.make(for: fixture.repository, options: options)
        let pack = try #require(try packs(of: fixture.repository).first { plan.repackedPacks.contains($0.id) && $0.blobs[0].type == .data })
        try replace(StoreKey(.pack, pack.id.digest), in: store) { bytes in for index in 0..<bytes.count - 700 { bytes[index] ^= 1 } }
        #expect(throws: RepositoryFailure.self) { try prune(store, options) }
        #expect(Set(try packs(of: fixture.repository).map(\.id)).isSubset(of: Set(store.list(.pack).map { PackID($0.name) })))
    }
}

extension MemoryStore {
    func removeForTest(_ key: StoreKey) { try? delete(key) }
}
