// Checking: each kind of damage is found and named, with the snapshots and files concerned, and nothing else is called damaged.

import Bytes
import Codecs
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing

import Upkeep

@Suite struct `A check` {
    private let store = MemoryStore()
    private let fixture: RepositoryFixture

    init() throws {
        var fixture = try RepositoryFixture(in: store, seed: 80)
        for _ in 0..<4 { try fixture.addSnapshot() }
        self.fixture = fixture
    }

    private func firstPack(_ type: BlobType) throws -> IndexedPack {
        try #require(try packs(of: fixture.repository).first { $0.blobs[0].type == type })
    }

    private func key(_ pack: IndexedPack) -> StoreKey { StoreKey(.pack, pack.id.digest) }

    /// The files, over all snapshots, that hold one of the blobs.
    private func places(of blobs: Set<BlobID>) throws -> Set<AffectedPath> {
        var places: Set<AffectedPath> = []
        let reader = BlobReader(try IndexedRepository.load(fixture.repository))
        for id in fixture.snapshots {
            var waiting: [(BlobID, BytePath)] = [(try SnapshotCatalog.load(id, fixture.repository).tree, .root)]
            while let (tree, path) = waiting.popLast() {
                for node in try Tree.parse(reader.readTree(tree)) {
                    let child = path.appending(node.name)
                    if let subtree = node.subtree { waiting.append((subtree, child)) }
                    if node.content?.contains(where: blobs.contains) == true { places.insert(AffectedPath(snapshot: id, path: child)) }
                }
            }
        }
        return places
    }

    @Test func `finds nothing in a sound repository`() throws {
        let result = try check(store, readData: .all)
        #expect(result.isClean)
        #expect(result.hints.isEmpty && !result.suggestsPrune && !result.suggestsRepairIndex && result.brokenPacks.isEmpty)
        let all = try packs(of: fixture.repository)
        #expect(result.counts.snapshots == 4)
        #expect(result.counts.packs == all.count && result.counts.packsRead == all.count)
        #expect(result.counts.blobs == all.reduce(0) { $0 + $1.blobs.count })
        #expect(result.counts.bytesRead == store.list(.pack).reduce(0) { $0 + $1.byteCount })
    }

    @Test func `reports a missing pack and the files that need it`() throws {
        let pack = try firstPack(.data)
        let places = try places(of: Set(pack.blobs.map(\.id)))
        store.removeForTest(key(pack))
        let result = try check(store)
        let error = try #require(result.errors.first { $0.object == "pack \(pack.id.short)" })
        #expect(error.message == "it is missing")
        #expect(!places.isEmpty)
        #expect(Set(error.affected) == places)
        #expect(error.affectedCount == places.count)
        #expect(result.suggestsRepairIndex)
    }

    @Test func `reports a truncated pack`() throws {
        let pack = try firstPack(.data)
        try replace(key(pack), in: store) { $0.removeLast(5) }
        let result = try check(store)
        #expect(result.errors.map(\.object) == ["pack \(pack.id.short)"])
        #expect(result.errors[0].message.contains("but the index says"))
        #expect(result.brokenPacks == [pack.id])
        // Cut behind the blobs: the files are still whole.
        #expect(result.errors[0].affected.isEmpty)
    }

    @Test func `reports a pack cut within its blobs with the files concerned`() throws {
        let pack = try firstPack(.data)
        let last = try #require(pack.blobs.max { $0.offset < $1.offset })
        try replace(key(pack), in: store) { $0.removeSubrange(Int(last.offset) + 3..<$0.count) }
        let result = try check(store, readData: .all)
        let affected = Set(result.errors.flatMap(\.affected))
        #expect(affected == (try places(of: [last.id])))
        #expect(!affected.isEmpty)
    }

    @Test func `reports a flipped byte in a blob with the blob and its files`() throws {
        let pack = try firstPack(.data)
        let blob = pack.blobs[0]
        let places = try places(of: [blob.id])
        try replace(key(pack), in: store) { $0[Int(blob.offset) + 17] ^= 4 }
        #expect(try check(store).isClean, "without reading data this cannot be seen")
        let result = try check(store, readData: .all)
        #expect(result.errors.allSatisfy { $0.object == "pack \(pack.id.short)" })
        let error = try #require(result.errors.first { $0.message.contains("\(blob.handle) is damaged") })
        #expect(Set(error.affected) == places)
        #expect(!places.isEmpty)
        #expect(result.errors.contains { $0.message.contains("hash that is its name") })
        #expect(result.brokenPacks == [pack.id])
    }

