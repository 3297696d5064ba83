// Repairing the index, packs and snapshots, one kind of damage at a time, and recovering what no snapshot names.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

/// A repository of four snapshots in memory, and a place for copies.
struct DamagedFixture {
    let store = MemoryStore()
    var fixture: RepositoryFixture
    let scratch: ScratchTree

    init(seed: UInt64, snapshots: Int = 4) throws {
        fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<snapshots { try fixture.addSnapshot() }
        scratch = try ScratchTree()
    }

    var copies: KeptCopies { KeptCopies(in: scratch.path) }

    func repairIndex(_ store: (any Store)? = nil, readsAllPacks: Bool = false) throws -> IndexRepair.Outcome {
        var repair = IndexRepair(try RepositoryFixture.open(store ?? self.store), readsAllPacks: readsAllPacks)
        return try repair.run()
    }

    func salvage(_ packs: [PackID], in store: (any Store)? = nil) throws -> PackSalvage.Outcome {
        var salvage = PackSalvage(packs, try IndexedRepository.load(RepositoryFixture.open(store ?? self.store)), copies: copies)
        return try salvage.run()
    }

    func repairSnapshots(_ store: (any Store)? = nil, removesOriginals: Bool = true, dryRun: Bool = false) throws -> [SnapshotRepair.Entry] {
        let repository = try RepositoryFixture.open(store ?? self.store)
        let snapshots = try SnapshotCatalog.load(repository)
        let repair = SnapshotRepair(try IndexedRepository.load(repository), removesOriginals: removesOriginals, dryRun: dryRun)
        return try repair.run(snapshots, of: snapshots)
    }

    /// Packs of the newest index, those with data first.
    func packsByType() throws -> (data: [IndexedPack], trees: [IndexedPack]) {
        let all = try packs(of: fixture.repository).sorted { $0.id < $1.id }
        return (all.filter { $0.blobs.first?.type == .data }, all.filter { $0.blobs.first?.type == .tree })
    }
}

@Suite struct `A repaired index` {
    @Test func `is complete again after every index file was lost`() throws {
        let damaged = try DamagedFixture(seed: 1)
        let before = try Set(packs(of: damaged.fixture.repository).map(\.id))
        for entry in damaged.store.list(.index) { try damaged.store.delete(StoreKey(.index, entry.name)) }
        let outcome = try damaged.repairIndex()
        #expect(Set(outcome.addedPacks) == before)
        try expectClean(damaged.store)
        try expectComplete(damaged.fixture.snapshots, of: damaged.fixture, in: damaged.store)
    }

    @Test func `is complete again after every index file was damaged`() throws {
        let damaged = try DamagedFixture(seed: 2)
        let files = damaged.store.list(.index)
        for entry in files { try replace(StoreKey(.index, entry.name), in: damaged.store) { $0[$0.count / 2] ^= 1 } }
        let outcome = try damaged.repairIndex()
        #expect(Set(outcome.damagedIndexFiles.map(\.id.digest)) == Set(files.map(\.name)))
        try expectClean(damaged.store)
        try expectComplete(damaged.fixture.snapshots, of: damaged.fixture, in: damaged.store)
    }

    @Test func `names no pack that is gone`() throws {
        let damaged = try DamagedFixture(seed: 3)
        let pack = try #require(damaged.packsByType().data.first)
        try damaged.store.delete(StoreKey(.pack, pack.id.digest))
        #expect(try damaged.repairIndex().missingPacks == [pack.id])
        #expect(try !packs(of: damaged.fixture.repository).contains { $0.id == pack.id })
        // What is missing can be told by blobs now, and a second repair finds nothing to do.
        #expect(try damaged.repairIndex().isUnneeded)
    }

