// HostileSnapshotTests: whatever a repository says, a restore writes only below its target, reports what is wrong and goes on.

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

@Suite struct `A hostile snapshot` {
    private let bench: Bench

    init() throws { bench = try Bench() }

    private func data(_ lane: BlobWriter.Lane, _ text: String) throws -> BlobID {
        let bytes = Array(text.utf8)
        return try lane.save(.data, bytes.span).id
    }

    /// A root of these nodes beside a good file.
    private func root(_ nodes: (BlobWriter.Lane) throws -> [(name: String, node: Node)]) throws -> BlobID {
        try bench.store { lane in
            let all = try nodes(lane) + [("good", Hostile.file([try data(lane, "good")]))]
            return try Hostile.save(all, lane)
        }
    }

    private func expectGoodIsThere() throws {
        #expect(try bench.tree.text("target/good") == "good")
        try bench.expectOutsideUntouched()
    }

    @Test(arguments: [
        "..", ".", "", "/", "a/b", "../outside/victim", "/etc/lifeboat-was-here", #"a\\x00b"#, #"..\\x00"#, #"..\\x2foutside"#, #"\\x2e\\x2e"#, "../../../../../tmp/x",
    ]) func `cannot lead out by a name`(_ name: String) throws {
        for kind in 0..<3 {
            let root = try root { lane in
                let evil = try data(lane, "evil")
                let inner = try Hostile.save([("victim", Hostile.file([evil]))], lane)
                let node = [Hostile.file([evil]), Hostile.directory(inner), Hostile.link(to: "/etc")][kind]
                return [(name, node)]
            }
            let summary = try bench.restore(root) { $0.delete = true }
            #expect(summary.problems.count == 1)
            try expectGoodIsThere()
            #expect(try bench.tree.allPaths().filter { BytePath("target").contains($0) } == ["target", "target/good"])
        }
        #expect(try FileStatus.ifExists("/etc/lifeboat-was-here") == nil)
    }

    @Test func `with a name that cannot be one deletes nothing beside it`() throws {
        try bench.tree.add("target/mine", .file("mine"))
        try bench.tree.add("target/dir/surplus", .file("x"))
        let root = try root { lane in
            [("..", Hostile.link(to: "x")), ("dir", Hostile.directory(try Hostile.save([], lane)))]
        }
        let summary = try bench.restore(root) { $0.delete = true }
        #expect(summary.problems.count == 1 && summary.itemsDeleted == 1)
        #expect(try bench.tree.text("target/mine") == "mine")
        #expect(try bench.tree.status("target/dir/surplus") == nil)
        try expectGoodIsThere()
    }

    @Test func `cannot write through a link of its own`() throws {
        let root = try root { lane in
            let inner = try Hostile.save([("victim", Hostile.file([try data(lane, "evil")]))], lane)
            return [
                ("way", Hostile.link(to: "../outside")), ("way", Hostile.directory(inner)), ("way2", Hostile.directory(inner)), ("way2", Hostile.link(to: "../outside")),
            ]
        }
        let summary = try bench.restore(root)
        #expect(summary.problems.count == 2)
        #expect(try bench.tree.status("target/way")?.kind == .symbolicLink && bench.tree.status("target/way2")?.kind == .directory)
        try expectGoodIsThere()
    }

    @Test func `with duplicate names restores the first and reports the others`() throws {
        let root = try root { lane in
            [("twice", Hostile.file([try data(lane, "first")])), ("twice", Hostile.file([try data(lane, "second")])), ("twice", Hostile.link(to: "x"))]
        }
        let summary = try bench.restore(root)
        #expect(summary.problems.count == 2)
        #expect(try bench.tree.text("target/twice") == "first")
        try expectGoodIsThere()
    }

    private func deepRoot(folderName: String) throws -> BlobID {
        try bench.store { lane in
            var tree = try Hostile.save([("end", Hostile.file([try data(lane, "deep")]))], lane)
            for _ in 0..<10_000 { tree = try Hostile.save([(folderName, Hostile.directory(tree))], lane) }
            return try Hostile.save([(folderName, Hostile.directory(tree)), ("good", Hostile.file([try data(lane, "good")]))], lane)
        }
    }

    @Test func `ten thousand folders deep is planned as far as a path can reach`() throws {
        let request = RestoreRequest(tree: try deepRoot(folderName: "d"), target: bench.tree["target"])
        let plan = try RestorePlan.make(IndexedRepository.load(bench.repository()), request, snapshotName: "test")
        #expect(plan.problems.count == 1 && plan.files.map(\.path) == ["/good"])
        #expect(plan.directories.count > 2000 && plan.directories.allSatisfy { $0.path.bytes.count <= 4098 })
    }

    @Test func `ten thousand folders deep ends where the system ends`() throws {
        let summary = try bench.restore(deepRoot(folderName: String(repeating: "d", count: 100)))
        #expect(summary.problems.count == 1)
        #expect(summary.itemsRestored >= 40)
        try BeneathRoot(bench.tree["target"]).removeTree(BytePath(String(repeating: "d", count: 100)))
        try expectGoodIsThere()
    }

