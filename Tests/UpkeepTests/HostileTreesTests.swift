// HostileTreesTests: trees that unfold into more than fits anywhere, and numbers that are not true. Every walk ends, within its memory,
// and says what is wrong.

import Bytes
import Codecs
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

/// Counts; leaves out what cannot be read.
private final class Listing: TreeVisitor {
    var nodeCount = 0, skipped: [any Error] = [], longestPath = 0

    func enter(_ tree: BlobID, at path: BytePath) -> Bool { true }
    func leave(_ tree: BlobID) {}
    func skip(_ tree: BlobID, at path: BytePath, because error: any Error) { skipped.append(error) }

    func visit(_ node: Node, at path: BytePath) {
        nodeCount += 1
        longestPath = max(longestPath, path.bytes.count)
    }
}

@Suite struct `Trees that unfold without end` {
    private let fixture: RepositoryFixture
    /// A hundred times the same folder in each of twenty levels: 10^40 entries in two thousand.
    private let root: BlobID
    private let snapshot: CatalogedSnapshot
    private let indexed: IndexedRepository

    init() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 1)
        let writer = BlobWriter(try IndexedRepository.load(fixture.repository), options: WriterOptions(), clock: FixedClock()), lane = writer.lane()
        root = try Self.multiplied(lane, levels: 20)
        _ = try writer.finish()
        let id = try fixture.record(root)
        self.fixture = fixture
        indexed = try IndexedRepository.load(fixture.repository)
        snapshot = CatalogedSnapshot(id: id, snapshot: try SnapshotCatalog.load(id, fixture.repository))
    }

    private static func multiplied(_ lane: BlobWriter.Lane, levels: Int) throws -> BlobID {
        var file = Node(name: Array("f".utf8), kind: .file)
        file.size = .max
        file.content = []
        var tree = try save([file], lane)
        for _ in 0..<levels {
            tree = try save(
                (0..<100).map { number in
                    var node = Node(name: Array((number < 10 ? "0" : "").utf8) + Array("\(number)".utf8), kind: .directory)
                    node.mode = GoFileMode(posix: 0o040755)
                    node.subtree = tree
                    return node
                }, lane)
        }
        return tree
    }

    private static func save(_ nodes: [Node], _ lane: BlobWriter.Lane) throws -> BlobID {
        let json = try Tree.serialise(nodes)
        return try lane.save(.tree, json.span).id
    }

    @Test func `are listed as far as is in proportion, and then it is said why not further`() throws {
        let listing = Listing()
        try DepthFirstWalk(indexed).walk(root, listing)
        #expect((500_000...2_000_000).contains(listing.nodeCount))
        let failure = try #require(listing.skipped.first.map { Failure(describing: $0) })
        #expect(failure.code == .damaged && failure.message.contains("again and again") && failure.hint != nil)
        #expect(listing.skipped.count < 3000)
    }

    @Test func `are counted in each way without a trap`() throws {
        for mode in RepositoryStatistics.Mode.allCases {
            let statistics = try RepositoryStatistics.compute(mode, of: [snapshot], in: indexed)
            #expect(statistics.snapshotCount == 1)
        }
    }

    @Test func `pass a check, for each of them is whole`() throws {
        #expect(try check(fixture.store).errors.isEmpty)
    }

    @Test func `are traced within bounds when something in them is lost`() throws {
        // The only file's tree is gone with its pack's index entry; everything above leads there.
        var lossy = try RepositoryFixture(in: MemoryStore(), seed: 2)
        let writer = BlobWriter(try IndexedRepository.load(lossy.repository), options: WriterOptions(), clock: FixedClock()), lane = writer.lane()
        var directory = Node(name: Array("d".utf8), kind: .directory)
        directory.subtree = BlobID(Digest(word0: 1, word1: 2, word2: 3, word3: 4))
        var tree = try Self.save([directory], lane)
        for _ in 0..<20 {
            tree = try Self.save(
                (10..<99).map { number in
                    var node = Node(name: Array("\(number)".utf8), kind: .directory)
                    node.subtree = tree
                    return node
                }, lane)
        }
        _ = try writer.finish()
        _ = try lossy.record(tree)
        let result = try check(lossy.store)
        #expect(!result.errors.isEmpty)
    }

    @Test func `differ from an honest tree as far as is in proportion`() throws {
        let honest = try emptyTree(in: fixture.repository)
        let indexed = try IndexedRepository.load(fixture.repository)
        var changes = 0, unreadable: [String] = []
        let diff = SnapshotDiff(indexed, showsMetadata: false, onChange: { _ in changes += 1 }, onUnreadable: { unreadable.append($0) })
        _ = try diff.run(honest, root)
        #expect(changes > 500_000 && changes < 2_000_000)
        #expect(unreadable.first?.contains("again and again") == true)
    }

    @Test func `are searched as far as is in proportion`() throws {
        var matches = 0, unreadable: [String] = []
        let finder = FileFinder(try FileSearch(["nowhere"]), in: indexed, onMatch: { _, _, _ in matches += 1 }, onUnreadable: { unreadable.append($1) })
        try finder.find(in: snapshot)
        #expect(matches == 0 && unreadable.first?.contains("again and again") == true)
    }

    @Test func `are not repaired into something else`() throws {
        // The file's size is wrong, which a repair would put right in every place.
        let before = try #require(fixture.store as? MemoryStore).contents
        let repair = SnapshotRepair(indexed, removesOriginals: true, dryRun: false)
        let failure = #expect(throws: RepositoryFailure.self) { try repair.run([snapshot], of: [snapshot]) }
        #expect(failure?.failure.code == .damaged)
        #expect(try #require(fixture.store as? MemoryStore).contents.keys.filter { $0.kind == .snapshot } == before.keys.filter { $0.kind == .snapshot })
    }
}

private func emptyTree(in repository: Repository) throws -> BlobID {
    let writer = BlobWriter(try IndexedRepository.load(repository), options: WriterOptions(), clock: FixedClock())
    let json = try Tree.serialise([])
    let id = try writer.lane().save(.tree, json.span).id
    _ = try writer.finish()
    return id
}

@Suite struct `A chain of folders without end` {
    @Test func `is listed as deep as any path can be, in little memory`() throws {
        let fixture = try RepositoryFixture(in: MemoryStore(), seed: 3)
        let writer = BlobWriter(try IndexedRepository.load(fixture.repository), options: WriterOptions(), clock: FixedClock()), lane = writer.lane()
        var tree = try save([], lane)
        for _ in 0..<2000 {
            var node = Node(name: [UInt8](repeating: 0x6e, count: 200), kind: .directory)
            node.subtree = tree
            tree = try save([node], lane)
        }
        _ = try writer.finish()
        let listing = Listing()
        try DepthFirstWalk(IndexedRepository.load(fixture.repository)).walk(tree, listing)
        #expect(listing.skipped.count == 1 && listing.longestPath < 17_000 && listing.nodeCount < 100)
    }

    private func save(_ nodes: [Node], _ lane: BlobWriter.Lane) throws -> BlobID {
        let json = try Tree.serialise(nodes)
        return try lane.save(.tree, json.span).id
    }
}