    @Test func `says what the packs say where it said something else`() throws {
        let damaged = try DamagedFixture(seed: 4)
        let files = try indexFiles(of: damaged.fixture.repository)
        let file = try #require(files.first { ($0.packs.first?.blobs.count ?? 0) > 1 })
        let pack = try #require(file.packs.first), first = pack.blobs[0], second = pack.blobs[1]
        // Two blobs change places: the sizes still fit.
        let swapped = [
            PackedBlob(type: first.type, id: second.id, offset: first.offset, length: first.length, uncompressedLength: first.uncompressedLength),
            PackedBlob(type: second.type, id: first.id, offset: second.offset, length: second.length, uncompressedLength: second.uncompressedLength),
        ]
        _ = try writeIndex([IndexedPack(id: pack.id, blobs: swapped + pack.blobs.dropFirst(2))] + file.packs.dropFirst(), in: damaged.fixture.repository)
        try damaged.store.delete(StoreKey(.index, file.id.digest))
        let found = try check(damaged.store, readData: .all)
        #expect(found.repairs.first == .indexFromAllPacks)
        #expect(try damaged.repairIndex().correctedPacks == [])
        #expect(try damaged.repairIndex(readsAllPacks: true).correctedPacks == [pack.id])
        try expectClean(damaged.store)
    }

    @Test func `settles what two index files say of one pack`() throws {
        let damaged = try DamagedFixture(seed: 5)
        let pack = try #require(damaged.packsByType().data.first { $0.blobs.count > 1 })
        _ = try writeIndex([IndexedPack(id: pack.id, blobs: Array(pack.blobs.dropLast()))], in: damaged.fixture.repository)
        #expect(try !check(damaged.store).isClean)
        _ = try damaged.repairIndex()
        try expectClean(damaged.store)
        #expect(try packs(of: damaged.fixture.repository).filter { $0.id == pack.id }.map { Set($0.blobs) } == [Set(pack.blobs)])
    }

    @Test func `keeps what it knew of a pack that cannot be read`() throws {
        let damaged = try DamagedFixture(seed: 6)
        let pack = try #require(damaged.packsByType().data.first)
        try replace(StoreKey(.pack, pack.id.digest), in: damaged.store) { $0.removeLast(20) }
        let outcome = try damaged.repairIndex(readsAllPacks: true)
        #expect(outcome.unreadablePacks.map(\.id) == [pack.id])
        #expect(try packs(of: damaged.fixture.repository).contains(pack))
    }

    @Test func `is not touched if it is right`() throws {
        let damaged = try DamagedFixture(seed: 7, snapshots: 1)
        let before = damaged.store.contents
        #expect(try damaged.repairIndex().isUnneeded)
        #expect(try damaged.repairIndex(readsAllPacks: true).isUnneeded)
        #expect(damaged.store.contents == before)
    }

    @Test func `is left alone if an index file cannot be reached`() throws {
        let damaged = try DamagedFixture(seed: 8)
        let before = damaged.store.contents
        let repository = damaged.fixture.repository.through(UnreachableStore(damaged.store, .index))
        #expect(throws: StoreFailure.self) {
            var repair = IndexRepair(repository)
            _ = try repair.run()
        }
        #expect(damaged.store.contents == before)
    }
}

/// One file of a kind gives no answer.
final class UnreachableStore: Store {
    private let base: any Store
    private let kind: StoreKind

    init(_ base: any Store, _ kind: StoreKind) {
        self.base = base
        self.kind = kind
    }

    var location: String { base.location }
    func create() throws { try base.create() }
    func save(_ key: StoreKey, _ content: Span<UInt8>) throws { try base.save(key, content) }
    func byteCount(of key: StoreKey) throws -> UInt64? { try base.byteCount(of: key) }
    func list(_ kind: StoreKind) throws -> [StoreEntry] { try base.list(kind) }
    func delete(_ key: StoreKey) throws { try base.delete(key) }

    func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        if key.kind == kind { throw StoreFailure(.transient, "input/output error") }
        return try base.load(key, limit: limit)
    }

    func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        if key.kind == kind { throw StoreFailure(.transient, "input/output error") }
        try base.read(key, at: offset, into: &buffer)
    }
}

