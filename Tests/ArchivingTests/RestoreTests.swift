// RestoreTests: what a restore overwrites, deletes and leaves alone, and that doing it twice does it once.

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

@Suite struct `A restore over existing files` {
    private static let time = FileTime(seconds: 1_600_000_000, nanoseconds: 5)

    private func setTime(_ bench: Bench, _ path: BytePath, offsetSeconds: Int64) throws {
        let time = FileTime(seconds: Self.time.seconds + offsetSeconds, nanoseconds: 5)
        try BeneathRoot(bench.tree.path).setTimes(of: path, access: time, modification: time)
    }

    /// In the snapshot everything is of the same time. In the target are: an older file, a newer one, one of the same size and time
    /// but other content, and a link and a fifo that are files there, newer ones.
    private func prepared() throws -> (Bench, BlobID) {
        let bench = try Bench(["older": .file("snap1"), "newer": .file("snap2"), "same": .file("snap3"), "absent": .file("snap4"), "link": .link("older"), "fifo": .fifo])
        for name in ["older", "newer", "same", "absent", "link", "fifo"] { try setTime(bench, BytePath("source/" + name), offsetSeconds: 0) }
        let root = try bench.backUp().tree
        for (name, offset) in [("older", -10), ("newer", 10), ("same", 0), ("link", 10), ("fifo", 10)] as [(String, Int64)] {
            try bench.tree.add(BytePath("target/" + name), .file("mine!"))
            try setTime(bench, BytePath("target/" + name), offsetSeconds: offset)
        }
        return (bench, root)
    }

    private func texts(_ bench: Bench) throws -> [String: String] {
        var texts: [String: String] = [:]
        for entry in try Directory.entries(of: bench.tree["target"]) {
            let name = String(decoding: entry.name, as: UTF8.self), path = BytePath("target/" + name)
            texts[name] = try bench.tree.status(path)?.kind == .regular ? try bench.tree.text(path) : "\(try bench.tree.status(path)?.kind.noun ?? "")"
        }
        return texts
    }

    @Test func `always replaces what differs`() throws {
        let (bench, root) = try prepared()
        let summary = try bench.restoreSource(root)
        #expect(summary.problems.isEmpty && summary.filesSkipped == 0)
        #expect(try texts(bench) == ["older": "snap1", "newer": "snap2", "same": "snap3", "absent": "snap4", "link": "symbolic link", "fifo": "fifo"])
        try bench.expectSame()
    }

    @Test func `is read back if asked, but for what was left alone`() throws {
        let (bench, root) = try prepared()
        let all = try bench.restoreSource(root) { $0.verify = true }
        #expect(all.problems.isEmpty && all.filesVerified == 4)
        let (other, tree) = try prepared()
        let kept = try other.restoreSource(tree) {
            $0.verify = true
            $0.overwrite = .never
        }
        #expect(kept.problems.isEmpty && kept.filesVerified == 1)
    }

    @Test func `is found wrong where a byte, a length or the kind of a file is`() throws {
        let (bench, root) = try prepared(), indexed = try IndexedRepository.load(bench.repository())
        _ = try bench.restoreSource(root)
        func difference(_ name: String) throws -> String? {
            let nodes = try Tree.parse(BlobReader(indexed).readTree(root)), top = try #require(nodes.first?.subtree ?? nil)
            let node = try #require(try Tree.parse(BlobReader(indexed).readTree(top)).first { $0.name == Array(name.utf8) })
            return try RestoredContent.difference(of: node, at: bench.tree[BytePath("target/" + name)], indexed.index)
        }
        #expect(try difference("older") == nil)
        try bench.tree.add("target/older", .file("snap!"))
        #expect(try difference("older") == "its content differs at byte 0")
        try bench.tree.add("target/newer", .file("snap2 and more"))
        #expect(try difference("newer") == "it has 14 bytes instead of 5")
        try bench.tree.remove("target/same")
        try bench.tree.add("target/same", .directory)
        #expect(try difference("same") == "it is no file any more")
    }

