// BlobWriterTests: what the writer says it stored is stored, indexed and readable, however many lanes, faults and blobs there are.

import Bytes
import Codecs
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing

@Suite struct `Written blobs` {
    private static let packByteCount = 4 << 20

    private static func blobs(_ count: Int, upTo limit: Int, seed: UInt64) -> [[UInt8]] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { number in
            let size = Int.random(in: 1...limit, using: &random)
            var bytes = random.chance(60) ? random.bytes(size) : [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
            bytes[0] = UInt8(truncatingIfNeeded: number)
            return bytes
        }
    }

    private static func expectReadable(_ contents: [(BlobType, [UInt8])], in store: any Store) throws {
        let reader = BlobReader(try IndexedRepository.load(RepositoryFixture.open(store)))
        for (type, bytes) in contents { #expect(try reader.read(BlobHandle(type: type, id: blobID(bytes))) == bytes) }
    }

    @Test(arguments: [RepositoryVersion.one, .two], [Compression.auto, .off, .max])
    func `lie in packs as the index says`(_ version: RepositoryVersion, _ compression: Compression) throws {
        let store = MemoryStore(), repository = try makeRepository(store, version: version)
        let writer = BlobWriter(
            try IndexedRepository.load(repository), options: WriterOptions(compression: compression, packByteCount: Self.packByteCount))
        var contents = Self.blobs(24, upTo: 700_000, seed: 5).map { (BlobType.data, $0) } + Self.blobs(30, upTo: 3000, seed: 6).map { (.tree, $0) }
        var random = SeededRandom(seed: 7)
        contents += [(.data, random.bytes(Self.packByteCount + 1)), (.data, []), (.tree, Array("{\"nodes\":[]}\n".utf8))]
        let lane = writer.lane()
        var added: UInt64 = 0
        for (type, bytes) in contents {
            #expect(try lane.save(type, bytes.span).isNew)
            added += UInt64(bytes.count)
            #expect(try !lane.save(type, bytes.span).isNew)
        }
        let statistics = try writer.finish()
        #expect(statistics.dataAdded == added && statistics.dataBlobs == 26 && statistics.treeBlobs == 31)
        try Self.expectReadable(contents, in: store)
        let index = try IndexedRepository.load(repository).index
        for pack in try ParsedPack.all(in: repository) {
            #expect(index.blobs(of: pack.id) == pack.blobs)
            #expect(Set(pack.blobs.map(\.type)).count == 1)
            #expect(pack.blobs.count == 1 || pack.byteCount <= Self.packByteCount)
            for blob in pack.blobs {
                let mayCompress = version == .two && blob.plainLength > 0 && (compression != .off || blob.type == .tree)
                #expect(!blob.isCompressed || mayCompress)
                if mayCompress && blob.type == .tree { #expect(blob.isCompressed) }
                if mayCompress && blob.type == .data { #expect(blob.length <= blob.plainLength + 32) }
            }
        }
        #expect(index.packCount == store.list(.pack).count && index.blobCount == contents.count)
        #expect(
            statistics.dataAddedPacked
                == (try ParsedPack.all(in: repository).reduce(0) { sum, pack in
                    sum + UInt64(pack.blobs.reduce(0) { $0 + Int($1.length) + PackHeader.entryByteCount(isCompressed: $1.isCompressed) })
                }))
    }

    @Test func `of a small run leave as one pack of each type`() throws {
        let store = MemoryStore(), writer = BlobWriter(try IndexedRepository.load(makeRepository(store)))
        let lane = writer.lane()
        for bytes in Self.blobs(60, upTo: 500, seed: 1) {
            _ = try lane.save(.data, bytes.span)
            _ = try lane.save(.tree, bytes.span)
        }
        _ = try writer.finish()
        #expect(store.list(.pack).count == 2 && store.list(.index).count == 1)
    }

    @Test func `of which there are none write nothing`() throws {
        let store = MemoryStore(), writer = BlobWriter(try IndexedRepository.load(makeRepository(store)))
        #expect(try writer.finish() == WriterStatistics())
        #expect(store.list(.pack).isEmpty && store.list(.index).isEmpty)
    }

    @Test(arguments: UInt64(1)...3) func `are stored once, however many lanes bring them`(_ seed: UInt64) throws {
        let store = MemoryStore(), writer = BlobWriter(try IndexedRepository.load(makeRepository(store)))
        let blobs = Self.blobs(250, upTo: 40_000, seed: seed), workers = Workers(), new = Atomic(0)
        for thread in 0..<5 {
            workers.start("lane") {
                var random = SeededRandom(seed: seed &* 10 &+ UInt64(thread))
                let lane = writer.lane()
                for bytes in blobs.shuffled(using: &random) { if try lane.save(.data, bytes.span).isNew { new.add(1, ordering: .relaxed) } }
            }
        }
        try workers.join()
        let statistics = try writer.finish()
        #expect(new.load(ordering: .relaxed) == 250 && statistics.dataBlobs == 250)
        #expect(try IndexedRepository.load(RepositoryFixture.open(store)).index.blobCount == 250)
        try Self.expectReadable(blobs.map { (.data, $0) }, in: store)
    }

    @Test func `fill index files of 50,000 blobs before the run ends`() throws {
        let store = MemoryStore(), repository = try makeRepository(store)
        let writer = BlobWriter(
            try IndexedRepository.load(repository), options: WriterOptions(compression: .off, packByteCount: Self.packByteCount))
        let lane = writer.lane()
        for number in 0..<120_000 {
            var bytes: [UInt8] = []
            bytes.append(littleEndian: UInt32(number))
            _ = try lane.save(.data, bytes.span)
        }
        _ = try writer.finish()
        let files = try store.list(.index).map { entry in
            try IndexFile.packs(in: repository.loadFile(StoreKey(.index, entry.name)), version: .two)
        }
        #expect(files.count >= 2)
        let counts = files.map { $0.reduce(0) { $0 + $1.blobs.count } }
        #expect(counts.reduce(0, +) == 120_000 && counts.max() ?? 0 >= 50_000)
        // A pack is in one of them, whole.
        let packs = files.joined().map(\.id)
        #expect(Set(packs).count == packs.count && packs.count == store.list(.pack).count)
    }

    @Test func `of a long run are indexed every ten minutes`() throws {
        let clock = SettableClock(), store = MemoryStore()
        let writer = BlobWriter(
            try IndexedRepository.load(makeRepository(store)), options: WriterOptions(packByteCount: Self.packByteCount, uploaderCount: 1),
            clock: clock)
        clock.advance(seconds: 601)
        let lane = writer.lane()
        var random = SeededRandom(seed: 1)
        for _ in 0..<2 { _ = try lane.save(.data, random.bytes(Self.packByteCount).span) }
        _ = try writer.finish()
        #expect(store.list(.index).count == 2)
    }

    private static let sweepBlobs = blobs(9, upTo: 2_000_000, seed: 77)

    @Test(arguments: [false, true]) func `are acknowledged only if they are there, whichever save fails`(_ afterEffect: Bool) throws {
        let base = MemoryStore(), trees = Self.blobs(10, upTo: 100, seed: 78)
        _ = try makeRepository(base)
        let contents = Self.sweepBlobs.map { (BlobType.data, $0) } + trees.map { (.tree, $0) }
        var number = 1
        while true {
            let store = MemoryStore(contents: base.contents)
            let faulty = FaultyStore(store, afterEffect ? .failAfterEffect(at: number) : .failOnce(at: number))
            let writer = BlobWriter(
                try IndexedRepository.load(RepositoryFixture.open(faulty)), options: WriterOptions(packByteCount: Self.packByteCount))
            var finished = false
            do {
                let lane = writer.lane()
                for (type, bytes) in contents { _ = try lane.save(type, bytes.span) }
                _ = try writer.finish()
                finished = true
            } catch {
                writer.abandon()
            }
            #expect(finished == !faulty.hasStruck, "save \(number)")
            // What an index names is there and right.
            let indexed = try IndexedRepository.load(RepositoryFixture.open(store)), reader = BlobReader(indexed)
            var handles: [BlobHandle] = []
            indexed.index.forEach { handle, _ in handles.append(handle) }
            for handle in handles { #expect(throws: Never.self, "save \(number)") { _ = try reader.read(handle) } }
            if finished { break }
            number += 1
            try #require(number < 40)
        }
        #expect(number >= 5)
    }

    @Test func `of an abandoned run keep no thread and no index`() throws {
        let store = MemoryStore(), writer = BlobWriter(try IndexedRepository.load(makeRepository(store)))
        _ = try writer.lane().save(.data, [1, 2, 3].span)
        writer.abandon()
        #expect(store.list(.index).isEmpty && store.list(.pack).isEmpty)
    }

    @Test func `over a dry run go nowhere`() throws {
        let store = MemoryStore(), indexed = try IndexedRepository.load(makeRepository(store)).discardingWrites()
        let before = store.contents.count, writer = BlobWriter(indexed), lane = writer.lane()
        #expect(try lane.save(.data, [1, 2, 3].span).isNew && !lane.save(.data, [1, 2, 3].span).isNew)
        #expect(try writer.finish().dataBlobs == 1)
        #expect(store.contents.count == before)
    }
}

@Suite struct `Reading a blob` {
    private let store = MemoryStore()
    private let repository: Repository
    private let text = Array(String(repeating: "content ", count: 500).utf8)
    private var handle: BlobHandle { BlobHandle(type: .data, id: blobID(text)) }

    init() throws { repository = try makeRepository(store) }

    /// Stores the blob once more, in a pack of its own.
    private func saveCopy() throws {
        let writer = BlobWriter(try IndexedRepository.load(repository))
        try writer.lane().saveAgain(handle, text.span)
        _ = try writer.finish()
    }

    @Test func `falls back to another copy when one is damaged, and names the damage when all are`() throws {
        for _ in 0..<3 { try saveCopy() }
        let indexed = try IndexedRepository.load(repository), copies = indexed.index.locations(handle)
        #expect(copies.count == 3 && Set(copies.map(\.pack)).count == 3)
        for (number, copy) in copies.enumerated() {
            #expect(try BlobReader(indexed).read(handle) == text)
            let key = StoreKey(.pack, copy.pack.digest)
            switch number {
            case 0: try damage(store, key, at: 20)
            case 1: try store.delete(key)
            default: store.save(key, [UInt8](repeating: 0, count: 10).span)
            }
        }
        #expect(failureName { _ = try BlobReader(indexed).read(handle) } == "blobDamaged")
    }

    @Test func `refuses one that no index names`() throws {
        let reader = BlobReader(try IndexedRepository.load(repository))
        #expect(failureName { _ = try reader.read(handle) } == "blobMissing")
        try saveCopy()
        // Data is no tree, though its bytes are the same.
        #expect(failureName { _ = try BlobReader(IndexedRepository.load(repository)).readTree(blobID(text)) } == "blobMissing")
    }

    @Test func `refuses bytes whose hash is not the name`() throws {
        try saveCopy()
        let indexed = try IndexedRepository.load(repository), place = try #require(indexed.index.locate(handle))
        let other = BlobHandle(type: .data, id: blobID([1]))
        #expect(failureName { _ = try BlobReader(indexed).read(other, at: place) } == "blobDamaged")
    }

    @Test func `refuses places and lengths that cannot be`() throws {
        try saveCopy()
        let indexed = try IndexedRepository.load(repository), place = try #require(indexed.index.locate(handle))
        for (offset, length, plain) in [
            (place.offset, 31, place.uncompressedLength), (place.offset, 0, 0), (place.offset, .max, 0), (place.offset + 1, place.length, place.uncompressedLength),
            (place.offset, place.length - 1, place.uncompressedLength), (place.offset, place.length, 0), (place.offset, place.length, place.uncompressedLength - 1),
            (place.offset, place.length, place.uncompressedLength + 1), (place.offset, place.length, .max), (.max - 100, place.length, 0),
        ] as [(UInt32, UInt32, UInt32)] {
            let wrong = BlobLocation(pack: place.pack, offset: offset, length: length, uncompressedLength: plain)
            #expect(failureName { _ = try BlobReader(indexed).read(handle, at: wrong) } == "blobDamaged", "\(wrong)")
        }
        #expect(try BlobReader(indexed).read(handle, at: place) == text)
    }

    @Test func `passes on that the store cannot be reached`() throws {
        try saveCopy()
        let cut = FaultyStore(store, .powerLoss(after: 0))
        let indexed = try IndexedRepository.load(repository)
        let broken = IndexedRepository(repository: repository.through(cut), index: indexed.index, indexFiles: [])
        #expect(throws: Never.self) { _ = try BlobReader(broken).read(handle) }
        _ = try? cut.save(.config, [1].span)
        #expect(throws: StoreFailure.self) { _ = try BlobReader(broken).read(handle) }
    }
}