@Suite struct `A repaired pack` {
    @Test func `loses the blob that was hit, and no other`() throws {
        let damaged = try DamagedFixture(seed: 11)
        let pack = try #require(damaged.packsByType().data.max { $0.blobs.count < $1.blobs.count })
        let hit = try #require(pack.blobs.randomElement())
        let original = try damaged.store.load(StoreKey(.pack, pack.id.digest), limit: 1 << 30)
        try replace(StoreKey(.pack, pack.id.digest), in: damaged.store) { $0[Int(hit.offset) + 20] ^= 1 }
        let broken = try damaged.store.load(StoreKey(.pack, pack.id.digest), limit: 1 << 30)
        let outcome = try damaged.salvage([pack.id])
        #expect(outcome.lostBlobs == [hit.handle])
        #expect(outcome.savedBlobCount == pack.blobs.count - 1)
        #expect(outcome.removedPacks == [pack.id])
        #expect(try !damaged.store.exists(StoreKey(.pack, pack.id.digest)))
        // Nothing was destroyed: the damaged pack is where it was said to be, as it was.
        #expect(try damaged.scratch.read(BytePath("pack-\(pack.id.hex)")) == broken && broken != original)
        let index = try IndexedRepository.load(damaged.fixture.repository).index
        #expect(pack.blobs.allSatisfy { $0.handle == hit.handle || index.locate($0.handle) != nil })
        #expect(index.locate(hit.handle) == nil)
    }

    @Test(arguments: ["header", "length", "cut", "surplus"])
    func `loses nothing if its blobs are whole`(damage: String) throws {
        let damaged = try DamagedFixture(seed: 12)
        for pack in try packs(of: damaged.fixture.repository) {
            try replace(StoreKey(.pack, pack.id.digest), in: damaged.store) { bytes in
                switch damage {
                case "header": bytes[bytes.count - 20] ^= 1
                case "length": bytes[bytes.count - 1] ^= 1
                case "cut": bytes.removeLast(10)
                default: bytes.append(7)
                }
            }
        }
        // The usual order: the index cannot be had from these packs, and keeps what it knew.
        _ = try damaged.repairIndex()
        let broken = try check(damaged.store, readData: .all).brokenPacks
        let outcome = try damaged.salvage(broken)
        #expect(outcome.lostBlobs == [] && outcome.untouchedPacks.isEmpty)
        try expectClean(damaged.store)
        try expectComplete(damaged.fixture.snapshots, of: damaged.fixture, in: damaged.store)
    }

    @Test func `gives back what lies before the place where it was cut`() throws {
        let damaged = try DamagedFixture(seed: 13)
        let pack = try #require(damaged.packsByType().data.max { $0.blobs.count < $1.blobs.count })
        let end = pack.blobs.sorted { $0.offset < $1.offset }[pack.blobs.count / 2]
        try replace(StoreKey(.pack, pack.id.digest), in: damaged.store) { $0.removeSubrange((Int(end.offset) + 5)...) }
        let outcome = try damaged.salvage([pack.id])
        #expect(outcome.lostBlobs == pack.blobs.filter { $0.offset >= end.offset }.map(\.handle).sorted())
    }

    @Test func `is told from one that cannot be reached`() throws {
        let damaged = try DamagedFixture(seed: 14)
        let before = damaged.store.contents
        let pack = try #require(damaged.packsByType().data.first)
        var salvage = PackSalvage(
            [pack.id], try IndexedRepository.load(damaged.fixture.repository.through(UnreachableStore(damaged.store, .pack))), copies: damaged.copies)
        let outcome = try salvage.run()
        #expect(outcome.untouchedPacks.map(\.id) == [pack.id] && outcome.removedPacks == [] && outcome.lostBlobs == [])
        #expect(damaged.store.contents == before)
    }

    @Test func `is left alone if nothing says what is in it`() throws {
        let damaged = try DamagedFixture(seed: 15)
        let pack = try #require(damaged.packsByType().data.first)
        for entry in damaged.store.list(.index) { try damaged.store.delete(StoreKey(.index, entry.name)) }
        try replace(StoreKey(.pack, pack.id.digest), in: damaged.store) { $0[$0.count - 20] ^= 1 }
        #expect(try damaged.repairIndex().unreadablePacks.map(\.id) == [pack.id])
        #expect(try damaged.salvage([pack.id]).untouchedPacks.map(\.id) == [pack.id])
        #expect(try damaged.store.exists(StoreKey(.pack, pack.id.digest)))
    }

