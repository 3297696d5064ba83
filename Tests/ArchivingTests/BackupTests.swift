// BackupTests: what a backup stores, what it leaves alone, and what it says about files it could not read.

import Archiving
import Bytes
import Codecs
import FileTrees
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing

@Suite struct `A backup` {
    @Test(arguments: UInt64(1)...25) func `comes back exactly as it was`(_ seed: UInt64) throws {
        let bench = try Bench()
        try RandomTree.fill(bench.tree["source"], seed: seed)
        let summary = try bench.backUp()
        #expect(summary.isComplete && summary.problems.isEmpty)
        let restored = try bench.restoreSource(summary.tree)
        #expect(restored.problems.map(\.failure.message) == [])
        try bench.expectSame()
        for (id, json) in try bench.trees(summary.tree) { #expect(Tree.roundTrips(json), "tree \(id.short)") }
    }

    @Test func `of one of everything comes back, sparse or not`() throws {
        let bench = try Bench()
        try EverythingTree.make(at: bench.tree["source"], seed: 1)
        let summary = try bench.backUp()
        #expect(summary.problems.isEmpty)
        for (target, sparse) in [("full", false), ("holes", true)] {
            #expect(try bench.restoreSource(summary.tree, into: BytePath(target)) { $0.sparse = sparse }.problems.map(\.failure.message) == [])
            try bench.expectSame(BytePath(target))
        }
        let full = try #require(try bench.tree.status("full/sparse")), holes = try #require(try bench.tree.status("holes/sparse"))
        #expect(holes.blockCount < full.blockCount && holes.size == full.size)
    }

    @Test func `records where and when it was made`() throws {
        let bench = try Bench(["a": .file("x")])
        let summary = try bench.backUp {
            $0.tags = ["t"]
            $0.excludePatterns = ["*.tmp"]
        }
        let file = try SnapshotCatalog.load(try #require(summary.snapshotID), bench.repository())
        #expect(file.paths == [bench.tree["source"]] && file.hostName == "h" && file.userName == "u" && file.tags == ["t"])
        #expect(file.excludes == ["*.tmp"] && file.programVersion == "test" && file.parent == nil && file.tree == summary.tree)
        #expect(file.summary?.filesNew == 1 && file.summary?.directoriesNew == 1 && file.summary?.totalBytesProcessed == 1)
        #expect(file.summary?.dataBlobs == 1 && file.summary?.treeBlobs == 2)
    }

    /// Chunk sizes, and the chunks themselves, are those that cutting the whole content at once gives.
    @Test(arguments: [0, 1, 512 << 10 - 1, 512 << 10, 512 << 10 + 1, 8 << 20 - 1, 8 << 20, 8 << 20 + 1, 20_000_000], [false, true])
    func `cuts files as the format says`(_ byteCount: Int, _ zeros: Bool) throws {
        var random = SeededRandom(seed: UInt64(byteCount))
        let content = zeros ? [UInt8](repeating: 0, count: byteCount) : random.bytes(byteCount)
        let bench = try Bench(["file": .bytes(content)])
        let summary = try bench.backUp(), node = try bench.node("/source/file", in: summary.tree)
        let chunker = Chunker(polynomial: try bench.repository().config.polynomial)
        var cursor = ChunkCursor(), position = 0, expected: [BlobID] = [], lengths: [Int] = []
        while let length = chunker.nextCut(in: content.span.extracting(position..<byteCount), cursor: &cursor, isEnd: true) {
            expected.append(BlobID(SHA256.hash(content.span.extracting(position..<position + length))))
            lengths.append(length)
            position += length
        }
        #expect(node.content == expected && node.size == UInt64(byteCount))
        #expect(lengths.dropLast().allSatisfy { (512 << 10...8 << 20).contains($0) })
        if zeros && byteCount == 20_000_000 { #expect(lengths.first == 512 << 10 && Set(lengths).count == 2) }
        #expect(summary.figures.dataBlobs == UInt64(Set(expected).count))
        try bench.restoreSource(summary.tree)
        #expect(try bench.tree.read("target/file") == content)
    }

    @Test func `of a file that is there many times stores it once`() throws {
        var random = SeededRandom(seed: 1)
        let content = random.bytes(900_000)
        let bench = try Bench(Dictionary(uniqueKeysWithValues: (0..<20).map { ("copy\($0)", .bytes(content)) }))
        let summary = try bench.backUp()
        #expect(summary.figures.totalFilesProcessed == 20 && summary.figures.totalBytesProcessed == 18_000_000)
        #expect(summary.figures.dataAdded < 1_000_000)
        #expect(try bench.restoreSource(summary.tree).bytesRestored == 18_000_000)
        try bench.expectSame()
    }
}

@Suite struct `A second backup` {
    @Test func `of unchanged files adds nothing but a snapshot`() throws {
        let bench = try Bench()
        try EverythingTree.make(at: bench.tree["source"], seed: 2, largeByteCount: 1_000_000)
        let first = try bench.backUp(), watched = WatchedStore(bench.store)
        let second = try bench.backUp(through: watched)
        #expect(second.tree == first.tree && second.parent == first.snapshotID)
        #expect(second.figures.dataAdded == 0 && second.figures.dataBlobs == 0 && second.figures.treeBlobs == 0)
        #expect(second.figures.filesUnmodified == first.figures.filesNew && second.figures.filesNew == 0 && second.figures.filesChanged == 0)
        #expect(second.figures.directoriesUnmodified == first.figures.directoriesNew)
        #expect(watched.changeCount == 1 && watched.count(.save(.snapshot)) == 1)
        let third = try bench.backUp { $0.skipIfUnchanged = true }
        #expect(third.snapshotID == nil && bench.store.list(.snapshot).count == 2)
    }

    /// Same size and times, other content: who does not read the file does not notice.
    private func exchange(_ bench: Bench, _ text: String) throws {
        let before = try #require(try bench.tree.status("source/a"))
        let file = try Descriptor.open(bench.tree["source/a"], .update)
        try file.write(Array(text.utf8).span, at: 0)
        try file.setTimes(access: before.accessTime, modification: before.modificationTime)
    }

    @Test func `does not read what looks the same, and reads what does not`() throws {
        let bench = try Bench(["a": .file("one"), "b": .file("two")])
        let first = try bench.backUp()
        try exchange(bench, "ONE")
        // Only the change time tells.
        let blind = try bench.backUp { $0.ignoreChangeTime = true }
        #expect(try bench.node("/source/a", in: blind.tree).content == bench.node("/source/a", in: first.tree).content)
        #expect(blind.figures.filesUnmodified == 2)
        let forced = try bench.backUp { $0.parent = .none }
        #expect(try bench.node("/source/a", in: forced.tree).content == [BlobID(SHA256.hash(Array("ONE".utf8)))])
        #expect(forced.figures.filesNew == 2 && forced.parent == nil)
        try exchange(bench, "One")
        let seeing = try bench.backUp()
        #expect(try bench.node("/source/a", in: seeing.tree).content == [BlobID(SHA256.hash(Array("One".utf8)))])
        #expect(seeing.figures.filesChanged == 1 && seeing.figures.filesUnmodified == 1 && seeing.figures.dataBlobs == 1)
    }

    @Test func `reads a file again that took the place of another`() throws {
        let bench = try Bench(["a": .file("one"), "new": .file("ONE")])
        let first = try bench.backUp()
        let times = try #require(try bench.tree.status("source/a"))
        try Directory.rename(bench.tree["source/new"], to: bench.tree["source/a"])
        try Descriptor.open(bench.tree["source/a"], .update).setTimes(access: times.accessTime, modification: times.modificationTime)
        #expect(try bench.backUp { $0.ignoreInode = true }.figures.filesUnmodified == 1)
        let second = try bench.backUp {
            $0.parent = .snapshot(CatalogedSnapshot(id: SnapshotID(.zero), snapshot: SnapshotFile(time: .zero, tree: first.tree, paths: [])))
        }
        #expect(second.figures.filesChanged == 1)
    }

    @Test func `reads a file again whose content the repository has lost`() throws {
        let bench = try Bench(["a": .file("one")])
        let first = try bench.backUp()
        for kind in [StoreKind.pack, .index] { for entry in bench.store.list(kind) { try bench.store.delete(StoreKey(kind, entry.name)) } }
        let second = try bench.backUp()
        #expect(second.tree == first.tree && second.figures.dataBlobs == 1)
        #expect(try bench.restoreSource(second.tree).problems.isEmpty)
        try bench.expectSame()
    }

    @Test func `that is dry writes nothing and says what it would`() throws {
        let bench = try Bench(["a": .file("one")]), before = bench.store.contents.count
        let summary = try bench.backUp { $0.dryRun = true }
        #expect(summary.snapshotID == nil && summary.figures.dataBlobs == 1 && bench.store.contents.count == before)
    }
}

/// Files change after the scan has seen them and before they are read. The parent's tree of a subdirectory is loaded when the scan
/// enters it; then the small files before it have been looked at and wait to be read.
@Suite struct `A file that changes under the backup` {
    private static func changing(_ body: @escaping @Sendable (ScratchTree) throws -> Void) throws -> (Bench, BackupSummary) {
        let bench = try Bench(["a": .file("a"), "b": .file("victim's first content"), "c": .file("c"), "z/file": .file("z")])
        try bench.backUp()
        try bench.tree.add("source/b", .file("victim's second content"))
        let tree = bench.tree, failure = Mutex<(any Error)?>(nil)
        let path = Unchecked(tree)
        let watched = WatchedStore(bench.store) { call, number in
            // The trees of the root, of source, of z.
            guard call == .loadRange(.pack), number == 3 else { return }
            do { try body(path.value) } catch { failure.withLock { $0 = error } }
        }
        let summary = try bench.backUp(through: watched)
        if let error = failure.withLock({ $0 }) { throw error }
        #expect(watched.count(.loadRange(.pack)) >= 3)
        return (bench, summary)
    }

    /// The tree is used by one thread at a time.
    private struct Unchecked: @unchecked Sendable {
        let value: ScratchTree
        init(_ value: ScratchTree) { self.value = value }
    }

    private func expectRest(_ bench: Bench, _ summary: BackupSummary, without missing: [String] = ["b"]) throws {
        #expect(try bench.restoreSource(summary.tree).problems.isEmpty)
        for (name, text) in [("a", "a"), ("c", "c"), ("z/file", "z")] { #expect(try bench.tree.text(BytePath("target/" + name)) == text) }
        for name in missing { #expect(try bench.tree.status(BytePath("target/" + name)) == nil) }
    }

    @Test func `by vanishing is as if it had never been there, and the rest is saved`() throws {
        let (bench, summary) = try Self.changing { try $0.remove("source/b") }
        #expect(summary.isComplete && summary.problems.isEmpty)
        #expect(summary.snapshotID != nil)
        try expectRest(bench, summary)
        // The next one is whole again.
        #expect(try bench.backUp().isComplete)
    }

    @Test func `by becoming a link or a directory is reported and not followed`() throws {
        let (bench, summary) = try Self.changing {
            try $0.remove("source/b")
            try $0.add("source/b", .link("/etc/passwd"))
        }
        #expect(!summary.isComplete && summary.problems.count == 1)
        try expectRest(bench, summary)
        let (other, second) = try Self.changing {
            try $0.remove("source/b")
            try $0.add("source/b/inside", .file("x"))
        }
        #expect(!second.isComplete && second.problems.count == 1)
        try expectRest(other, second)
        let (third, last) = try Self.changing {
            try $0.remove("source/b")
            try $0.add("source/b", .fifo)
        }
        #expect(!last.isComplete && last.problems.count == 1)
        try expectRest(third, last)
    }

    @Test func `by shrinking is saved as short as it was read`() throws {
        let (bench, summary) = try Self.changing { try Descriptor.open($0["source/b"], .update).truncate(to: 3) }
        #expect(summary.isComplete)
        let node = try bench.node("/source/b", in: summary.tree)
        #expect(node.size == 3 && node.content == [BlobID(SHA256.hash(Array("vic".utf8)))])
        try expectRest(bench, summary, without: [])
    }

    @Test func `by growing large is saved as it was read`() throws {
        let (bench, summary) = try Self.changing { try $0.add("source/b", .bytes([UInt8](repeating: 8, count: 3_000_000))) }
        #expect(summary.isComplete)
        #expect(try bench.node("/source/b", in: summary.tree).size == 3_000_000)
        try expectRest(bench, summary, without: [])
        #expect(try bench.tree.read("target/b") == [UInt8](repeating: 8, count: 3_000_000))
    }

    @Test func `all the time is saved somehow, and everything else as it is`() throws {
        let bench = try Bench(["still": .file("still"), "dir/still": .file("still")])
        let stop = Atomic(false), path = bench.tree["source"], vandal = Workers()
        vandal.start("vandal") {
            var random = SeededRandom(seed: 5)
            while !stop.load(ordering: .relaxed) {
                let place = path.appending("moving\(Int.random(in: 0..<20, using: &random))")
                try? Directory.removeTree(place)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: try Directory.create(place)
                case 1: try AtomicFile.write(random.bytes(100).span, to: place)
                case 2:
                    let file = try Descriptor.open(place, .openOrCreate)
                    try file.write([UInt8](repeating: 1, count: 600_000).span)
                    try file.truncate(to: 10)
                default: break
                }
            }
        }
        for _ in 0..<15 {
            let summary = try bench.backUp()
            for problem in summary.problems { #expect(problem.path.description.contains("moving")) }
            #expect(try bench.node("/source/dir/still", in: summary.tree).size == 5)
            for (_, json) in try bench.trees(summary.tree) { #expect(Tree.roundTrips(json)) }
        }
        stop.store(true, ordering: .relaxed)
        try vandal.join()
        let last = try bench.backUp()
        #expect(last.isComplete && last.problems.isEmpty)
        #expect(try bench.restoreSource(last.tree).problems.isEmpty)
        try bench.expectSame()
    }
}

@Suite struct `A file that cannot be read` {
    @Test func `is reported and left out, and makes the backup incomplete`() throws {
        let bench = try Bench(["a": .file("a")])
        // Opens, and fails at its first byte.
        let summary = try bench.backUp(["source", "/proc/self/mem"])
        #expect(!summary.isComplete && summary.problems.map(\.path) == ["/proc/self/mem"])
        #expect(summary.snapshotID != nil)
        #expect(try bench.node("/source/a", in: summary.tree).size == 1)
        #expect(throws: RepositoryFailure.self) { _ = try bench.node("/proc/self/mem", in: summary.tree) }
        #expect(try bench.restore(summary.tree).problems.isEmpty)
    }

    @Test func `among targets is reported if it is not there`() throws {
        let bench = try Bench(["a": .file("a")])
        let summary = try bench.backUp(["source", "missing"])
        #expect(!summary.isComplete && summary.problems.count == 1)
        #expect(throws: FileTreeError.noTargetLeft) { try bench.backUp(["missing", "gone"]) }
        #expect(bench.store.list(.snapshot).count == 1)
    }
}

@Suite struct `A backup into a failing store` {
    enum Death: String, CaseIterable, Sendable {
        case failure, failureAfterEffect, powerLoss

        func fault(_ number: Int) -> FaultyStore.Fault {
            switch self {
            case .failure: .failOnce(at: number)
            case .failureAfterEffect: .failAfterEffect(at: number)
            case .powerLoss: .powerLoss(after: number - 1)
            }
        }
    }

    @Test(arguments: Death.allCases) func `ends with an error at any change, harms nothing, and the next succeeds`(_ death: Death) throws {
        var random = SeededRandom(seed: 4)
        let origin = try Bench(["old": .file("old content"), "dir/old": .bytes(random.bytes(700_000))])
        let first = try origin.backUp(), firstID = try #require(first.snapshotID)
        let before = try RepositoryFixture.read(firstID, from: origin.repository())
        for number in 0..<5 { try origin.tree.add(BytePath("source/new\(number)"), .bytes(random.bytes(2_000_000))) }
        var number = 1
        while true {
            let store = MemoryStore(contents: origin.store.contents), faulty = FaultyStore(store, death.fault(number))
            let finished: Bool
            do {
                let summary = try origin.backUp(through: faulty) { $0.writer.packByteCount = 4 << 20 }
                finished = true
                #expect(summary.isComplete)
            } catch {
                finished = false
                #expect(error is StoreFailure, "\(death) at change \(number)")
            }
            #expect(finished == !faulty.hasStruck, "\(death) at change \(number)")
            // Whatever snapshots there are now can be read, the old one as ever.
            for snapshot in try SnapshotCatalog.load(origin.repository(store)) {
                let content = try RepositoryFixture.read(snapshot.id, from: origin.repository(store))
                if snapshot.id == firstID { #expect(content == before) } else { #expect(content.count == 7) }
            }
            let next = try origin.backUp(through: store)
            #expect(try RepositoryFixture.read(#require(next.snapshotID), from: origin.repository(store)).count == 7)
            if finished { break }
            number += 1
            try #require(number < 50)
        }
        // Three packs of data at least, one of trees, an index, a snapshot.
        #expect(number > 6)
    }
}

@Suite struct `A cancelled backup` {
    @Test func `leaves no snapshot and everything as it was`() throws {
        var random = SeededRandom(seed: 9)
        let bench = try Bench(["small": .file("x"), "large": .bytes(random.bytes(12_000_000)), "more": .bytes(random.bytes(6_000_000))])
        let early = Cancellation()
        early.cancel()
        func isCancelled(_ body: () throws -> Void) -> Bool {
            do { try body() } catch RepositoryFailure.cancelled { return true } catch { return false }
            return false
        }
        #expect(isCancelled { try bench.backUp(cancellation: early) })
        let late = Cancellation()
        let watched = WatchedStore(bench.store) { call, number in if call == .save(.pack) && number == 1 { late.cancel() } }
        #expect(isCancelled { try bench.backUp(through: watched, cancellation: late) { $0.writer.packByteCount = 4 << 20 } })
        #expect(bench.store.list(.snapshot).isEmpty)
        let summary = try bench.backUp()
        #expect(try bench.restoreSource(summary.tree).problems.isEmpty)
        try bench.expectSame()
    }
}