    @Test func `reports a flipped byte in a header`() throws {
        let pack = try firstPack(.data)
        try replace(key(pack), in: store) { $0[$0.count - 30] ^= 1 }
        let result = try check(store, readData: .all)
        #expect(result.errors.contains { $0.object == "pack \(pack.id.short)" && $0.message.contains("its header is damaged") })
        #expect(result.brokenPacks == [pack.id])
        #expect(result.errors.allSatisfy { $0.affected.isEmpty })
    }

    @Test(arguments: [UInt8(0), 0xff])
    func `reports a header length that cannot be`(byte: UInt8) throws {
        let pack = try firstPack(.tree)
        try replace(key(pack), in: store) { for index in $0.count - 4..<$0.count { $0[index] = byte } }
        let result = try check(store, readData: .all)
        #expect(result.errors.contains { $0.object == "pack \(pack.id.short)" && $0.message.contains("its header is damaged") })
    }

    @Test func `reports an index entry that points elsewhere`() throws {
        let file = try #require(
            try indexFiles(of: fixture.repository).first { $0.packs.contains { $0.blobs.count > 1 && $0.blobs[0].type == .data } })
        let pack = try #require(file.packs.first { $0.blobs.count > 1 && $0.blobs[0].type == .data })
        // Two blobs change places: sizes fit, contents do not.
        let (a, b) = (pack.blobs[0], pack.blobs[1])
        var blobs = pack.blobs
        blobs[0] = PackedBlob(type: a.type, id: b.id, offset: a.offset, length: a.length, uncompressedLength: a.uncompressedLength)
        blobs[1] = PackedBlob(type: b.type, id: a.id, offset: b.offset, length: b.length, uncompressedLength: b.uncompressedLength)
        _ = try writeIndex(file.packs.filter { $0.id != pack.id } + [IndexedPack(id: pack.id, blobs: blobs)], in: fixture.repository)
        store.removeForTest(StoreKey(.index, file.id.digest))
        let result = try check(store, readData: .all)
        #expect(
            result.errors.contains { $0.object == "pack \(pack.id.short)" && $0.message.contains("the index says that the \(a.handle)") })
        #expect(
            result.errors.contains { $0.object == "pack \(pack.id.short)" && $0.message.contains("the index says that the \(b.handle)") })
        #expect(!result.errors.flatMap(\.affected).isEmpty)
    }

    @Test func `reports index files that contradict each other`() throws {
        let pack = try firstPack(.data)
        _ = try writeIndex([IndexedPack(id: pack.id, blobs: Array(pack.blobs.dropLast()))], in: fixture.repository)
        let result = try check(store)
        #expect(result.errors.contains { $0.object == "pack \(pack.id.short)" && $0.message.contains("contradict") })
        #expect(result.suggestsRepairIndex)
    }

    @Test func `hints at packs named twice`() throws {
        let pack = try firstPack(.data)
        _ = try writeIndex([IndexedPack(id: pack.id, blobs: pack.blobs.reversed())], in: fixture.repository)
        let result = try check(store, readData: .all)
        #expect(result.isClean)
        #expect(result.hints.count == 1 && result.hints[0].contains("several index files"))
    }

    @Test func `reports a damaged index file and what is missing without it`() throws {
        let file = try #require(try indexFiles(of: fixture.repository).first)
        try replace(StoreKey(.index, file.id.digest), in: store) { $0[$0.count / 2] ^= 1 }
        let result = try check(store)
        #expect(result.errors.contains { $0.object == "index \(file.id.short)" })
        #expect(result.suggestsRepairIndex)
        #expect(result.counts.unindexedPacks == file.packs.count)
    }

    @Test func `reports a damaged snapshot and checks the others`() throws {
        let id = fixture.snapshots[2]
        try replace(StoreKey(.snapshot, id.digest), in: store) { $0[$0.count - 1] ^= 1 }
        let result = try check(store, readData: .all)
        #expect(result.errors.map(\.object) == ["snapshot \(id.short)"])
        #expect(result.counts.snapshots == 3)
    }

    @Test func `reports a damaged key`() throws {
        let id = fixture.repository.keyID
        let repository = try RepositoryFixture.open(store)
        try replace(StoreKey(.key, id.digest), in: store) { $0[$0.count - 5] ^= 1 }
        #expect(try Check(repository).run().errors.map(\.object) == ["key \(id.short)"])
    }

    @Test func `reports a damaged config`() throws {
        let repository = try RepositoryFixture.open(store)
        try replace(.config, in: store) { $0[20] ^= 1 }
        #expect(try Check(repository).run().errors.map(\.object) == ["the config"])
    }

    @Test func `reports a tree that is missing, with the directory`() throws {
        var fixture = fixture
        var directory = Node(name: Array("lost".utf8), kind: .directory)
        let nowhere = BlobID(SHA256.hash(Array("no such tree".utf8)))
        directory.subtree = nowhere
        let snapshot = try record([directory], in: &fixture)
        let result = try check(store)
        #expect(result.errors.map(\.object) == ["tree \(nowhere.short)"])
        #expect(result.errors[0].affected == [AffectedPath(snapshot: snapshot, path: "/lost")])
    }

    @Test func `reports a root tree that is missing`() throws {
        var fixture = fixture
        let nowhere = BlobID(SHA256.hash(Array("no such root".utf8)))
        let snapshot = try fixture.record(nowhere)
        let result = try check(store)
        #expect(result.errors.map(\.object) == ["tree \(nowhere.short)"])
        #expect(result.errors[0].affected == [AffectedPath(snapshot: snapshot, path: "/")])
    }

    @Test func `reports a tree that makes no sense`() throws {
        var fixture = fixture
        let writer = BlobWriter(try IndexedRepository.load(fixture.repository))
        let nonsense = try writer.lane().save(.tree, Array("{\"nodes\":7}\n".utf8).span).id
        _ = try writer.finish()
        var directory = Node(name: Array("odd".utf8), kind: .directory)
        directory.subtree = nonsense
        let snapshot = try record([directory], in: &fixture)
        let result = try check(store, readData: .all)
        #expect(result.errors.map(\.object) == ["tree \(nonsense.short)"])
        #expect(result.errors[0].affected == [AffectedPath(snapshot: snapshot, path: "/odd")])
    }

    @Test func `reports nodes that cannot be restored`() throws {
        var fixture = fixture
        var blind = Node(name: Array("a-blind".utf8), kind: .file)
        blind.content = nil
        let empty = Node(name: Array("b-empty".utf8), kind: .directory)
        var missing = Node(name: Array("c-missing".utf8), kind: .file)
        missing.content = [BlobID(SHA256.hash(Array("gone".utf8)))]
        // Our writer refuses such a name, so the text is changed behind its back.
        let escape = Node(name: Array("__".utf8), kind: .symbolicLink)
        let snapshot = try record([escape, blind, empty, missing], in: &fixture)
        let messages = try check(store).errors.map(\.message)
        #expect(messages.count == 4)
        #expect(messages.contains { $0.contains("'a-blind' has no list of blobs") })
        #expect(messages.contains { $0.contains("'b-empty' has no tree") })
        #expect(messages.contains { $0.contains("'c-missing' needs the data blob") })
        #expect(messages.contains { $0.contains("impossible name '..'") })
        let places = try Set(check(store).errors.flatMap(\.affected))
        #expect(places == [AffectedPath(snapshot: snapshot, path: "/c-missing"), AffectedPath(snapshot: snapshot, path: "/")])
    }

    /// Stores a tree of these nodes, as they are, and a snapshot of it.
    private func record(_ nodes: [Node], in fixture: inout RepositoryFixture) throws -> SnapshotID {
        let writer = BlobWriter(try IndexedRepository.load(fixture.repository))
        let json = Array(String(decoding: try Tree.serialise(nodes), as: UTF8.self).replacing("\"__\"", with: "\"..\"").utf8)
        let root = try writer.lane().save(.tree, json.span).id
        _ = try writer.finish()
        return try fixture.record(root)
    }

    @Test func `does not call files damaged that have another copy`() throws {
        let pack = try firstPack(.data)
        let indexed = try IndexedRepository.load(fixture.repository)
        let writer = BlobWriter(indexed), lane = writer.lane(), reader = BlobReader(indexed)
        for blob in pack.blobs {
            let bytes = try reader.read(blob.handle)
            try lane.saveAgain(blob.handle, bytes.span)
        }
        _ = try writer.finish()
        try replace(key(pack), in: store) { $0[Int(pack.blobs[0].offset) + 17] ^= 4 }
        let result = try check(store, readData: .all)
        #expect(!result.isClean)
        #expect(result.errors.allSatisfy { $0.affected.isEmpty && $0.affectedCount == 0 })
    }

    @Test func `hints at packs in no index`() throws {
        store.save(StoreKey(.pack, SHA256.hash([1])), [UInt8](repeating: 1, count: 99).span)
        let result = try check(store, readData: .all)
        #expect(result.isClean)
        #expect(result.suggestsPrune && result.counts.unindexedPacks == 1)
    }

    @Test func `of some snapshots reads only their packs`() throws {
        var fixture = fixture
        try fixture.addSnapshot(host: "other")
        let options = CheckOptions(readData: .all, filter: SnapshotFilter(hosts: ["other"]))
        let needed = try PrunePlan.make(for: fixture.repository, ignoring: Set(fixture.snapshots.dropLast()))
        let result = try Check(fixture.repository, options: options).run()
        #expect(result.counts.packsRead == result.counts.packs - needed.removedPacks.count)
        #expect(!needed.removedPacks.isEmpty)
    }

    @Test func `tells how far it is`() throws {
        let seen = Mutex<[UpkeepProgress.Stage: UpkeepProgress]>([:])
        _ = try Check(fixture.repository, options: CheckOptions(readData: .all)) { progress in
            seen.withLock { if ($0[progress.stage]?.done ?? 0) <= progress.done { $0[progress.stage] = progress } }
        }.run()
        let packs = try #require(seen.withLock { $0[.readingPacks] })
        #expect(packs.done == packs.total)
        #expect(packs.byteCount == store.list(.pack).reduce(0) { $0 + $1.byteCount })
    }
}