    @Test func `is not removed if its copy cannot be kept`() throws {
        let damaged = try DamagedFixture(seed: 16)
        let pack = try #require(damaged.packsByType().data.first)
        try damaged.scratch.add(BytePath("pack-\(pack.id.hex)"), .file("something else"))
        let before = damaged.store.contents
        #expect(throws: UpkeepFailure.self) { _ = try damaged.salvage([pack.id]) }
        #expect(damaged.store.contents == before)
        #expect(try damaged.scratch.text(BytePath("pack-\(pack.id.hex)")) == "something else")
    }

    @Test func `must exist`() throws {
        let damaged = try DamagedFixture(seed: 17, snapshots: 1)
        #expect(throws: UpkeepFailure.noSuchPack(PackID(.zero).hex)) { _ = try damaged.salvage([PackID(.zero)]) }
    }
}

@Suite struct `A repaired snapshot` {
    @Test func `has what is left, says what it was, and keeps the bytes of whole trees`() throws {
        let damaged = try DamagedFixture(seed: 21)
        let (path, content) = try #require(damaged.fixture.blobs.sorted { $0.key < $1.key }.first { $0.value.count > 1 })
        let lost = BlobHandle(type: .data, id: content[0])
        let pack = try #require(packs(of: damaged.fixture.repository).first { $0.blobs.contains { $0.handle == lost } })
        let place = try #require(pack.blobs.first { $0.handle == lost })
        try replace(StoreKey(.pack, pack.id.digest), in: damaged.store) { $0[Int(place.offset) + 1] ^= 1 }
        _ = try damaged.salvage([pack.id])
        let before = try SnapshotCatalog.load(damaged.fixture.repository)
        let entries = try damaged.repairSnapshots(removesOriginals: false)
        let concerned = entries.filter { $0.changes.contains { $0.path == path } }
        #expect(!concerned.isEmpty)
        for entry in concerned {
            guard case .repaired(let id?) = entry.fate else {
                Issue.record("\(entry.fate)")
                continue
            }
            let (old, new) = (entry.snapshot.snapshot, try SnapshotCatalog.load(id, damaged.fixture.repository))
            #expect(new.original == entry.snapshot.id && new.tags == old.tags + ["repaired"])
            #expect(new.time == old.time && new.hostName == old.hostName && new.paths == old.paths)
            let files = try RepositoryFixture.read(id, from: damaged.fixture.repository)
            for (name, bytes) in damaged.fixture.contents[entry.snapshot.id] ?? [:] {
                let isChanged = entry.changes.contains { $0.path == name }
                #expect(isChanged ? (files[name]?.count ?? .max) < bytes.count : files[name] == bytes, "\(name)")
            }
        }
        for entry in entries where entry.fate == .whole { #expect(entry.changes.isEmpty) }
        // The damaged ones are still there; a second repair finds its own work and adds nothing.
        #expect(try SnapshotCatalog.load(damaged.fixture.repository).count == before.count + entries.count { $0.fate != .whole })
        let again = try damaged.repairSnapshots(removesOriginals: false)
        #expect(again.allSatisfy { entry in if case .repaired = entry.fate { false } else { true } })
        _ = try damaged.repairSnapshots(removesOriginals: true)
        try expectClean(damaged.store)
    }

    @Test func `has an empty directory where one cannot be read`() throws {
        let damaged = try DamagedFixture(seed: 22)
        let snapshot = try #require(SnapshotCatalog.load(damaged.fixture.repository).last)
        let reader = BlobReader(try IndexedRepository.load(damaged.fixture.repository))
        let data = try #require(Tree.parse(reader.readTree(snapshot.snapshot.tree)).first?.subtree)
        let node = try #require(Tree.parse(reader.readTree(data)).first { $0.subtree != nil }), tree = try #require(node.subtree)
        let pack = try #require(packs(of: damaged.fixture.repository).first { $0.blobs.contains { $0.id == tree } })
        let place = try #require(pack.blobs.first { $0.id == tree })
        try replace(StoreKey(.pack, pack.id.digest), in: damaged.store) { $0[Int(place.offset) + 1] ^= 1 }
        _ = try damaged.salvage([pack.id])
        let path = BytePath("/data").appending(node.name)
        let entry = try #require(damaged.repairSnapshots().first { $0.snapshot.id == snapshot.id })
        #expect(entry.changes.map(\.path) == [path] && entry.isRemoved)
        guard case .repaired(let id?) = entry.fate else {
            Issue.record("\(entry.fate)")
            return
        }
        let files = try RepositoryFixture.read(id, from: damaged.fixture.repository)
        let prefix = "\(path)/"
        #expect(files == damaged.fixture.contents[snapshot.id]?.filter { !"\($0.key)".hasPrefix(prefix) })
        try expectClean(damaged.store)
    }

    @Test func `is only described in a dry run`() throws {
        let damaged = try DamagedFixture(seed: 23)
        let pack = try #require(damaged.packsByType().data.first)
        try damaged.store.delete(StoreKey(.pack, pack.id.digest))
        _ = try damaged.repairIndex()
        let before = damaged.store.contents
        let entries = try damaged.repairSnapshots(dryRun: true)
        #expect(entries.contains { $0.fate == .repaired(nil) && !$0.changes.isEmpty })
        #expect(damaged.store.contents == before)
    }

    @Test func `whose root is lost stays until it is to go`() throws {
        let damaged = try DamagedFixture(seed: 24)
        for pack in try damaged.packsByType().trees { try damaged.store.delete(StoreKey(.pack, pack.id.digest)) }
        _ = try damaged.repairIndex()
        #expect(try damaged.repairSnapshots(removesOriginals: false).allSatisfy { $0.fate == .rootLost && !$0.isRemoved })
        #expect(damaged.store.list(.snapshot).count == 4)
        #expect(try damaged.repairSnapshots(removesOriginals: true).allSatisfy(\.isRemoved))
        #expect(damaged.store.list(.snapshot).isEmpty)
    }
}

@Suite struct `A recovery` {
    @Test func `finds what was forgotten, and nothing else`() throws {
        let damaged = try DamagedFixture(seed: 31)
        let forgotten = try #require(damaged.fixture.snapshots.last)
        let tree = try SnapshotCatalog.load(forgotten, damaged.fixture.repository).tree
        try SnapshotCatalog.delete(forgotten, in: damaged.fixture.repository)
        let outcome = try recover(damaged)
        #expect(outcome.roots == [tree])
        let id = try #require(outcome.snapshot), snapshot = try SnapshotCatalog.load(id, damaged.fixture.repository)
        #expect(snapshot.tags == ["recovered"] && snapshot.paths == ["/recover"])
        let files = try RepositoryFixture.read(id, from: damaged.fixture.repository)
        let expected = damaged.fixture.contents[forgotten] ?? [:]
        #expect(files == Dictionary(uniqueKeysWithValues: expected.map { (BytePath("/\(tree.short)\($0.key)"), $0.value) }))
        try expectClean(damaged.store)
        #expect(try recover(damaged).snapshot == nil)
    }

