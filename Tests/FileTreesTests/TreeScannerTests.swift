// TreeScannerTests: real trees of every kind of entry, and the naming of targets.

import Bytes
import FileTrees
import Glibc
import HostOS
import TestKit
import Testing

@Suite struct `A scan` {
    @Test func `visits names in byte order, files and directories mixed`() throws {
        let tree = try ScratchTree([
            "t/a": .directory, "t/a.b": .file(""), "t/a/z": .file(""), "t/B": .file(""), "t/b": .link("a"), "t/a0": .directory,
        ])
        let scan = try Recorder.scan(["t"], in: tree.path)
        #expect(scan.snapshotPaths == ["/t", "/t/B", "/t/a", "/t/a/z", "/t/a.b", "/t/a0", "/t/b"])
        #expect(scan.events.map(\.event) == [.enter, .entry, .enter, .entry, .leave, .entry, .enter, .leave, .entry, .leave])
        #expect(scan.problems.isEmpty)
    }

    @Test func `sees every kind of entry`() throws {
        let tree = try ScratchTree([
            "t/file": .file("hello", mode: 0o4751), "t/link": .link("no/where"), "t/fifo": .fifo, "t/disk": .device(.blockDevice, 0x0801),
            "t/null": .device(.characterDevice, 0x0103), "t/empty": .directory,
        ])
        try tree.hardLink("t/other", to: "t/file")
        let scan = try Recorder.scan([tree["t"]])
        let base = tree["t"].description
        #expect(try scan.entry(base + "/link").linkTarget == Array("no/where".utf8))
        #expect(try scan.entry(base + "/fifo").status.kind == .fifo)
        #expect(try scan.entry(base + "/disk").status.specialDevice == 0x0801)
        #expect(try scan.entry(base + "/null").status.kind == .characterDevice)
        let file = try scan.entry(base + "/file"), other = try scan.entry(base + "/other")
        #expect(file.status.mode == 0o4751 && file.status.linkCount == 2 && file.status.inode == other.status.inode)
        #expect(try file.open().descriptor.readToEnd(limit: 100) == Array("hello".utf8))
        let metadata = EntryMetadata(file, attributes: [], accounts: AccountNames())
        #expect(metadata.size == 5 && metadata.mode == 0o4751 && metadata.userName == "root" && metadata.groupName == "root")
    }

    @Test func `keeps names that are not UTF-8, and odd ones`() throws {
        let tree = try ScratchTree(["t": .directory])
        let names: [[UInt8]] = [[0xff, 0x28], Array("new\nline".utf8), Array("-rf *".utf8), [0x01]]
        for name in names { try tree.add(BytePath("t").appending(name), .file("")) }
        #expect(Set(try Recorder.scan([tree["t"]]).entries.dropFirst(0).map(\.name)).isSuperset(of: names))
    }

    @Test func `passes over sockets`() throws {
        let tree = try ScratchTree(["t/file": .file("")])
        let program = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
        let bound = try Child.run("python3", ["-c", program, tree["t/socket"].description])
        #expect(bound.exitStatus == 0)
        #expect(try tree.status("t/socket")?.kind == .socket)
        let scan = try Recorder.scan(["t"], in: tree.path)
        #expect(scan.snapshotPaths == ["/t", "/t/file"] && scan.problems.isEmpty)
    }

    @Test func `reads extended attributes, ACLs among them`() throws {
        let tree = try ScratchTree(["t/file": .file(""), "t/plain": .file("")])
        let long = [UInt8](repeating: 7, count: 3000)
        try ExtendedAttributes.set(ExtendedAttribute(name: Array("user.long".utf8), value: long), of: tree["t/file"])
        try ExtendedAttributes.set(ExtendedAttribute(name: Array("user.empty".utf8), value: []), of: tree["t/file"])
        #expect(try Child.run("setfacl", ["-m", "u:daemon:r", tree["t/file"].description]).exitStatus == 0)
        let scan = try Recorder.scan(["t"], in: tree.path)
        let (attributes, failures) = try scan.entry("/t/file").extendedAttributes()
        let values = Dictionary(attributes.map { (String(decoding: $0.name, as: UTF8.self), $0.value) }, uniquingKeysWith: { $1 })
        #expect(values["user.long"] == long && values["user.empty"] == [] && values["system.posix_acl_access"] != nil && failures.isEmpty)
        #expect(try scan.entry("/t/plain").extendedAttributes().attributes.isEmpty)
    }

