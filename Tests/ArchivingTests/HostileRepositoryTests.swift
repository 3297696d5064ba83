// HostileRepositoryTests: a repository whose every part may lie: the index about places and sizes, trees about what is below them,
// blobs about what comes out of them; and a target that changes under a restore.

import Archiving
import Bytes
import Codecs
import FileTrees
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

@Suite struct `A hostile repository` {
    private let bench: Bench

    init() throws { bench = try Bench() }

    private func root(_ nodes: (BlobWriter.Lane) throws -> [(name: String, node: Node)]) throws -> BlobID {
        try bench.store { lane in try Hostile.save(try nodes(lane), lane) }
    }

    private func blob(_ lane: BlobWriter.Lane, _ bytes: [UInt8]) throws -> BlobID { try lane.save(.data, bytes.span).id }

    /// Rewrites all index files with other places for the data blobs.
    private func lie(_ change: (PackedBlob) -> PackedBlob) throws {
        let repository = try bench.repository()
        for entry in bench.store.list(.index) {
            let key = StoreKey(.index, entry.name)
            var writer = IndexFileWriter()
            for pack in try IndexFile.packs(in: repository.loadFile(key), version: .two) {
                writer.append(pack.id, blobs: pack.blobs.map { $0.type == .data ? change($0) : $0 })
            }
            try bench.store.delete(key)
            _ = try repository.saveFile(.index, json: writer.finished())
        }
    }

    /// Every file is reported, nothing is written but the names, and what is asked for memory is what the blobs are.
    private func expectRefused(_ root: BlobID, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let summary = try bench.restore(root)
        #expect(!summary.problems.isEmpty && summary.problems.allSatisfy { $0.failure.code == .damaged }, sourceLocation: sourceLocation)
        try bench.expectOutsideUntouched(sourceLocation: sourceLocation)
    }

    private func twoFiles() throws -> BlobID {
        try root { lane in
            [
                ("a", Hostile.file([try blob(lane, Array("first content".utf8))])),
                ("b", Hostile.file([try blob(lane, Array(repeating: 7, count: 9000))])),
            ]
        }
    }

    @Test(arguments: [1, 40, 1 << 20, UInt32.max]) func `that lies about the plain size of blobs is found out`(_ size: UInt32) throws {
        let root = try twoFiles()
        try lie { PackedBlob(type: $0.type, id: $0.id, offset: $0.offset, length: $0.length, uncompressedLength: size) }
        try expectRefused(root)
    }

    @Test(arguments: [(0, 32), (0, 40), (1, 0), (UInt32.max - 5000, 0), (0, 1 << 30), (0, UInt32.max - 20_000), (1 << 31, 1 << 31 - 20_000)] as [(UInt32, UInt32)])
    func `whose index names places beyond the packs, or across one another, is found out`(_ offset: UInt32, _ length: UInt32) throws {
        let root = try twoFiles()
        try lie {
            PackedBlob(
                type: $0.type, id: $0.id, offset: $0.offset &+ offset > $0.offset ? $0.offset + offset : $0.offset, length: length == 0 ? $0.length : length,
                uncompressedLength: $0.uncompressedLength)
        }
        try expectRefused(root)
    }

    @Test func `with a bomb of compressed zeros gives no more than the index says`() throws {
        let bomb = ZstdCompressor(level: 3).compress([UInt8](repeating: 0, count: 64 << 20))
        #expect(bomb.count < 20_000)
        let root = try root { lane in [("bomb", Hostile.file([try blob(lane, bomb)]))] }
        // The blob is the frame itself; an index that calls it compressed makes a reader unpack it.
        try lie { PackedBlob(type: $0.type, id: $0.id, offset: $0.offset, length: $0.length, uncompressedLength: $0.uncompressedLength == 0 ? 1000 : 0) }
        try expectRefused(root)
    }

    @Test func `whose snapshot is a hundred megabytes is refused before it is taken apart`() throws {
        let repository = try bench.repository()
        var json = Array(#"{"time":"2026-01-01T00:00:00Z","tree":"\#(String(repeating: "ab", count: 32))","paths":["#.utf8)
        for _ in 0..<100 { json += Array(repeating: Array(#""a","#.utf8), count: 1 << 18).joined() }
        json += Array(#""a"],"hostname":"h"}"#.utf8)
        let id = SnapshotID(try repository.saveFile(.snapshot, json: json))
        // Not as damage: a repair must not remove it for its size.
        let error = #expect(throws: FormatError.self) { try SnapshotCatalog.load(id, repository) }
        #expect(error?.kind == .unsupported && error?.object == "snapshot \(id.short)")
    }

    @Test func `whose folders repeat without end restores what is in proportion and says so`() throws {
        let root = try bench.store { lane in
            var tree = try Hostile.save([], lane)
            for _ in 0..<20 { tree = try Hostile.save((0..<100).map { ("d\($0)", Hostile.directory(tree)) }, lane) }
            return tree
        }
        let request = RestoreRequest(tree: root, target: bench.tree["target"])
        let plan = try RestorePlan.make(IndexedRepository.load(bench.repository()), request, snapshotName: "test")
        #expect(plan.itemCount < 2_000_000)
        #expect(plan.problems.count < 3000 && plan.problems.first?.failure.message.contains("again and again") == true)
    }

    @Test func `cannot make a tree of more entries than memory holds`() throws {
        let one = #"{"name":"a","type":"file"}"#
        let json = Array(#"{"nodes":[\#(Array(repeating: one, count: 1001).joined(separator: ","))]}"#.utf8)
        #expect(try Tree.parse(json, maximumEntryCount: 1001).count == 1001)
        let error = #expect(throws: FormatError.self) { try Tree.parse(json, maximumEntryCount: 1000) }
        #expect(error?.kind == .unsupported)
        #expect(Tree.maximumEntryCount * MemoryLayout<Node>.stride < 4 << 30)
    }
}

@Suite struct `A target that changes under a restore` {
    /// Whenever it happens: before the first byte, or between two files.
    @Test(arguments: 1...12) func `leads nowhere else`(_ moment: Int) throws {
        let bench = try Bench()
        for number in 0..<6 {
            try bench.tree.add(BytePath("source/a/b/file\(number)"), .file(String(repeating: "content \(number) ", count: 40)))
        }
        let summary = try bench.backUp()
        let directory = bench.tree["target/a"], moved = bench.tree["target/moved"], outside = bench.tree["outside"]
        let swapping = WatchedStore(bench.store) { call, number in
            guard call == .loadRange(.pack), number == moment else { return }
            try? Directory.rename(directory, to: moved)
            try? BeneathRoot(directory.parent).createSymbolicLink(BytePath(names: [directory.name], absolute: false), to: outside.bytes)
        }
        let indexed = try IndexedRepository.load(RepositoryFixture.open(swapping))
        var request = RestoreRequest(tree: summary.tree, target: bench.tree["target"])
        request.subfolder = "/source"
        _ = try? RestoreRun(indexed, request, plan: RestorePlan.make(indexed, request, snapshotName: "test")).run()
        try bench.expectOutsideUntouched()
    }
}