    @Test func `trusts size and time if it looks for changes only`() throws {
        let (bench, root) = try prepared()
        let summary = try bench.restoreSource(root) { $0.overwrite = .ifChanged }
        #expect(summary.problems.isEmpty && summary.filesSkipped == 1)
        #expect(try texts(bench) == ["older": "snap1", "newer": "snap2", "same": "mine!", "absent": "snap4", "link": "symbolic link", "fifo": "fifo"])
    }

    @Test func `replaces only what is older if asked, links and fifos too`() throws {
        let (bench, root) = try prepared()
        let summary = try bench.restoreSource(root) { $0.overwrite = .ifNewer }
        #expect(summary.problems.isEmpty)
        #expect(try texts(bench) == ["older": "snap1", "newer": "mine!", "same": "mine!", "absent": "snap4", "link": "mine!", "fifo": "mine!"])
    }

    @Test func `never touches what is there if asked, whatever it is`() throws {
        let (bench, root) = try prepared()
        let before = try texts(bench), inode = try bench.tree.status("target/older")?.inode
        let summary = try bench.restoreSource(root) { $0.overwrite = .never }
        #expect(summary.problems.isEmpty && summary.filesSkipped == 5)
        #expect(try texts(bench) == before.merging(["absent": "snap4"]) { old, _ in old })
        #expect(try bench.tree.status("target/older")?.inode == inode)
        #expect(try bench.tree.status("target/older")?.modificationTime.seconds == Self.time.seconds - 10)
    }

    @Test func `that may not touch anything replaces no file by a hard link`() throws {
        let bench = try Bench(["a": .file("shared")])
        try bench.tree.hardLink("source/b", to: "source/a")
        let root = try bench.backUp().tree
        try bench.tree.add("target/b", .file("mine"))
        #expect(try bench.restoreSource(root) { $0.overwrite = .never }.problems.isEmpty)
        #expect(try bench.tree.text("target/b") == "mine" && bench.tree.text("target/a") == "shared")
        #expect(try bench.restoreSource(root).problems.isEmpty)
        try bench.expectSame()
    }

    @Test func `writes into read-only files and folders`() throws {
        let bench = try Bench(["dir/file": .file("from the snapshot", mode: 0o444), "dir/same": .file("same", mode: 0o400)])
        try Directory.setMode(bench.tree["source/dir"], 0o555)
        let root = try bench.backUp().tree
        try bench.tree.add("target/dir/file", .file("older and longer than what comes", mode: 0o400))
        try bench.tree.add("target/dir/same", .file("same", mode: 0o444))
        try Directory.setMode(bench.tree["target/dir"], 0o555)
        let summary = try bench.restoreSource(root)
        // Only root may write into a folder that is closed even to its owner.
        if AccountNames.isSuperuser {
            #expect(summary.problems.map(\.failure.message) == [])
            try bench.expectSame()
        }
        try Directory.setMode(bench.tree["source/dir"], 0o755)
        try Directory.setMode(bench.tree["target/dir"], 0o755)
    }

    @Test func `rewrites only the parts that differ`() throws {
        var random = SeededRandom(seed: 3), content = random.bytes(6_000_000)
        let bench = try Bench(["file": .bytes(content)])
        let root = try bench.backUp().tree
        content[5_999_999] ^= 1
        content += [1, 2, 3]
        try bench.tree.add("target/file", .bytes(content))
        let inode = try bench.tree.status("target/file")?.inode
        let summary = try bench.restoreSource(root)
        #expect(summary.bytesRestored > 0 && summary.bytesRestored < 6_000_000 && summary.itemsRestored == 1)
        #expect(try bench.tree.status("target/file")?.inode == inode)
        try bench.expectSame()
    }

    @Test func `replaces files by folders and folders by files`() throws {
        let bench = try Bench(["a": .file("file"), "b/c": .file("file")])
        let root = try bench.backUp().tree
        try bench.tree.add("target/b", .file("in the way"))
        try bench.tree.add("target/a/full", .file("x"))
        let refused = try bench.restoreSource(root)
        #expect(refused.problems.map(\.path) == ["/a"])
        #expect(try bench.tree.text("target/b/c") == "file" && bench.tree.text("target/a/full") == "x")
        #expect(try bench.restoreSource(root) { $0.delete = true }.problems.isEmpty)
        try bench.expectSame()
    }
}

