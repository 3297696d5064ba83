// ChildTests: other programs, and files that appear whole.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `Another program` {
    private func shell(_ script: String, input: String = "", limit: Int = 1 << 20, environment: [String]? = nil) throws(SystemError) -> Child.Result {
        try Child.run("/bin/sh", ["-c", script], environment: environment, standardInput: Array(input.utf8), outputLimit: limit)
    }

    @Test func `gives back its status and both its streams`() throws {
        let result = try shell("echo out; echo err >&2; exit 3")
        #expect(result.exitStatus == 3 && result.outputText == "out\n" && result.errorText == "err\n")
        #expect(try Child.run("true", []).exitStatus == 0)
    }

    @Test func `ended by a signal counts as the shell counts it`() throws {
        #expect(try shell("kill -TERM $$").exitStatus == 128 + 15)
        #expect(try shell("kill -KILL $$").exitStatus == 128 + 9)
    }

    @Test func `reads more than a pipe holds, and writes it to both streams`() throws {
        let text = String(repeating: "0123456789abcdef", count: 20_000)
        let result = try shell("tee /dev/stderr", input: text)
        #expect(result.outputText == text && result.errorText == text)
    }

    @Test func `that does not read its input is no error`() throws {
        Interrupts.install()
        #expect(try shell("exec 0<&-; exit 0", input: String(repeating: "x", count: 1 << 20)).exitStatus == 0)
    }

    @Test func `without input sees the end of it at once`() throws { #expect(try shell("cat; echo done").outputText == "done\n") }

    @Test func `that prints too much is ended`() throws {
        let error = #expect(throws: SystemError.self) { _ = try shell("yes", limit: 100_000) }
        #expect(error?.kind == .outOfRange)
        #expect(throws: SystemError.self) { _ = try shell("yes >&2", limit: 100_000) }
        #expect(try shell("head -c 1000 /dev/zero", limit: 1000).output.count == 1000)
    }

    @Test func `that does not exist is an error of its start`() throws {
        let error = #expect(throws: SystemError.self) { _ = try Child.run("/nowhere/program", []) }
        #expect(error?.kind == .notFound && error?.operation == "start")
        #expect(throws: SystemError.self) { _ = try Child.run("no such program anywhere", []) }
        #expect(throws: SystemError.self) { _ = try Child.run("true", [], directory: "/nowhere") }
    }

    @Test func `gets the arguments, the environment and the directory it is given`() throws {
        let tree = try ScratchTree()
        let odd: [[UInt8]] = [Array("a b".utf8), [], [0xff, 0xfe], Array("$x\n".utf8)]
        let echoed = try Child.run("/bin/sh", [Array("-c".utf8), Array(#"for a; do printf '%s|' "$a"; done"#.utf8), Array("sh".utf8)] + odd)
        #expect(echoed.output == Array(odd.map { $0 + [UInt8(ascii: "|")] }.joined()))
        #expect(try shell("echo $ONE-$HOME", environment: ["ONE=1"]).outputText == "1-\n")
        #expect(try Child.run("/bin/sh", ["-c", "pwd -P"], directory: tree.path).outputText == "\(Directory.canonical(tree.path) ?? "")\n")
    }

    @Test func `shows its errors while it runs`() throws {
        var seen: [UInt8] = []
        let arguments = ["-c", "echo 1 >&2; echo 2 >&2"].map { Array($0.utf8) }
        _ = try Child.run("/bin/sh", arguments, onErrorOutput: { seen += [UInt8](copying: $0) })
        #expect(seen == Array("1\n2\n".utf8))
    }

    @Test func `inherits no descriptor of ours`() throws {
        let tree = try ScratchTree(["file": .file("x")])
        let file = try Descriptor.open(tree["file"], .read)
        let result = try shell("ls -l /proc/self/fd")
        #expect(!result.outputText.contains(tree.path.description))
        #expect(try file.status().size == 1)
    }

    @Test func `that ended runs no more, and this one does`() throws {
        let ended = try shell("echo $$").outputText.dropLast()
        #expect(!Host.processExists(try #require(Int32(ended))))
        #expect(Host.processExists(Host.processID))
        #expect(!Host.processExists(0) && !Host.processExists(-1))
    }
}

@Suite struct `A file written atomically` {
    @Test func `replaces another, with the permissions asked for`() throws {
        let tree = try ScratchTree(["f": .file("old, and longer than the new one", mode: 0o444)])
        let inode = try tree.status("f")?.inode
        try AtomicFile.write(Array("new".utf8).span, to: tree["f"], mode: 0o640)
        #expect(try tree.text("f") == "new")
        #expect(try tree.status("f")?.mode == 0o640 && tree.status("f")?.inode != inode)
        try AtomicFile.write([UInt8]().span, to: tree["f"], finalMode: 0o400)
        #expect(try tree.status("f")?.mode == 0o400 && tree.status("f")?.size == 0)
        #expect(try tree.allPaths() == ["f"])
    }

    @Test func `replaces a link, not what it points to`() throws {
        let tree = try ScratchTree(["f": .link("victim"), "victim": .file("precious")])
        try AtomicFile.write(Array("new".utf8).span, to: tree["f"])
        #expect(try tree.text("victim") == "precious" && tree.text("f") == "new")
        #expect(try tree.status("f")?.kind == .regular)
    }

    @Test func `leaves nothing behind when it cannot be`() throws {
        let tree = try ScratchTree(["f/inside": .file("x")])
        #expect(throws: SystemError.self) { try AtomicFile.write([1].span, to: tree["f"]) }
        #expect(throws: SystemError.self) { try AtomicFile.write([1].span, to: tree["missing/f"]) }
        #expect(throws: SystemError.self) { try AtomicFile.write([1].span, to: tree[BytePath(String(repeating: "n", count: 250))]) }
        #expect(try tree.allPaths() == ["f", "f/inside"])
    }

    @Test func `is read up to a limit`() throws {
        let tree = try ScratchTree(["f": .bytes([UInt8](repeating: 7, count: 100_000))])
        #expect(try AtomicFile.read(tree["f"], limit: 100_000).count == 100_000)
        let error = #expect(throws: SystemError.self) { _ = try AtomicFile.read(tree["f"], limit: 99_999) }
        #expect(error?.kind == .outOfRange)
        #expect(throws: SystemError.self) { _ = try AtomicFile.read("/dev/zero", limit: 1 << 20) }
    }

    @Test func `on a full disk fails as such`() throws {
        let full = try Descriptor.open("/dev/full", .append)
        let error = #expect(throws: SystemError.self) { try full.write([1].span) }
        #expect(error?.kind == .noSpace)
    }
}