    @Test func `leaves out a tree that cannot be read, and finds those below it`() throws {
        let damaged = try DamagedFixture(seed: 32, snapshots: 1)
        let id = try #require(damaged.fixture.snapshots.first), root = try SnapshotCatalog.load(id, damaged.fixture.repository).tree
        let below = try Tree.parse(BlobReader(IndexedRepository.load(damaged.fixture.repository)).readTree(root)).compactMap(\.subtree)
        let pack = try #require(packs(of: damaged.fixture.repository).first { $0.blobs.contains { $0.id == root } })
        let place = try #require(pack.blobs.first { $0.id == root })
        try replace(StoreKey(.pack, pack.id.digest), in: damaged.store) { $0[Int(place.offset) + 1] ^= 1 }
        try SnapshotCatalog.delete(id, in: damaged.fixture.repository)
        let outcome = try recover(damaged)
        #expect(outcome.unreadableTrees.map(\.id) == [root])
        #expect(outcome.roots == below.sorted())
    }

    private func recover(_ damaged: DamagedFixture) throws -> Recovery.Outcome {
        let repository = try RepositoryFixture.open(damaged.store)
        return try Recovery(IndexedRepository.load(repository), identity: RepositoryFixture.identity).run(SnapshotCatalog.load(repository))
    }
}
