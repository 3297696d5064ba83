// RestoreTests: content and metadata come back, and nothing leads out of the target.

import Bytes
import FileTrees
import HostOS
import Synchronization
import TestKit
import Testing

private let noon = FileTime(seconds: 1_700_000_000, nanoseconds: 123_456_789)
private let before1970 = FileTime(seconds: -5, nanoseconds: 999_999_999)

private func metadata(
    _ kind: FileKind = .regular, mode: UInt32 = 0o644, user: UInt32 = 0, group: UInt32 = 0, attributes: [ExtendedAttribute] = []
) -> RestoredMetadata {
    RestoredMetadata(
        kind: kind, mode: mode, userID: user, groupID: group, modificationTime: noon, accessTime: before1970, extendedAttributes: attributes
    )
}

/// A target directory inside a tree, beside things that must not be touched.
private struct Bench {
    let tree: ScratchTree
    let root: BeneathRoot
    let target: RestoreTarget
    let applier: MetadataApplier
    let writer: FileWriter

    init(_ items: [String: ScratchTree.Item] = [:], mayDelete: Bool = false, openFileLimit: Int = 128) throws {
        tree = try ScratchTree(["target": .directory, "outside/victim": .file("precious", mode: 0o644)])
        for (name, item) in items.sorted(by: { $0.key < $1.key }) { try tree.add(BytePath(name), item) }
        root = try BeneathRoot(tree["target"])
        target = RestoreTarget(root, mayDelete: mayDelete)
        applier = MetadataApplier(root)
        writer = FileWriter(target, metadata: applier, openFileLimit: openFileLimit)
    }

    func write(_ text: String, to path: BytePath, _ restored: RestoredMetadata = metadata()) throws {
        #expect(try writer.writeWhole(Array(text.utf8).span, to: path, restored).isEmpty)
    }

    func expectOutsideUntouched() throws {
        #expect(try tree.text("outside/victim") == "precious")
        #expect(try tree.status("outside/victim")?.mode == 0o644)
        #expect(try tree.allPaths().filter { BytePath("outside").contains($0) } == ["outside", "outside/victim"])
    }
}

@Suite struct `Restored content` {
    @Test func `of a small file arrives in one go`() throws {
        let bench = try Bench()
        try bench.write("hello", to: "/a.txt", metadata(mode: 0o4750, user: 7, group: 9))
        #expect(try bench.tree.text("target/a.txt") == "hello")
        let status = try #require(try bench.tree.status("target/a.txt"))
        #expect(status.mode == 0o4750 && status.userID == 7 && status.groupID == 9 && status.modificationTime == noon)
    }

    @Test func `replaces longer content, and closes old permissions first`() throws {
        let bench = try Bench(["target/a": .file("much longer than before", mode: 0o666)])
        let inode = try bench.tree.status("target/a")?.inode
        try bench.write("short", to: "/a")
        #expect(try bench.tree.text("target/a") == "short" && bench.tree.status("target/a")?.inode == inode)
        _ = try bench.writer.prepare("/a", size: 100)
        #expect(try bench.tree.status("target/a")?.mode == 0o600)
    }

