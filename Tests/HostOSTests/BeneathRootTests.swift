// BeneathRootTests: both ways of opening parents, with openat2 and name by name, must refuse alike.

import Bytes
import TestKit
import Testing

import HostOS

@Suite struct `A confined root` {
    @Test(arguments: [true, false]) func `opens what lies below it and no link`(_ usingOpenat2: Bool) throws {
        let tree = try ScratchTree([
            "root/a/b/file": .file("x"), "root/in": .link("a"), "root/out": .link("../outside"), "root/top": .link("/"),
            "outside/file": .file("secret"),
        ])
        let root = try BeneathRoot(tree["root"], usingOpenat2: usingOpenat2)
        #expect(try root.open("/a/b/file", .read).readToEnd(limit: 10) == [0x78])
        #expect(try root.entries(of: "").map(\.name) == ["a", "in", "out", "top"].map { Array($0.utf8) })
        for path in ["in/b/file", "out/file", "top/etc/passwd", "a/../../outside/file", "../outside/file", "a/b/../b/file"] as [BytePath] {
            #expect(throws: SystemError.self, "\(path)") { _ = try root.open(path, .read) }
            #expect(throws: SystemError.self, "\(path)") { try root.setMode(of: path, 0o777) }
            #expect(throws: SystemError.self, "\(path)") { try root.remove(path) }
        }
        #expect(throws: SystemError.self) { _ = try root.entries(of: "out") }
        #expect(throws: SystemError.self) { _ = try root.open("out", .read) }
        #expect(try tree.text("outside/file") == "secret")
    }

    @Test(arguments: [true, false]) func `forgets a directory that was replaced`(_ usingOpenat2: Bool) throws {
        let tree = try ScratchTree(["root/a/b/file": .file("x")])
        let root = try BeneathRoot(tree["root"], usingOpenat2: usingOpenat2)
        #expect(try root.status(of: "a/b/file").kind == .regular)
        try root.removeTree("a")
        try root.createDirectory("a")
        try root.createDirectory("a/b")
        #expect(try root.statusIfExists(of: "a/b/file") == nil)
        #expect(try root.status(of: "a/b").kind == .directory)
    }

    @Test func `removes a tree deeper than descriptors or the stack would allow`() throws {
        let tree = try ScratchTree(["root": .directory])
        let path = BytePath("d" + String(repeating: "/d", count: 1500))
        try Directory.createAll(tree[BytePath("root/" + String(decoding: path.bytes, as: UTF8.self))])
        let root = try BeneathRoot(tree["root"])
        try root.removeTree("d")
        #expect(try root.entries(of: "").isEmpty)
    }

    @Test func `keeps working with more parents than it keeps`() throws {
        let tree = try ScratchTree(["root": .directory])
        let root = try BeneathRoot(tree["root"])
        for round in 0..<2 {
            for index in 0..<200 {
                let directory = BytePath("d\(index)")
                if round == 0 { try root.createDirectory(directory) }
                try root.createDirectory(directory.appending("r\(round)"))
            }
        }
        #expect(try tree.allPaths().count == 1 + 200 + 400)
    }
}

@Suite struct `Account names` {
    @Test func `are found both ways, and unknown ones are empty`() {
        let names = AccountNames()
        #expect(names.user(0) == "root" && names.group(0) == "root")
        #expect(names.userID(named: "root") == 0 && names.groupID(named: "root") == 0)
        #expect(names.user(4_000_000_000) == "" && names.user(4_000_000_000) == "")
        #expect(names.userID(named: "nobody there") == nil && names.groupID(named: "") == nil)
    }
}
