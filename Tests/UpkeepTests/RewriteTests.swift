// Tags and rewriting: what changes, what must not, and what a crash may leave.

import Bytes
import FileTrees
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `Rewritten snapshots` {
    private func request(excluding patterns: String..., forget: Bool = false) throws -> RewriteRequest {
        var request = RewriteRequest()
        request.selection = .excluding([try PatternList(patterns)])
        request.forgetsOriginals = forget
        return request
    }

    @discardableResult
    private func rewrite(_ request: RewriteRequest, in store: any Store) throws -> RewriteOutcome {
        let repository = try RepositoryFixture.open(store)
        let snapshots = try SnapshotCatalog.load(repository)
        return try SnapshotRewrite(request, in: IndexedRepository.load(repository)).run(snapshots)
    }

    private func fixture(seed: UInt64, snapshots: Int = 6) throws -> (RepositoryFixture, MemoryStore) {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: seed)
        for _ in 0..<snapshots { try fixture.addSnapshot() }
        return (fixture, store)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `hold exactly what is left, and share every tree that did not change`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (fixture, store) = try fixture(seed: seed), repository = fixture.repository
        let directory = "dir\(random.next() % 4)", number = random.next() % 10
        let patterns = ["/data/\(directory)", "file\(number)", "sub/file1*"]
        let before = try treeIDs(repository)
        var request = RewriteRequest()
        request.selection = .excluding([try PatternList(patterns)])
        let outcome = try rewrite(request, in: store)
        #expect(outcome.changes.count + outcome.unchanged.count == fixture.snapshots.count)
        for change in outcome.changes {
            let expected = (fixture.contents[change.original.id] ?? [:]).filter { path, _ in
                let names = path.components.map { String(decoding: $0, as: UTF8.self) }
                let inDirectory = names.count > 1 && names[1] == directory, isFile = names.last == "file\(number)"
                let inSub = names.count > 2 && names[names.count - 2] == "sub" && names[names.count - 1].hasPrefix("file1")
                return !inDirectory && !isFile && !inSub
            }
            let id = try #require(change.id)
            #expect(try RepositoryFixture.read(id, from: RepositoryFixture.open(store)) == expected, "seed \(seed)")
            #expect(change.successor.summary?.totalFilesProcessed == UInt64(expected.count))
            #expect(change.successor.summary?.totalBytesProcessed == UInt64(expected.values.reduce(0) { $0 + $1.count }))
            #expect(change.successor.original == change.original.id && change.successor.tags.contains("rewrite"))
        }
        try expectComplete(fixture.snapshots, of: fixture, in: store)
        try expectClean(store)
        // A second time nothing changes: the same trees come out.
        let trees = try treeIDs(repository)
        #expect(before.isSubset(of: trees))
        let again = try rewrite(request, in: store)
        #expect(again.written.treeBlobs == 0)
        #expect(try treeIDs(repository) == trees)
    }

    private func treeIDs(_ repository: Repository) throws -> Set<BlobID> {
        Set(try packs(of: repository).flatMap(\.blobs).filter { $0.type == .tree }.map(\.id))
    }

    @Test func `that do not change are not touched`() throws {
        let (_, store) = try fixture(seed: 20)
        var summary = RewriteRequest()
        summary.addsSummary = true
        summary.forgetsOriginals = true
        #expect(try rewrite(summary, in: store).changes.count == 6)
        let before = store.contents
        let outcome = try rewrite(request(excluding: "/nonexist", forget: true), in: store)
        #expect(outcome.changes.isEmpty && outcome.unchanged.count == 6)
        #expect(store.contents == before)
    }

    @Test func `of which nothing would be kept stay as they are`() throws {
        let (_, store) = try fixture(seed: 21)
        let before = Set(store.list(.snapshot).map(\.name))
        var request = RewriteRequest()
        request.selection = .including([try PatternList(["nothing of this name"])])
        request.forgetsOriginals = true
        #expect(try rewrite(request, in: store).changes.isEmpty)
        #expect(Set(store.list(.snapshot).map(\.name)) == before)
    }

    // MARK: Trees we do not understand

    /// A snapshot with /odd/inner/… whose tree `inner` has a key that we do not know.
    private func odd() throws -> (store: MemoryStore, inner: BlobID) {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: 22)
        let writer = BlobWriter(try IndexedRepository.load(fixture.repository)), lane = writer.lane()
        var plain = Node(name: Array("a".utf8), kind: .file)
        plain.content = []
        let text = String(decoding: try Tree.serialise([plain]), as: UTF8.self).replacing("\"uid\":0", with: "\"uid\":0,\"colour\":\"green\"")
        let inner = try lane.save(.tree, Array(text.utf8).span).id
        func directory(_ name: String, _ tree: BlobID) -> Node {
            var node = Node(name: Array(name.utf8), kind: .directory)
            node.subtree = tree
            return node
        }
        var other = plain
        other.name = Array("z".utf8)
        let middleJSON = try Tree.serialise([directory("inner", inner), other])
        let rootJSON = try Tree.serialise([directory("odd", try lane.save(.tree, middleJSON.span).id)])
        let root = try lane.save(.tree, rootJSON.span).id
        _ = try writer.finish()
        _ = try fixture.record(root)
        return (store, inner)
    }

    @Test func `are refused where something would be lost`() throws {
        let (store, _) = try odd()
        let before = Set(store.list(.snapshot).map(\.name))
        do {
            try rewrite(request(excluding: "a", forget: true), in: store)
            Issue.record("a tree with an unknown key was rewritten")
        } catch UpkeepFailure.treeNotRewritable(_, let path) {
            #expect(path.hasSuffix(":/odd/inner"))
        }
        #expect(Set(store.list(.snapshot).map(\.name)) == before)
        try expectClean(store)
    }

    @Test func `keep what is not understood, byte for byte, if it does not change`() throws {
        let (store, inner) = try odd()
        let change = try #require(rewrite(request(excluding: "z", forget: true), in: store).changes.first)
        let reader = BlobReader(try IndexedRepository.load(RepositoryFixture.open(store)))
        let middle = try #require(Tree.parse(reader.readTree(change.successor.tree)).first?.subtree)
        #expect(try Tree.parse(reader.readTree(middle)).map(\.subtree) == [inner])
        #expect(try rewrite(request(excluding: "inner"), in: store).changes.count == 1)
    }

    // MARK: Crashes

    @Test(arguments: [UInt64(30), 31])
    func `are there as they were or rewritten, wherever the rewrite dies`(seed: UInt64) throws {
        let contents = try fixture(seed: seed, snapshots: 4).1.contents
        let request = try request(excluding: "/data/dir1", "file1*", forget: true)
        try sweep(contents) { try rewrite(request, in: $0) }
    }

    @Test func `are there with old tags or new, wherever the change dies`() throws {
        let contents = try fixture(seed: 32, snapshots: 3).1.contents
        try sweep(contents) { store in
            let repository = try RepositoryFixture.open(store)
            let plan = Retag.plan(try SnapshotCatalog.load(repository), .change(add: ["new"], remove: []))
            _ = try Retag.execute(plan, in: repository)
        }
    }

    /// Dies at every change to the store; of each original, it or its successor must be there, and everything be whole.
    private func sweep(_ contents: [StoreKey: [UInt8]], _ body: (any Store) throws -> Void) throws {
        let originals = Set(contents.keys.filter { $0.kind == .snapshot }.map { SnapshotID($0.name) })
        for kind in 0..<2 {
            var number = 1
            while true {
                let store = MemoryStore(contents: contents)
                let faulty = FaultyStore(store, kind == 0 ? .powerLoss(after: number - 1) : .failAfterEffect(at: number))
                let finished = (try? body(faulty)) != nil
                try expectClean(store, "kind \(kind), at change \(number)")
                let there = try SnapshotCatalog.load(RepositoryFixture.open(store))
                let known = Set(there.map(\.id)).union(there.compactMap(\.snapshot.original))
                #expect(originals.isSubset(of: known), "kind \(kind), at change \(number)")
                if finished && !faulty.hasStruck { break }
                number += 1
                try #require(number < 100)
            }
            #expect(number > 4)
        }
    }
}

