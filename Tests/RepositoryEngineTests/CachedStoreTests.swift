// CachedStore: whatever the copies are like, what comes out is what the repository holds; and where they are good, they are used.

import Bytes
import Codecs
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization
import TestKit
import Testing

/// A repository with snapshots, and a place for copies of it.
private final class Bench {
    let scratch: ScratchTree
    let store = WatchedStore(MemoryStore())
    private var taken: [StoreKind: Int] = [:]
    var fixture: RepositoryFixture
    let troubles = Complaints()
    var place: BytePath

    final class Complaints: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ failure: Failure) { list.withLock { $0.append(failure.message) } }
    }

    init(seed: UInt64) throws {
        scratch = try ScratchTree()
        place = scratch["cache"]
        fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<3 { try fixture.addSnapshot() }
    }

    /// Readings from the repository itself since the last question.
    func readings(of kind: StoreKind) -> Int {
        let all = store.count(.load(kind)) + store.count(.loadRange(kind))
        defer { taken[kind] = all }
        return all - (taken[kind] ?? 0)
    }

    func open() throws -> Repository {
        let repository = try RepositoryFixture.open(store), troubles = troubles
        return repository.cached(in: try CacheDirectory(root: place).copies(of: repository.config.id)) { troubles.add($0) }
    }

    /// Every tree of every snapshot, read once.
    func readTrees(_ repository: Repository) throws {
        let indexed = try IndexedRepository.load(repository)
        try TreeWalker(indexed).walk(SnapshotCatalog.load(repository).map(\.snapshot.tree)) { _, _ in }
    }

    func expectRight(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let repository = try open()
        for id in fixture.snapshots {
            #expect(try RepositoryFixture.read(id, from: repository) == fixture.contents[id], comment, sourceLocation: sourceLocation)
        }
    }

    /// Files of the cache, below its folders.
    func copies() throws -> [BytePath] {
        try scratch.allPaths().filter { $0.name.count == 64 && (try? scratch.status($0))??.kind == .regular }
    }
}