@Suite struct `A restore done again` {
    @Test(arguments: UInt64(100)...105) func `writes nothing`(_ seed: UInt64) throws {
        let bench = try Bench()
        try RandomTree.fill(bench.tree["source"], seed: seed)
        // A file with several names is always written anew, as in restic.
        let linked = try bench.tree.allPaths().contains { path in
            let status = try bench.tree.status(path)
            return status?.kind == .regular && status?.linkCount ?? 0 > 1
        }
        let root = try bench.backUp().tree, first = try bench.restoreSource(root), second = try bench.restoreSource(root)
        #expect(first.problems.isEmpty && second.problems.isEmpty)
        if !linked { #expect(second.bytesRestored == 0) }
        try bench.expectSame()
        let third = try bench.restoreSource(root) { $0.delete = true }
        #expect(third.itemsDeleted == 0 && third.problems.isEmpty)
        try bench.expectSame()
    }

    @Test func `completes one that was interrupted`() throws {
        var random = SeededRandom(seed: 8)
        let bench = try Bench(["a": .bytes(random.bytes(9_000_000)), "b": .bytes(random.bytes(9_000_000)), "c": .file("c")])
        let root = try bench.backUp { $0.writer.packByteCount = 4 << 20 }.tree
        let cancellation = Cancellation()
        let watched = WatchedStore(bench.store) { call, number in if call == .loadRange(.pack) && number == 5 { cancellation.cancel() } }
        let indexed = try IndexedRepository.load(bench.repository(watched))
        var request = RestoreRequest(tree: root, target: bench.tree["target"])
        request.subfolder = "/source"
        let plan = try RestorePlan.make(indexed, request, snapshotName: "test")
        #expect(throws: RepositoryFailure.self) { try RestoreRun(indexed, request, plan: plan, cancellation: cancellation).run() }
        let rest = try bench.restoreSource(root)
        #expect(rest.bytesRestored < 18_000_001 && rest.problems.isEmpty)
        try bench.expectSame()
    }
}

@Suite struct `A restore that deletes` {
    @Test func `leaves exactly the snapshot`() throws {
        let bench = try Bench(["keep/a": .file("a"), "keep/empty": .directory, "b": .file("b")])
        let root = try bench.backUp().tree
        for (name, item) in [
            ("keep/surplus", .file("x")), ("keep/empty/deep/er/x", .file("x")), ("link", .link("../outside")), ("dir/link", .link("../../outside/victim")),
            ("b", .file("other")),
        ] as [(String, ScratchTree.Item)] { try bench.tree.add(BytePath("target/" + name), item) }
        let summary = try bench.restoreSource(root) { $0.delete = true }
        #expect(summary.problems.isEmpty && summary.itemsDeleted == 4)
        try bench.expectSame()
        try bench.expectOutsideUntouched()
    }

    @Test func `keeps what was not asked for`() throws {
        let bench = try Bench(["a/x": .file("x"), "b/y": .file("y")])
        let root = try bench.backUp().tree
        for name in ["a/surplus", "b/surplus", "surplus"] { try bench.tree.add(BytePath("target/" + name), .file("s")) }
        let only = try bench.restoreSource(root) {
            $0.delete = true
            $0.onlyPaths = ["/a"]
        }
        #expect(only.itemsDeleted == 1 && only.problems.isEmpty)
        #expect(try bench.tree.status("target/b/y") == nil && bench.tree.status("target/b/surplus") != nil && bench.tree.status("target/surplus") != nil)
        let pattern = try PatternList(["/a"])
        let rest = try bench.restoreSource(root) {
            $0.delete = true
            $0.selection = .excluding([pattern])
        }
        #expect(rest.itemsDeleted == 2)
        #expect(try bench.tree.status("target/a/x") != nil)
    }

