// Comparing and finding, where stock restic is no oracle: bit rot, damage, many snapshots.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

import Upkeep

@Suite struct `A comparison of trees` {
    private func save(_ nodes: [Node], _ lane: BlobWriter.Lane) throws -> BlobID {
        let json = try Tree.serialise(nodes)
        return try lane.save(.tree, json.span).id
    }

    private func file(_ name: String, _ content: [BlobID], size: UInt64 = 3) -> Node {
        var node = Node(name: Array(name.utf8), kind: .file)
        node.content = content
        node.size = size
        return node
    }

    private func directory(_ name: String, _ tree: BlobID) -> Node {
        var node = Node(name: Array(name.utf8), kind: .directory)
        node.subtree = tree
        return node
    }

    @Test func `suspects bit rot where nothing but the content changed, and goes on beside a tree it cannot read`() throws {
        let fixture = try RepositoryFixture(in: MemoryStore(), seed: 1)
        let indexed = try IndexedRepository.load(fixture.repository), writer = BlobWriter(indexed), lane = writer.lane()
        let (a, b) = ([UInt8](repeating: 1, count: 3), [UInt8](repeating: 2, count: 3))
        let one = try lane.save(.data, a.span).id, two = try lane.save(.data, b.span).id
        let gone = BlobID(Digest.zero)
        var touched = file("m", [one])
        touched.modificationTime = Timestamp(seconds: 9)
        let old = try save([directory("lost", gone), file("m", [one]), file("r", [one]), file("z", [one])], lane)
        let new = try save([directory("lost", two), touched, file("r", [two]), file("z", [two], size: 4)], lane)
        _ = try writer.finish()
        for (metadata, marks) in [(false, ["/r M?", "/z M"]), (true, ["/lost/ U", "/m U", "/r M?", "/z M"])] {
            var found: [String] = [], problems: [String] = []
            let diff = SnapshotDiff(indexed, showsMetadata: metadata, onChange: { found.append("\($0.path) \($0.marks)") }, onUnreadable: { problems.append($0) })
            let statistics = try diff.run(old, new)
            #expect(found == marks)
            #expect(problems.count == 1 && problems[0].hasPrefix("/lost: "))
            #expect(statistics.changedFiles == 2)
            // The first blob is still needed by `m`; the trees below `lost` are in no index.
            #expect(statistics.removed.dataBlobs == 0 && statistics.added.dataBlobs == 1 && statistics.added.treeBlobs == 2)
        }
    }
}

@Suite struct `A search through snapshots` {
    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `finds in every snapshot what is there, whatever it remembers of the others`(seed: UInt64) throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: seed)
        for _ in 0..<8 { try fixture.addSnapshot() }
        let indexed = try IndexedRepository.load(fixture.repository)
        for pattern in ["file1?", "/data/dir2", "/data/*/sub/*", "sub"] {
            var found: [SnapshotID: Set<BytePath>] = [:]
            let finder = FileFinder(
                try FileSearch([pattern]), in: indexed, onMatch: { snapshot, path, node in if node.kind == .file { found[snapshot.id, default: []].insert(path) } },
                onUnreadable: { _, message in Issue.record("\(message)") })
            for snapshot in try SnapshotCatalog.load(fixture.repository) { try finder.find(in: snapshot) }
            for id in fixture.snapshots {
                let expected = Set(
                    (fixture.contents[id] ?? [:]).keys.filter { path in
                        let names = path.components.map { String(decoding: $0, as: UTF8.self) }
                        return switch pattern {
                        case "file1?": names.contains { $0.hasPrefix("file1") && $0.count == 6 }
                        case "/data/dir2": names[1] == "dir2"
                        case "sub": names.contains("sub")
                        default: names.count > 3 && names[2] == "sub"
                        }
                    })
                #expect(found[id] ?? [] == expected, "seed \(seed), \(pattern)")
            }
        }
    }

    @Test func `reports a tree it cannot read, for every snapshot that has it`() throws {
        var fixture = try RepositoryFixture(in: MemoryStore(), seed: 9)
        let missing = BlobID(Digest.zero)
        for _ in 0..<2 { _ = try fixture.record(missing) }
        var problems: [SnapshotID] = []
        let finder = FileFinder(
            try FileSearch(["*"]), in: try IndexedRepository.load(fixture.repository), onMatch: { _, _, _ in },
            onUnreadable: { snapshot, _ in problems.append(snapshot.id) })
        for snapshot in fixture.snapshots { try finder.find(in: CatalogedSnapshot(id: snapshot, snapshot: SnapshotFile(time: .zero, tree: missing, paths: []))) }
        #expect(problems == fixture.snapshots)
    }

    @Test func `tells what a pack in no index holds`() throws {
        let store = MemoryStore()
        var fixture = try RepositoryFixture(in: store, seed: 10)
        try fixture.addSnapshot()
        let indexed = try IndexedRepository.load(fixture.repository)
        let pack = try #require(indexed.index.packs.first), listed = indexed.index.blobs(of: pack)
        for entry in store.list(.index) { try store.delete(StoreKey(.index, entry.name)) }
        let unindexed = try IndexedRepository.load(fixture.repository)
        #expect(try PackContents.blobs(of: [pack.short], in: unindexed) == listed)
        #expect(try PackContents.blobs(of: [pack.hex], in: indexed) == listed)
        #expect(throws: UpkeepFailure.noSuchPack("zz")) { try PackContents.blobs(of: ["zz"], in: indexed) }
    }
}