@Suite struct `Copies of a repository` {
    @Test(arguments: [UInt64(1), 2, 3]) func `save every reading of snapshots, index and trees`(seed: UInt64) throws {
        let bench = try Bench(seed: seed)
        _ = [bench.readings(of: .snapshot), bench.readings(of: .index), bench.readings(of: .pack)]
        try bench.readTrees(bench.open())
        #expect(bench.readings(of: .snapshot) == 3)
        #expect(bench.readings(of: .index) == 3)
        // One pack of trees for each snapshot, however many trees are in it.
        #expect((1...3).contains(bench.readings(of: .pack)))
        try bench.readTrees(bench.open())
        #expect([bench.readings(of: .snapshot), bench.readings(of: .index), bench.readings(of: .pack)] == [0, 0, 0])
        try bench.expectRight()
        #expect(bench.troubles.all.isEmpty)
        #expect(try bench.scratch.text("cache/CACHEDIR.TAG").hasPrefix("Signature: 8a477f597d28d172789f06886806bc55\n"))
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func `are not believed when they are wrong`(seed: UInt64) throws {
        let bench = try Bench(seed: seed)
        try bench.readTrees(bench.open())
        var random = SeededRandom(seed: seed)
        let copies = try bench.copies()
        try #require(copies.count >= 7)
        for path in copies {
            let content = try bench.scratch.read(path)
            try bench.scratch.remove(path)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: try bench.scratch.add(path, .bytes(content + [0]))
            case 1: try bench.scratch.add(path, .bytes(Array(content.dropLast(content.count / 2))))
            case 2: try bench.scratch.add(path, .bytes([]))
            case 3: try bench.scratch.add(path, .directory)
            default:
                var flipped = content
                flipped[Int.random(in: 0..<content.count, using: &random)] ^= 1
                try bench.scratch.add(path, .bytes(flipped))
            }
        }
        try bench.expectRight("seed \(seed)")
        // Those that could be made good again are.
        _ = [bench.readings(of: .snapshot), bench.readings(of: .index)]
        let repaired = try bench.copies()
        for path in repaired { #expect(SHA256.hash(try bench.scratch.read(path)).hex == BytePath.display(path.name), "seed \(seed), \(path)") }
    }

    @Test func `that go bad while they are used are read again from the repository`() throws {
        let bench = try Bench(seed: 5)
        let repository = try bench.open()
        try bench.readTrees(repository)
        for path in try bench.copies() where path.bytes.starts(with: Array("cache".utf8)) && "\(path)".contains("/data/") {
            var content = try bench.scratch.read(path)
            for place in content.indices { content[place] ^= 0x55 }
            try bench.scratch.remove(path)
            try bench.scratch.add(path, .bytes(content))
        }
        // The same process, which has verified them once.
        try bench.readTrees(repository)
        for id in bench.fixture.snapshots { #expect(try RepositoryFixture.read(id, from: repository) == bench.fixture.contents[id]) }
        #expect(try bench.copies().allSatisfy { !"\($0)".contains("/data/") })
    }

    @Test func `go when what they are copies of goes`() throws {
        let bench = try Bench(seed: 6)
        try bench.readTrees(bench.open())
        let gone = try #require(bench.fixture.snapshots.first)
        try bench.store.delete(StoreKey(.snapshot, gone.digest))
        let index = try #require(try bench.store.list(.index).first)
        try bench.store.delete(StoreKey(.index, index.name))
        let before = try bench.copies()
        #expect(before.contains { $0.name == Array(gone.hex.utf8) })
        let repository = try bench.open()
        _ = try SnapshotCatalog.load(repository)
        _ = try IndexedRepository.load(repository)
        let after = try bench.copies()
        #expect(!after.contains { $0.name == Array(gone.hex.utf8) || $0.name == Array(index.name.hex.utf8) })
        // With the index file goes the pack of trees that it alone named.
        #expect(after.count <= before.count - 3)
        // And what is deleted through them goes at once.
        let next = try #require(bench.fixture.snapshots.last)
        try SnapshotCatalog.delete(next, in: repository)
        #expect(try !bench.copies().contains { $0.name == Array(next.hex.utf8) })
    }

    @Test func `are made of what is written, too`() throws {
        let bench = try Bench(seed: 7)
        let repository = try bench.open(), indexed = try IndexedRepository.load(repository)
        let writer = BlobWriter(indexed, options: WriterOptions(), clock: FixedClock()), lane = writer.lane()
        let json = try Tree.serialise([])
        let tree = try lane.save(.tree, json.span).id
        _ = try writer.finish()
        _ = try SnapshotCatalog.save(SnapshotFile(time: Timestamp(seconds: 1), tree: tree, paths: ["/"]), in: repository)
        try bench.readTrees(bench.open())
        _ = [bench.readings(of: .snapshot), bench.readings(of: .index), bench.readings(of: .pack)]
        try bench.readTrees(bench.open())
        #expect([bench.readings(of: .snapshot), bench.readings(of: .index), bench.readings(of: .pack)] == [0, 0, 0])
    }

    @Test func `that cannot be written end nothing, and are complained about once`() throws {
        let bench = try Bench(seed: 8)
        let repository = try bench.open()
        // Not even root writes where a file stands in the way of a directory.
        let folder = BytePath("cache/\(repository.config.id.hex)")
        for kind in ["index", "snapshots", "data"] {
            try bench.scratch.remove(folder.appending(kind))
            try bench.scratch.add(folder.appending(kind), .file("in the way"))
        }
        for id in bench.fixture.snapshots { #expect(try RepositoryFixture.read(id, from: repository) == bench.fixture.contents[id]) }
        #expect(bench.troubles.all.count == 1)
    }

    @Test(.enabled(if: Host.isRoot, "only root can mount a small file system")) func `for which there is no room end nothing`() throws {
        let bench = try Bench(seed: 9)
        try bench.scratch.add("cache", .directory)
        try #require(try Child.run("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", "\(bench.place)"]).exitStatus == 0)
        defer { _ = try? Child.run("umount", ["-l", "\(bench.place)"]) }
        for _ in 0..<3 { try bench.expectRight() }
        #expect(bench.troubles.all.count >= 1)
    }

    @Test func `are many readers' at the same time`() throws {
        let bench = try Bench(seed: 10)
        let repository = try bench.open(), indexed = try IndexedRepository.load(repository)
        let roots = try SnapshotCatalog.load(repository).map(\.snapshot.tree)
        _ = bench.readings(of: .pack)
        let workers = Workers()
        for number in 0..<8 { workers.start("reader-\(number)") { try TreeWalker(indexed).walk(roots) { _, _ in } } }
        try workers.join()
        #expect((1...3).contains(bench.readings(of: .pack)))
    }

    @Test func `leave damage in the repository what it is`() throws {
        let bench = try Bench(seed: 11)
        let index = try IndexedRepository.load(bench.fixture.repository).index
        let root = try SnapshotCatalog.load(bench.fixture.repository)[0].snapshot.tree, handle = BlobHandle(type: .tree, id: root)
        let location = try #require(index.locate(handle)), key = StoreKey(.pack, location.pack.digest)
        var pack = try bench.store.load(key, limit: 1 << 28)
        pack[Int(location.offset) + 18] ^= 1
        try bench.store.save(key, pack.span)
        for _ in 0..<2 {
            let reader = BlobReader(try IndexedRepository.load(bench.open()))
            #expect(throws: RepositoryFailure.self) { try reader.readTree(root) }
        }
        #expect(bench.troubles.all.isEmpty)
    }
}

@Suite struct `A cache directory` {
    @Test func `lists what lies in it, by last use, and removes what it is told`() throws {
        let scratch = try ScratchTree(), directory = CacheDirectory(root: scratch["cache"])
        #expect(try directory.entries().isEmpty)
        let old = SHA256.hash([1]), new = SHA256.hash([2]), content = Array("copy".utf8)
        try directory.copies(of: old, clock: SettableClock(seconds: 1000)).save(StoreKey(.index, SHA256.hash([3])), content.span)
        _ = try directory.copies(of: new, clock: SettableClock(seconds: 2000))
        try scratch.add("cache/not-one-of-ours", .directory)
        let entries = try directory.entries()
        #expect(entries.map(\.repository) == [old, new])
        #expect(entries.map(\.lastUsed.seconds) == [1000, 2000])
        #expect(try directory.byteCount(of: entries[0]) == 4)
        _ = try directory.copies(of: old, clock: SettableClock(seconds: 3000))
        #expect(try directory.entries().map(\.repository) == [new, old])
        try directory.remove(entries[0])
        #expect(try directory.entries().map(\.repository) == [new])
        #expect(try scratch.status("cache/not-one-of-ours") != nil)
    }
}
