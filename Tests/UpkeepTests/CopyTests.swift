// Copying between repositories: law tests over random repositories, and what damage and crashes do to it.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `Copied snapshots` {
    private func source(seed: UInt64, version: RepositoryVersion = .two, options: WriterOptions = WriterOptions()) throws -> (RepositoryFixture, MemoryStore) {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: seed, version: version)
        for _ in 0..<5 { try fixture.addSnapshot(options: options) }
        return (fixture, store)
    }

    @discardableResult
    private func copy(_ from: any Store, _ to: any Store, batchByteCount: UInt64 = SnapshotCopy.batchByteCount) throws -> CopyOutcome {
        let source = try RepositoryFixture.open(from), destination = try RepositoryFixture.open(to)
        let choice = CopyChoice(of: try SnapshotCatalog.load(source), missingIn: try SnapshotCatalog.load(destination))
        return try SnapshotCopy(
            from: IndexedRepository.load(source), to: IndexedRepository.load(destination), batchByteCount: batchByteCount
        ).run(choice)
    }

    private func destination(version: RepositoryVersion = .two) throws -> MemoryStore {
        let store = MemoryStore()
        _ = try RepositoryFixture(in: store, seed: 99, version: version)
        return store
    }

    private func expectSame(_ fixture: RepositoryFixture, _ store: any Store, _ comment: Comment) throws {
        let repository = try RepositoryFixture.open(store)
        for entry in try SnapshotCatalog.load(repository) {
            let original = try #require(entry.snapshot.original, comment)
            #expect(try RepositoryFixture.read(entry.id, from: repository) == fixture.contents[original], comment)
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>, [UInt64(1), 50_000, 1 << 30])
    func `say the same, in batches of any size, and are copied once`(seed: UInt64, batch: UInt64) throws {
        let versions: (RepositoryVersion, RepositoryVersion) = (seed % 3 == 0 ? .one : .two, seed % 4 == 0 ? .one : .two)
        let (fixture, from) = try source(seed: seed, version: versions.0)
        let to = try destination(version: versions.1), before = from.contents
        let outcome = try copy(from, to, batchByteCount: batch)
        #expect(outcome.copied.count == 5 && outcome.present.isEmpty)
        try expectSame(fixture, to, "seed \(seed), batch \(batch)")
        try expectClean(to, "seed \(seed), batch \(batch)")
        #expect(from.contents == before)
        let after = to.contents, again = try copy(from, to)
        #expect(again.copied.isEmpty && again.present.count == 5 && again.readPackCount == 0)
        #expect(to.contents == after)
        // And home again: nothing is missing there.
        #expect(try copy(to, from).copied.isEmpty)
        #expect(from.contents == before)
    }

    @Test func `keep their compressed bytes`() throws {
        let (_, from) = try source(seed: 40, options: WriterOptions(compression: .max)), to = try destination()
        try copy(from, to)
        func lengths(_ store: any Store) throws -> [BlobHandle: UInt32] {
            var lengths: [BlobHandle: UInt32] = [:]
            for blob in try packs(of: RepositoryFixture.open(store)).flatMap(\.blobs) where blob.isCompressed { lengths[blob.handle] = blob.length }
            return lengths
        }
        let copied = try lengths(to), original = try lengths(from)
        #expect(copied == original.filter { copied[$0.key] != nil } && copied.count > 20)
    }

    @Test func `are read in ranges, not blob by blob`() throws {
        let (_, from) = try source(seed: 41), to = try destination()
        let watched = WatchedStore(from)
        let outcome = try copy(watched, to)
        let reads = watched.count(.loadRange(.pack)), trees = Int(outcome.written.treeBlobs)
        // The walk reads each tree by itself; of the copy, a range or two for each pack.
        #expect(reads <= trees + 2 * outcome.readPackCount, "\(reads) reads, \(trees) trees, \(outcome.readPackCount) packs")
        #expect(outcome.written.dataBlobs > 0)
    }

    @Test func `are taken from a second copy of what is damaged`() throws {
        let (fixture, from) = try source(seed: 42), to = try destination()
        let repository = fixture.repository, indexed = try IndexedRepository.load(repository)
        let blob = try #require(packs(of: repository).flatMap(\.blobs).first { $0.type == .data })
        let content = try BlobReader(indexed).read(blob.handle), writer = BlobWriter(indexed)
        try writer.lane().saveAgain(blob.handle, content.span)
        _ = try writer.finish()
        let place = try #require(indexed.index.locate(blob.handle))
        try replace(StoreKey(.pack, place.pack.digest), in: from) { $0[Int(place.offset) + 20] ^= 1 }
        try copy(from, to)
        try expectSame(fixture, to, "one damaged copy")
        try expectClean(to)
    }

    @Test func `are not there at all if their data is damaged`() throws {
        let (fixture, from) = try source(seed: 43), to = try destination()
        let newest = try #require(fixture.snapshots.last)
        let blob = try #require(fixture.blobs.values.flatMap { $0 }.first)
        let indexed = try IndexedRepository.load(fixture.repository)
        let place = try #require(indexed.index.locate(BlobHandle(type: .data, id: blob)))
        try replace(StoreKey(.pack, place.pack.digest), in: from) { $0[Int(place.offset) + 20] ^= 1 }
        #expect(throws: RepositoryFailure.self) { try copy(from, to, batchByteCount: 1) }
        try expectSame(fixture, to, "after damage")
        try expectClean(to)
        #expect(try !SnapshotCatalog.load(RepositoryFixture.open(to)).contains { $0.snapshot.original == newest } || fixture.snapshots.count > 1)
    }

    @Test(arguments: [UInt64(50), 51])
    func `are complete wherever the copy dies, and the next one finishes`(seed: UInt64) throws {
        let (fixture, from) = try source(seed: seed), contents = try destination().contents
        for kind in 0..<2 {
            var number = 1
            while true {
                let store = MemoryStore(contents: contents)
                let faulty = FaultyStore(store, kind == 0 ? .powerLoss(after: number - 1) : .failAfterEffect(at: number))
                let finished = (try? copy(from, faulty, batchByteCount: 40_000)) != nil
                try expectSame(fixture, store, "kind \(kind), at change \(number)")
                try expectClean(store, "kind \(kind), at change \(number)")
                try copy(from, store)
                #expect(try SnapshotCatalog.load(RepositoryFixture.open(store)).count >= 5)
                try expectSame(fixture, store, "after kind \(kind), at change \(number)")
                try expectClean(store, "after kind \(kind), at change \(number)")
                if finished && !faulty.hasStruck { break }
                number += 1
                try #require(number < 100)
            }
            #expect(number > 5)
        }
    }

    @Test func `are recognised by all that they say`() throws {
        let (fixture, _) = try source(seed: 60)
        let all = try SnapshotCatalog.load(fixture.repository)
        let entry = all[0], id = SnapshotID(all[1].id.digest)
        func there(_ change: (inout SnapshotFile) -> Void) -> Bool {
            var file = CopyChoice.copy(of: entry)
            change(&file)
            return CopyChoice(of: [entry], missingIn: [CatalogedSnapshot(id: id, snapshot: file)]).missing.isEmpty
        }
        #expect(there { _ in })
        #expect(there { $0.programVersion = "other" })
        #expect(!there { $0.tags = ["more"] })
        #expect(!there { $0.hostName = "other" })
        #expect(!there { $0.time = $0.time.adding(seconds: 1) })
        #expect(!there { $0.original = id })
        #expect(!there { $0.excludes = ["x"] })
    }
}