@Suite struct `Changed tags` {
    private func entry(_ tags: [String], original: SnapshotID? = nil) -> CatalogedSnapshot {
        let file = SnapshotFile(time: Timestamp(seconds: 1), tree: BlobID(Digest.zero), paths: ["/a"], tags: tags, original: original)
        return CatalogedSnapshot(id: SnapshotID(Digest.zero), snapshot: file)
    }

    @Test func `are set, added and removed as the field does`() {
        #expect(TagChange.set(["x"]).applied(to: entry(["a", "b"]))?.tags == ["x"])
        #expect(TagChange.set([]).applied(to: entry(["a"]))?.tags == [])
        #expect(TagChange.change(add: ["b", "c"], remove: []).applied(to: entry(["a", "b"]))?.tags == ["a", "b", "c"])
        #expect(TagChange.change(add: ["d"], remove: ["a"]).applied(to: entry(["a", "b", "c"]))?.tags == ["d", "b", "c"])
    }

    @Test func `that are no change leave the snapshot alone`() {
        #expect(TagChange.set(["a"]).applied(to: entry(["a"])) == nil)
        #expect(TagChange.change(add: ["a"], remove: ["z"]).applied(to: entry(["a"])) == nil)
    }

    @Test func `keep the first id`() throws {
        let first = try #require(SnapshotID(hex: String(repeating: "ab", count: 32)))
        #expect(TagChange.set(["x"]).applied(to: entry([]))?.original == SnapshotID(Digest.zero))
        #expect(TagChange.set(["x"]).applied(to: entry([], original: first))?.original == first)
    }
}