    @Test func `deletes nothing unless told to`() throws {
        let bench = try Bench(["a": .file("a")])
        let root = try bench.backUp().tree
        try bench.tree.add("target/mine", .file("mine"))
        #expect(try bench.restoreSource(root).itemsDeleted == 0)
        #expect(try bench.tree.text("target/mine") == "mine")
    }
}

@Suite struct `A restore of a part` {
    private func bench() throws -> (Bench, BlobID) {
        let bench = try Bench(["a/one.txt": .file("1"), "a/two.log": .file("2"), "a/b/three.txt": .file("3"), "c/four.log": .file("4"), "d": .directory])
        return (bench, try bench.backUp().tree)
    }

    private func paths(_ bench: Bench) throws -> [String] {
        try bench.tree.allPaths().filter { BytePath("target").contains($0) }.map { String($0.description.dropFirst(7)) }.filter { !$0.isEmpty }
    }

    @Test func `takes what the patterns say`() throws {
        let (bench, root) = try bench()
        let texts = try PatternList(["*.txt"])
        #expect(try bench.restoreSource(root) { $0.selection = .including([texts]) }.problems.isEmpty)
        #expect(try paths(bench) == ["a", "a/b", "a/b/three.txt", "a/one.txt"])
        try bench.tree.remove("target")
        #expect(try bench.restoreSource(root) { $0.selection = .excluding([texts]) }.problems.isEmpty)
        #expect(try paths(bench) == ["a", "a/b", "a/two.log", "c", "c/four.log", "d"])
    }

    @Test func `takes the paths given and the way to them`() throws {
        let (bench, root) = try bench()
        #expect(try bench.restoreSource(root) { $0.onlyPaths = ["/a/b", "/d"] }.problems.isEmpty)
        #expect(try paths(bench) == ["a", "a/b", "a/b/three.txt", "d"])
    }

    @Test func `that is not in the snapshot is an error`() throws {
        let (bench, root) = try bench()
        for path in ["/nothing", "/source/a/one.txt", "/source/a/one.txt/x"] as [BytePath] {
            #expect(throws: RepositoryFailure.self, "\(path)") { try bench.restore(root) { $0.subfolder = path } }
        }
    }
}

@Suite struct `A blob that many files share` {
    @Test func `arrives in each of them, at each of its places`() throws {
        var random = SeededRandom(seed: 6)
        let part = random.bytes(3000), bench = try Bench()
        let root = try bench.store { lane in
            let otherBytes = Array("other".utf8)
            let id = try lane.save(.data, part.span).id, other = try lane.save(.data, otherBytes.span).id
            let nodes = (1...30).map { number in
                ("f\(100 + number)", Hostile.file((0..<number).flatMap { $0 % 3 == 2 ? [other, id] : [id] }))
            }
            return try Hostile.save(nodes, lane)
        }
        #expect(try bench.restore(root).problems.isEmpty)
        for number in 1...30 {
            let expected = (0..<number).flatMap { $0 % 3 == 2 ? Array("other".utf8) + part : part }
            #expect(try bench.tree.read(BytePath("target/f\(100 + number)")) == expected)
        }
        #expect(try bench.restore(root).bytesRestored == 0)
    }

    @Test func `is taken from another pack if one is damaged`() throws {
        let bench = try Bench(["a": .file("some content"), "b": .file("other content")])
        let root = try bench.backUp().tree
        let text = Array("some content".utf8), handle = BlobHandle(type: .data, id: BlobID(SHA256.hash(text)))
        let writer = BlobWriter(try IndexedRepository.load(bench.repository()))
        try writer.lane().saveAgain(handle, text.span)
        _ = try writer.finish()
        for copy in try IndexedRepository.load(bench.repository()).index.locations(handle) {
            let branch = try Bench(store: MemoryStore(contents: bench.store.contents))
            let key = StoreKey(.pack, copy.pack.digest)
            var pack = try branch.store.load(key, limit: 1 << 20)
            for position in Int(copy.offset)..<Int(copy.offset) + Int(copy.length) { pack[position] ^= 0x55 }
            branch.store.save(key, pack.span)
            #expect(try branch.restoreSource(root).problems.isEmpty)
            #expect(try branch.tree.text("target/a") == "some content" && branch.tree.text("target/b") == "other content")
        }
        for entry in bench.store.list(.pack) { try bench.store.delete(StoreKey(.pack, entry.name)) }
        #expect(throws: Never.self) { try bench.restore(root) }
    }
}