    @Test func `reports what may not be read and leaves it out`() throws {
        let tree = try ScratchTree(["t/closed/in": .file(""), "t/open": .file("")])
        try Directory.setMode(tree["t/closed"], 0)
        try Directory.setMode(tree.path, 0o755)
        // The file system identity belongs to the thread alone: other tests stay root.
        let scan = try asNobody { try Recorder.scan(["t"], in: tree.path) }
        #expect(scan.snapshotPaths == ["/t", "/t/open"])
        #expect(scan.problems.map(\.path) == [tree["t/closed"]])
        #expect(scan.problems.first?.effect == .itemLeftOut)
    }

    /// setfsuid counts for the calling thread only; the overlay does not have it.
    private func asNobody<R>(_ body: () throws -> R) throws -> R {
        typealias SetFileSystemUser = @convention(c) (UInt32) -> Int32
        let setFileSystemUser = unsafe unsafeBitCast(try #require(unsafe dlsym(nil, "setfsuid")), to: SetFileSystemUser.self)
        _ = setFileSystemUser(65534)
        defer { _ = setFileSystemUser(0) }
        return try body()
    }

    @Test func `passes over what vanishes while it runs`() throws {
        let tree = try ScratchTree(["t/a": .file(""), "t/b": .file(""), "t/c/d": .file(""), "t/e": .file("")])
        let recorder = Recorder()
        recorder.onEntry = { entry in
            if entry.name == Array("a".utf8) {
                try tree.remove("t/b")
                try tree.remove("t/c")
            }
        }
        try TreeScanner(targets: ["t"], workingDirectory: tree.path).walk(recorder)
        #expect(recorder.snapshotPaths == ["/t", "/t/a", "/t/e"] && recorder.problems.isEmpty)
    }

    @Test func `refuses to open what is no longer a file`() throws {
        let tree = try ScratchTree(["t/a": .file("x"), "t/b": .file("x")])
        let scan = try Recorder.scan(["t"], in: tree.path)
        for name in ["t/a", "t/b"] as [BytePath] { try tree.remove(name) }
        try tree.add("t/a", .fifo)
        try tree.add("t/b", .link("/etc/passwd"))
        #expect(throws: FileTreeError.notRegular(tree["t/a"], .fifo)) { _ = try scan.entry("/t/a").open() }
        #expect(throws: SystemError.self) { _ = try scan.entry("/t/b").open() }
    }

    @Test func `goes as deep as paths go, with few descriptors`() throws {
        let tree = try ScratchTree(["t": .directory])
        let depth = 1200
        var path = BytePath("t")
        for _ in 0..<depth { path = path.appending("d") }
        try Directory.createAll(tree[path])
        for level in stride(from: 0, to: depth, by: 100) {
            try tree.add(BytePath("t" + String(repeating: "/d", count: level) + "/z"), .file(""))
        }
        var mostOpen = 0
        let recorder = Recorder()
        recorder.onEntry = { _ in
            let open = try Directory.entries(of: "/proc/self/fd").map {
                try? Directory.linkTarget(BytePath("/proc/self/fd").appending($0.name))
            }
            mostOpen = max(mostOpen, open.count { $0?.starts(with: tree.path.bytes) == true })
        }
        try TreeScanner(targets: ["t"], workingDirectory: tree.path).walk(recorder)
        #expect(recorder.entries.count == 1 + depth + depth / 100 && recorder.problems.isEmpty)
        // One of them is the target, beneath which files are opened later.
        #expect(mostOpen > 0 && mostOpen <= 35, "\(mostOpen)")
    }

    @Test func `never opens the paths it was told to skip`() throws {
        let tree = try ScratchTree(["t/cache/x": .file(""), "t/db.sqlite": .file(""), "t/keep": .file("")])
        let scan = try Recorder.scan(["t"], in: tree.path, skipping: [tree["t/cache"], tree["t/db.sqlite"]])
        #expect(scan.snapshotPaths == ["/t", "/t/keep"] && scan.problems.isEmpty)
    }

    @Test func `stops with the visitor's error`() throws {
        let tree = try ScratchTree(["t/a": .file(""), "t/b": .file("")])
        let recorder = Recorder()
        recorder.onEntry = { entry in
            if entry.name == Array("a".utf8) { throw SystemError(operation: "write", path: "/x", kind: .notFound, reason: "gone") }
        }
        #expect(throws: SystemError.self) { try TreeScanner(targets: ["t"], workingDirectory: tree.path).walk(recorder) }
        #expect(recorder.entries.count == 2)
    }

    @Test func `keeps mount points but nothing on other file systems`() throws {
        let scan = Recorder()
        let exclusions = Exclusions(
            patterns: [try PatternList(["/*", "!/proc", "!/sys", "/proc/*", "/sys/*"])], oneFileSystem: true)
        try TreeScanner(targets: ["/"], workingDirectory: "/", exclusions: exclusions).walk(scan)
        #expect(scan.snapshotPaths == ["/proc", "/sys"])
        let whole = Recorder()
        let onlyProc = Exclusions(patterns: [try PatternList(["/*", "!/proc"])], oneFileSystem: true)
        try TreeScanner(targets: ["/"], workingDirectory: "/", exclusions: onlyProc).walk(whole)
        #expect(whole.snapshotPaths == ["/proc"])
    }
}

@Suite struct `Targets` {
    private let tree: ScratchTree
    init() throws {
        tree = try ScratchTree(["w/a/x": .file(""), "w/a/y": .file(""), "w/c": .file(""), "a/q": .file(""), "w/link": .link("a")])
    }