@Suite struct `The part of the data to read` {
    typealias ReadData = CheckOptions.ReadData

    @Test(arguments: [
        ("1/1", ReadData.part(1, of: 1)), ("3/256", .part(3, of: 256)), ("2.5%", .percent(2.5)), ("100%", .percent(100)),
        ("10M", .byteCount(10 << 20)),
    ])
    func `is read from text`(text: String, expected: ReadData) throws {
        #expect(try ReadData(parsing: text) == expected)
    }

    @Test(arguments: ["", "0/3", "4/3", "1/257", "0%", "101%", "x", "1/2/3", "0", "-1%"])
    func `is refused if it makes no sense`(text: String) {
        #expect(throws: UpkeepFailure.self) { try ReadData(parsing: text) }
    }

    private func packs(_ count: Int, _ random: inout SeededRandom) -> [(id: PackID, byteCount: UInt64)] {
        (0..<count).map { _ in (PackID(SHA256.hash(random.bytes(4))), 1000) }
    }

    @Test(arguments: [1, 2, 7, 256])
    func `covers every pack once in n runs`(count: Int) {
        var random = SeededRandom(seed: 1)
        let all = packs(300, &random)
        let parts = (1...count).flatMap { ReadData.part($0, of: count).select(all, using: &random) }
        #expect(parts.sorted() == all.map(\.id).sorted())
    }