    @Test func `that lies about sizes gives what its blobs hold`() throws {
        let root = try root { lane in
            let text = try data(lane, "text")
            return [
                ("huge", Hostile.file([text], size: .max / 2)), ("none", Hostile.file([text], size: 0)), ("same", Hostile.file([text, text, text], size: 1)),
                ("empty", Hostile.file([], size: 99)),
            ]
        }
        #expect(try bench.restore(root).problems.isEmpty)
        #expect(try bench.tree.text("target/huge") == "text" && bench.tree.text("target/none") == "text")
        #expect(try bench.tree.text("target/same") == "texttexttext" && bench.tree.text("target/empty") == "")
        try expectGoodIsThere()
    }

    @Test func `with sizes beyond all bounds is still planned`() throws {
        let root = try root { lane in
            (0..<4).map { ("huge\($0)", Hostile.file([BlobID(Digest(word0: 1, word1: 1, word2: 1, word3: UInt64($0)))], size: .max)) }
        }
        #expect(try bench.restore(root).problems.count == 4)
        try expectGoodIsThere()
    }

    @Test func `with missing blobs and trees reports each and restores the rest`() throws {
        let missing = BlobID(Digest(word0: 1, word1: 2, word2: 3, word3: 4))
        let root = try root { lane in
            [
                ("no-blob", Hostile.file([try data(lane, "a"), missing])),
                (
                    "no-content",
                    {
                        var node = Hostile.file([]); node.content = nil; return node
                    }()
                ),
                ("no-tree", Hostile.directory(missing)), ("no-subtree", Hostile.directory(nil)), ("kept", Hostile.directory(try Hostile.save([], lane))),
            ]
        }
        try bench.tree.add("target/no-tree/mine", .file("mine"))
        let summary = try bench.restore(root) { $0.delete = true }
        #expect(Set(summary.problems.map(\.path)) == ["/no-blob", "/no-content", "/no-tree", "/no-subtree"])
        #expect(try bench.tree.text("target/no-tree/mine") == "mine")
        #expect(try bench.tree.status("target/kept")?.kind == .directory)
        try expectGoodIsThere()
    }

    @Test func `with names too long for the system reports them and goes on, also when deleting`() throws {
        let long = String(repeating: "n", count: 300)
        let root = try root { lane in
            let inner = try Hostile.save([("x", Hostile.file([try data(lane, "x")]))], lane)
            return [(long, Hostile.directory(inner)), ("zz" + long, Hostile.file([try data(lane, "y")])), ("zzz" + long, Hostile.link(to: "x"))]
        }
        let summary = try bench.restore(root) { $0.delete = true }
        #expect(summary.problems.count >= 4)
        try expectGoodIsThere()
    }

    @Test func `whose root cannot be read restores nothing and says so`() throws {
        for json in [[], Array("{}".utf8), Array("{\"nodes\":[{]}".utf8), [0xff]] as [[UInt8]] {
            let root = try bench.store { try $0.save(.tree, json.span).id }
            let summary = try bench.restore(root)
            #expect(summary.problems.count == 1 && summary.itemsRestored == 0)
        }
        #expect(try bench.restore(BlobID(Digest(word0: 9, word1: 9, word2: 9, word3: 9))).problems.count == 1)
        try bench.expectOutsideUntouched()
    }

    /// Links planted in the target at each level of a/b/c/file, out of it and within it.
    @Test(arguments: ["a", "a/b", "a/b/c", "a/b/c/file"], ["ABSOLUTE", "../outside", "../../../../outside", "../elsewhere"])
    func `or an honest one follows no link planted in the target`(_ place: String, _ destination: String) throws {
        try bench.tree.add("source/a/b/c/file", .file("content"))
        try bench.tree.add("target/elsewhere/b/c", .directory)
        let summary = try bench.backUp()
        let text = destination == "ABSOLUTE" ? bench.tree["outside"].description + (place.hasSuffix("file") ? "/victim" : "") : destination
        try bench.tree.add(BytePath("target/" + place), .link(text))
        // On the way to what was asked for, a link of the machine is left alone and not followed.
        let careful = try bench.restoreSource(summary.tree) { $0.onlyPaths = ["/a/b/c/file"] }
        if place != "a/b/c/file" {
            #expect(!careful.problems.isEmpty)
            #expect(try bench.tree.status(BytePath("target/" + place))?.kind == .symbolicLink)
        }
        #expect(try bench.restoreSource(summary.tree).problems.isEmpty)
        #expect(try bench.tree.text("target/a/b/c/file") == "content")
        #expect(try bench.tree.status(BytePath("target/" + place))?.kind == (place.hasSuffix("file") ? .regular : .directory))
        #expect(try bench.tree.allPaths().filter { BytePath("target/elsewhere").contains($0) }.count == 3)
        try bench.expectOutsideUntouched()
    }
}