    private func paths(_ targets: [BytePath], in directory: BytePath = "w") throws -> [String] {
        try Recorder.scan(targets, in: tree[directory]).snapshotPaths
    }

    @Test func `given relatively keep only their own names`() throws {
        #expect(try paths(["a/x"]) == ["/a", "/a/x"])
        #expect(try paths(["../a"]) == ["/a", "/a/q"])
        #expect(try paths(["./c", "a/../a/y"]) == ["/a", "/a/y", "/c"])
    }

    @Test func `given absolutely appear under their full path, with the real directories above`() throws {
        let scan = try Recorder.scan([tree["w/a/x"]])
        let names = ["/tmp", tree.path.description, tree["w"].description, tree["w/a"].description, tree["w/a/x"].description]
        #expect(scan.snapshotPaths == names)
        let above = try scan.entry("/tmp")
        #expect(try above.isAboveTarget && above.status.inode == FileStatus.of("/tmp").inode)
    }

    @Test func `from different roots with one name are told apart`() throws {
        #expect(try paths(["a", "../a"]) == ["/a", "/a/x", "/a/y", "/a-1", "/a-1/q"])
        #expect(try paths(["../a", "a"]) == ["/a", "/a/q", "/a-1", "/a-1/x", "/a-1/y"])
    }

    @Test func `that overlap are merged, duplicates ignored`() throws {
        #expect(try paths(["a/x", "a", "a", "a/"]) == ["/a", "/a/x", "/a/y"])
    }

    @Test func `inside an excluded directory are saved, their neighbours not`() throws {
        let exclusions = Exclusions(patterns: [try PatternList(["x", "y", "a"])])
        let scan = try Recorder.scan([".", "a/x"], in: tree["w"], exclusions: exclusions)
        #expect(scan.snapshotPaths == ["/a", "/a/x", "/c", "/link"])
    }

    @Test func `without a name of their own are replaced by their entries, which are not explicit`() throws {
        #expect(try paths(["."]) == ["/a", "/a/x", "/a/y", "/c", "/link"])
        #expect(try paths([".."], in: "w/a") == ["/a", "/a/x", "/a/y", "/c", "/link"])
        let scan = try Recorder.scan(["."], in: tree["w"], exclusions: Exclusions(patterns: [try PatternList(["a"])]))
        #expect(scan.snapshotPaths == ["/c", "/link"])
    }

    @Test func `that are links are saved as links, but a path may lead through one`() throws {
        let scan = try Recorder.scan(["link"], in: tree["w"])
        #expect(try scan.snapshotPaths == ["/link"] && scan.entry("/link").linkTarget == Array("a".utf8))
        let through = try Recorder.scan(["link/x"], in: tree["w"])
        #expect(try through.snapshotPaths == ["/link", "/link/x"] && through.entry("/link").status.kind == .directory)
    }

    @Test func `that are missing are reported, and fatal if none is left`() throws {
        let scan = try Recorder.scan(["a/x", "gone"], in: tree["w"])
        #expect(scan.snapshotPaths == ["/a", "/a/x"] && scan.problems.map(\.path) == [tree["w/gone"]])
        #expect(throws: FileTreeError.noTargetLeft) { try Recorder.scan(["gone"], in: tree["w"]) }
    }
}