    @Test func `is at least one pack`() {
        var random = SeededRandom(seed: 2)
        let all = packs(10, &random)
        #expect(ReadData.percent(0.1).select(all, using: &random).count == 1)
        #expect(ReadData.byteCount(1).select(all, using: &random).count == 1)
        #expect(ReadData.percent(50).select(all, using: &random).count == 5)
        #expect(ReadData.byteCount(3000).select(all, using: &random).count == 3)
        #expect(ReadData.byteCount(.max).select(all, using: &random).count == 10)
        #expect(ReadData.percent(1).select([], using: &random).isEmpty)
    }
}

@Suite struct `Packs chosen by when they were read` {
    private typealias ReadData = CheckOptions.ReadData

    @Test func `are all read in n runs of an nth part`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            let packs = (0..<Int.random(in: 1...60, using: &random)).map { number in
                (id: PackID(Digest(word0: random.next(), word1: UInt64(number), word2: 0, word3: 0)), byteCount: UInt64.random(in: 1...100, using: &random))
            }
            let runs = Int.random(in: 1...25, using: &random)
            var lastRead: [PackID: Timestamp] = [:]
            for run in 0..<runs {
                let chosen = ReadData.percent(100 / Double(runs)).select(packs, lastRead: lastRead, using: &random)
                let oldest = chosen.compactMap { lastRead[$0] }.max(), left = packs.map(\.id).filter { !chosen.contains($0) }.map { lastRead[$0] }
                // Whatever was left alone was read no longer ago than what was chosen.
                #expect(left.allSatisfy { $0 != nil || oldest == nil }, "seed \(seed)")
                for id in chosen { lastRead[id] = Timestamp(seconds: Int64(run)) }
            }
            #expect(lastRead.count == packs.count, "seed \(seed): \(lastRead.count) of \(packs.count) in \(runs) runs")
        }
    }
}