    @Test func `of large files is written in any order by many threads, with few open files`() throws {
        let bench = try Bench(openFileLimit: 3)
        let files = try (0..<10).map { try bench.writer.prepare(BytePath("/f\($0)"), size: 40_000) }
        let expected = (0..<10).map { file in (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* (file + 3) >> 3) } }
        let pieces = (0..<10).flatMap { file in stride(from: 0, to: 40_000, by: 1000).map { (file, $0) } }.shuffled()
        let writer = bench.writer
        try inParallel(pieces) { file, offset in
            try writer.write(Array(expected[file][offset..<offset + 1000]).span, to: files[file], at: UInt64(offset))
        }
        for (index, file) in files.enumerated() {
            #expect(try bench.writer.finish(file, metadata()).isEmpty)
            #expect(try bench.tree.read(BytePath("target/f\(index)")) == expected[index])
        }
    }

    private func inParallel<T: Sendable>(_ items: [T], _ body: @escaping @Sendable (T) throws -> Void) throws {
        let failure = Mutex<(any Error)?>(nil)
        PlainThreads.run(4) { lane in
            for index in stride(from: lane, to: items.count, by: 4) {
                do { try body(items[index]) } catch { failure.withLock { $0 = error } }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    @Test func `taken over can be compared before it is written`() throws {
        let bench = try Bench(["target/a": .file("0123456789")])
        let file = try bench.writer.prepare("/a", size: 8)
        #expect(file.existed && file.previousSize == 10)
        let old = try [UInt8](byteCount: 4) { span in try bench.writer.read(from: file, into: &span, at: 2) }
        #expect(old == Array("2345".utf8))
        try bench.writer.write(Array("xx".utf8).span, to: file, at: 6)
        #expect(try bench.writer.finish(file, metadata()).isEmpty)
        #expect(try bench.tree.text("target/a") == "012345xx")
    }

    @Test func `of a sparse file has holes where it is zero`() throws {
        let bench = try Bench(["target/old": .bytes([UInt8](repeating: 1, count: 1 << 20))])
        var blob = [UInt8](repeating: 0, count: 1 << 20)
        let zeros = blob
        blob[(1 << 20) - 1] = 9
        let file = try bench.writer.prepare("/new", size: 3 << 20, sparse: true)
        for (index, bytes) in [zeros, blob, zeros].enumerated() { try bench.writer.write(bytes.span, to: file, at: UInt64(index) << 20) }
        #expect(try bench.writer.finish(file, metadata()).isEmpty)
        #expect(try bench.tree.read("target/new") == zeros + blob + zeros)
        #expect(try #require(try bench.tree.status("target/new")).blockCount <= 16)
        let old = try bench.writer.prepare("/old", size: 1 << 20, sparse: true)
        #expect(!old.isSparse)
        try bench.writer.write(zeros.span, to: old, at: 0)
        #expect(try bench.tree.read("target/old") == zeros)
    }

    @Test func `does not reach a file that took the place of the prepared one`() throws {
        let bench = try Bench(openFileLimit: 1)
        let file = try bench.writer.prepare("/a", size: 4)
        _ = try bench.writer.prepare("/b", size: 4)
        try bench.tree.add("new", .file("new"))
        try Directory.rename(bench.tree["new"], to: bench.tree["target/a"])
        #expect(throws: FileTreeError.inTheWay("/a", .regular)) { try bench.writer.write(Array("evil".utf8).span, to: file, at: 0) }
        #expect(try bench.tree.text("target/a") == "new")
    }

    @Test func `counts leading zeros`() {
        for count in 0..<40 {
            #expect(SparseRegions.leadingZeroCount(([UInt8](repeating: 0, count: count) + [1, 0]).span) == count)
            #expect(SparseRegions.leadingZeroCount([UInt8](repeating: 0, count: count).span) == count)
        }
    }
}

@Suite struct `A restore` {
    @Test(arguments: ["/../outside/victim", "/a/../../outside/victim", "/..", "/.", "/a/./b", ""]) func `refuses paths that are not plain`(
        _ path: String
    ) throws {
        let bench = try Bench(["target/a": .directory])
        #expect(throws: (any Error).self) { try bench.write("evil", to: BytePath(path)) }
        #expect(throws: (any Error).self) { try bench.target.createDirectories(BytePath(path + "/..")) }
        try bench.expectOutsideUntouched()
    }

    @Test func `knows which names can be file names`() {
        for name in ["", ".", "..", "a/b", "/", "a\0b"] { #expect(!isSafeName(Array(name.utf8))) }
        for name in ["a", "...", " ", "a\nb", "-"] { #expect(isSafeName(Array(name.utf8))) }
        #expect(isSafeName([0xff]))
    }

    /// A link planted at each level of a/b/c, pointing outside, absolutely or relatively, also back into the target.
    @Test(arguments: [0, 1, 2], ["/outside-of-everything", "ABSOLUTE", "../../../outside", "../real"])
    func `never follows a planted link`(_ level: Int, _ where: String) throws {
        let bench = try Bench(["target/real/b/c": .directory, "target/real/c": .directory])
        let destination = `where` == "ABSOLUTE" ? bench.tree["outside"].description : `where`
        let names = ["a", "b", "c"]
        let planted = names[0...level].joined(separator: "/")
        try bench.tree.add(BytePath("target/" + planted), .link(destination))
        let path = BytePath("/a/b/c/victim")
        #expect(throws: (any Error).self) { try bench.write("evil", to: path) }
        #expect(throws: (any Error).self) { _ = try bench.writer.prepare(path, size: 4) }
        #expect(throws: (any Error).self) { try bench.target.createSymbolicLink(path, to: Array("x".utf8)) }
        #expect(throws: (any Error).self) { try bench.target.createSpecialFile(path, kind: .fifo, device: 0) }
        #expect(!bench.applier.apply(metadata(), to: path).isEmpty)
        #expect(try bench.root.statusIfExists(of: path) == nil)
        #expect(throws: FileTreeError.inTheWay(BytePath("/" + planted), .symbolicLink)) {
            try bench.target.createDirectories("/a/b/c", replacingOthers: false)
        }
        // Restoring the directories replaces the link itself, and then the file arrives inside.
        try bench.target.createDirectories("/a/b/c")
        try bench.write("good", to: path)
        #expect(try bench.tree.text("target/a/b/c/victim") == "good")
        #expect(try bench.tree.status(BytePath("target/" + planted))?.kind == .directory)
        try bench.expectOutsideUntouched()
    }

    @Test func `replaces a link in the place of a file instead of following it`() throws {
        let links: [String: ScratchTree.Item] = [
            "target/a": .link("../outside/victim"), "target/b": .link("../outside/victim"), "target/c": .link("../outside/new"),
        ]
        let bench = try Bench(links)
        try bench.write("mine", to: "/a")
        let file = try bench.writer.prepare("/b", size: 4)
        try bench.writer.write(Array("mine".utf8).span, to: file, at: 0)
        try bench.write("mine", to: "/c")
        for name in ["a", "b", "c"] {
            #expect(try bench.tree.status(BytePath("target/" + name))?.kind == .regular)
            #expect(try bench.tree.text(BytePath("target/" + name)) == "mine")
        }
        try bench.expectOutsideUntouched()
    }

    @Test func `gives a link its owner and times, not what it points to`() throws {
        let bench = try Bench()
        try bench.target.createSymbolicLink("/l", to: Array("../outside/victim".utf8))
        #expect(bench.applier.apply(metadata(.symbolicLink, mode: 0o777, user: 12, group: 13), to: "/l").isEmpty)
        let link = try #require(try bench.tree.status("target/l")), victim = try #require(try bench.tree.status("outside/victim"))
        #expect(link.userID == 12 && link.groupID == 13 && link.modificationTime == noon && link.accessTime == before1970)
        #expect(victim.userID == 0 && victim.modificationTime != noon)
        // A directory's metadata on something that is a link by now must not reach through it.
        #expect(!bench.applier.apply(metadata(.directory, mode: 0o777), to: "/l").isEmpty)
        #expect(!bench.applier.apply(metadata(.regular, mode: 0o777), to: "/l").isEmpty)
        try bench.expectOutsideUntouched()
    }

    @Test func `parts a file that has other names from them`() throws {
        let bench = try Bench()
        _ = try Child.run("ln", [bench.tree["outside/victim"].description, bench.tree["target/a"].description])
        try bench.write("mine", to: "/a")
        #expect(try bench.tree.text("target/a") == "mine")
        try bench.expectOutsideUntouched()
    }

    @Test func `removes an empty directory in the way, a full one only if allowed`() throws {
        let bench = try Bench(["target/empty": .directory, "target/full/x/y": .file(""), "target/full/l": .link("../../outside")])
        try bench.write("mine", to: "/empty")
        #expect(throws: FileTreeError.inTheWay("/full", .directory)) { try bench.write("mine", to: "/full") }
        #expect(try bench.tree.status("target/full/x/y") != nil)
        let deleting = FileWriter(RestoreTarget(bench.root, mayDelete: true), metadata: bench.applier)
        #expect(try deleting.writeWhole(Array("mine".utf8).span, to: "/full", metadata()).isEmpty)
        #expect(try bench.tree.text("target/full") == "mine")
        try bench.expectOutsideUntouched()
    }

    @Test func `may start at a path that leads through links`() throws {
        let tree = try ScratchTree(["real/target": .directory, "link": .link("real")])
        let root = try BeneathRoot(tree["link/target"])
        let writer = FileWriter(RestoreTarget(root), metadata: MetadataApplier(root))
        #expect(try writer.writeWhole(Array("x".utf8).span, to: "/a", metadata()).isEmpty)
        #expect(try tree.text("real/target/a") == "x")
    }

    @Test func `links names of one file together`() throws {
        let bench = try Bench(["target/b": .file("in the way")])
        let links = HardLinks()
        #expect(links.firstPath(inode: 5, device: 1, linkCount: 2, path: "/a") == nil)
        try bench.write("shared", to: "/a")
        let first = try #require(links.firstPath(inode: 5, device: 1, linkCount: 2, path: "/b"))
        try bench.target.createHardLink("/b", to: first)
        #expect(try bench.tree.status("target/a")?.inode == bench.tree.status("target/b")?.inode)
        #expect(links.firstPath(inode: 5, device: 2, linkCount: 2, path: "/c") == nil)
        #expect(links.firstPath(inode: 5, device: 1, linkCount: 1, path: "/d") == nil)
    }

    @Test func `lists what is not in the snapshot, and removes it without following links`() throws {
        let bench = try Bench(["target/d/keep": .file(""), "target/d/go/deep/er": .file(""), "target/d/go/l": .link("../../../outside")])
        #expect(try bench.target.surplusNames(in: "/d", keeping: [Array("keep".utf8)]) == [Array("go".utf8)])
        try bench.root.removeTree("/d/go")
        #expect(try bench.target.surplusNames(in: "/d", keeping: []) == [Array("keep".utf8)])
        try bench.expectOutsideUntouched()
    }
}

@Suite struct `Restored metadata` {
    @Test(arguments: [
        (FileKind.regular, UInt32(0o6755)), (.regular, 0), (.directory, 0o1777), (.directory, 0o2500), (.fifo, 0o640),
        (.characterDevice, 0o600), (.blockDevice, 0o660),
    ]) func `comes back for every kind`(_ kind: FileKind, _ mode: UInt32) throws {
        let bench = try Bench()
        switch kind {
        case .regular: try bench.write("", to: "/x")
        case .directory: try bench.target.createDirectory("/x")
        default: try bench.target.createSpecialFile("/x", kind: kind, device: kind == .fifo ? 0 : 0x0703)
        }
        #expect(bench.applier.apply(metadata(kind, mode: mode, user: 1234, group: 4321), to: "/x").isEmpty)
        let status = try #require(try bench.tree.status("target/x"))
        #expect(status.kind == kind && status.mode == mode && status.userID == 1234 && status.groupID == 4321)
        #expect(status.modificationTime == noon && status.accessTime == before1970)
        #expect(status.specialDevice == (kind == .characterDevice || kind == .blockDevice ? 0x0703 : 0))
    }

    @Test func `survives the round trip through a scan, with attributes and ACLs`() throws {
        let bench = try Bench(["source/f": .file("x", mode: 0o640), "source/d": .directory])
        let source = bench.tree["source/f"]
        try ExtendedAttributes.set(ExtendedAttribute(name: Array("user.note".utf8), value: [0, 1, 255]), of: source)
        try ExtendedAttributes.set(ExtendedAttribute(name: Array("trusted.x".utf8), value: []), of: source)
        for (entry, rules) in [("f", "u:daemon:rw,m::r"), ("d", "d:u:daemon:rwx,u:bin:r")] {
            #expect(try Child.run("setfacl", ["-m", rules, bench.tree[BytePath("source/" + entry)].description]).exitStatus == 0)
        }
        let scan = try Recorder.scan(["source"], in: bench.tree.path)
        for (name, path) in [("f", "/f"), ("d", "/d")] as [(String, BytePath)] {
            let entry = try scan.entry("/source/" + name)
            let restored = RestoredMetadata(
                kind: entry.status.kind, mode: entry.status.mode, userID: 0, groupID: 0, modificationTime: entry.status.modificationTime,
                accessTime: entry.status.accessTime, extendedAttributes: entry.extendedAttributes().attributes)
            if name == "f" {
                try bench.write("x", to: path, restored)
            } else {
                try bench.target.createDirectory(path)
                #expect(bench.applier.apply(restored, to: path).isEmpty)
            }
            let copy = try #require(try Recorder.scan([bench.tree[BytePath("target/" + name)]]).entries.last)
            #expect(copy.extendedAttributes().attributes == entry.extendedAttributes().attributes)
            #expect(copy.status.mode == entry.status.mode && copy.status.modificationTime == entry.status.modificationTime)
        }
    }

    @Test func `removes attributes the snapshot does not have, also inherited ones`() throws {
        let bench = try Bench()
        #expect(try Child.run("setfacl", ["-d", "-m", "u:daemon:rwx", bench.tree["target"].description]).exitStatus == 0)
        try bench.write("x", to: "/f", metadata(mode: 0o640))
        #expect(try ExtendedAttributes.names(of: bench.tree["target/f"]) == [])
        #expect(try bench.tree.status("target/f")?.mode == 0o640)
        try ExtendedAttributes.set(ExtendedAttribute(name: Array("user.old".utf8), value: [1]), of: bench.tree["target/f"])
        let wanted = [ExtendedAttribute(name: Array("user.new".utf8), value: [2])]
        #expect(bench.applier.apply(metadata(attributes: wanted), to: "/f").isEmpty)
        #expect(try ExtendedAttributes.names(of: bench.tree["target/f"]) == [Array("user.new".utf8)])
    }

    @Test func `takes owners by name if asked, unknown ones as root`() throws {
        let bench = try Bench()
        let applier = MetadataApplier(bench.root, ownership: .names)
        try bench.write("", to: "/f")
        var restored = metadata(user: 77, group: 77)
        restored.userName = "daemon"
        restored.groupName = "no such group"
        #expect(applier.apply(restored, to: "/f").isEmpty)
        let status = try #require(try bench.tree.status("target/f"))
        #expect(status.userID == AccountNames().userID(named: "daemon") && status.userID != 77 && status.groupID == 0)
    }

    @Test func `reports an attribute that cannot be set and applies the rest`() throws {
        let bench = try Bench()
        try bench.write("", to: "/f")
        let impossible = [ExtendedAttribute(name: Array("user.big".utf8), value: [UInt8](repeating: 0, count: 65537))]
        let failures = bench.applier.apply(metadata(mode: 0o604, attributes: impossible), to: "/f")
        #expect(failures.count == 1 && failures.first?.operation.contains("user.big") == true)
        #expect(try bench.tree.status("target/f")?.mode == 0o604)
    }
}
