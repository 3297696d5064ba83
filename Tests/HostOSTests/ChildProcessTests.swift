// ChildProcessTests: programs that run beside us, and end when we say so or when we end.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `A program beside us` {
    private func start(_ script: String, in tree: ScratchTree, user: ChildProcess.User? = nil) throws -> ChildProcess {
        let program = ChildProcess.Program(
            "/bin/sh", [Array("-c".utf8), Array(script.utf8)], environment: [Array("PATH=/usr/bin:/bin".utf8)], directory: tree.path, user: user)
        let null = try ChildProcess.devNull()
        let output = try Descriptor.open(tree["output"], .append)
        return try ChildProcess.start(program, input: null, output: output, errors: output)
    }

    private func text(_ tree: ScratchTree, _ name: String) throws -> String {
        String(decoding: try AtomicFile.read(tree[BytePath(name)], limit: 1 << 20), as: UTF8.self)
    }

    private func wait(_ what: String, _ condition: () throws -> Bool) throws {
        for _ in 0..<1000 {
            if try condition() { return }
            SystemClock().sleep(nanoseconds: 5_000_000)
        }
        Issue.record("waited 5 seconds for: \(what)")
    }

    @Test func `tells how it ended and what it said`() throws {
        let tree = try ScratchTree()
        let child = try start("echo out; echo err >&2; pwd; exit 7", in: tree)
        #expect(child.waitForExit(limitNanoseconds: 10_000_000_000) == 7)
        #expect(try text(tree, "output") == "out\nerr\n\(tree.path)\n")
        #expect(child.stop(limitNanoseconds: 0) == 7)
    }

    @Test func `ends when asked, and is killed when it does not listen`() throws {
        let tree = try ScratchTree()
        let polite = try start("exec sleep 60", in: tree)
        #expect(polite.exitStatus == nil)
        #expect(polite.stop(limitNanoseconds: 10_000_000_000) == 128 + 15)
        let stubborn = try start("trap '' TERM; echo ready > ready; while :; do sleep 60; done", in: tree)
        try wait("the trap") { try FileStatus.ifExists(tree["ready"]) != nil }
        #expect(stubborn.stop(limitNanoseconds: 50_000_000) == 128 + 9)
    }

    @Test func `that cannot be started is an error of its start`() throws {
        let tree = try ScratchTree()
        let null = try ChildProcess.devNull()
        func attempt(_ path: BytePath, _ directory: BytePath? = nil) throws(SystemError) {
            _ = try ChildProcess.start(
                ChildProcess.Program(path, [], environment: [], directory: directory), input: null, output: null, errors: null)
        }
        #expect(throws: SystemError.self) { try attempt("/nowhere/program") }
        #expect(throws: SystemError.self) { try attempt("/bin/true", "/nowhere") }
        #expect(throws: SystemError.self) { try attempt(tree.path) }
    }

    @Test func `gets a pipe as input and another as its descriptor 3, and no other descriptor`() throws {
        let tree = try ScratchTree()
        let input = try ChildProcess.Pipe(named: "input"), extra = try ChildProcess.Pipe(named: "extra")
        let leak = try Descriptor.open(tree["leak"], .append)
        let output = try Descriptor.open(tree["output"], .append)
        let script = "cat; cat <&3; ls /proc/self/fd | tr '\\n' ' '"
        let program = ChildProcess.Program("/bin/sh", [Array("-c".utf8), Array(script.utf8)], environment: [Array("PATH=/usr/bin:/bin".utf8)])
        let child = try ChildProcess.start(program, input: input.read, output: output, errors: output, extra: extra.read)
        let one = Array("one ".utf8), two = Array("two ".utf8)
        let inputEnd = input.keepingWrite(), extraEnd = extra.keepingWrite()
        try inputEnd.write(one.span)
        try extraEnd.write(two.span)
        close(inputEnd)
        close(extraEnd)
        #expect(child.waitForExit(limitNanoseconds: 10_000_000_000) == 0)
        // 4 is the directory that ls reads.
        #expect(try text(tree, "output") == "one two 0 1 2 3 4 ")
        close(leak)
    }

    private func close(_ descriptor: consuming Descriptor) {}

    @Test(.enabled(if: Host.isRoot, "only root may start a program as another user")) func `runs as the user it is given`() throws {
        let tree = try ScratchTree()
        try Directory.setMode(tree.path, 0o755)
        let child = try start("id -u; id -g; id -G", in: tree, user: ChildProcess.User(userID: 65_534, groupID: 65_534))
        #expect(child.waitForExit(limitNanoseconds: 10_000_000_000) == 0)
        #expect(try text(tree, "output") == "65534\n65534\n65534\n")
    }

    @Test func `nobody stopped is killed with the value`() throws {
        let tree = try ScratchTree()
        var child: ChildProcess? = try start("exec sleep 60", in: tree)
        let process = try #require(child?.processID)
        child = nil
        #expect(!Host.processExists(process))
    }

    @Test func `does not outlive a parent that is killed`() throws {
        let tree = try ScratchTree()
        let program = ChildProcess.Program(
            try Child.ownExecutable(),
            ["--testing-library", "swift-testing", "--filter", "waitsToBeKilled"].map { Array($0.utf8) },
            environment: [Array("\(WaitingParent.variable)=\(tree.path)".utf8)])
        let null = try ChildProcess.devNull(), output = try Descriptor.open(tree["output"], .append)
        let parent = try ChildProcess.start(program, input: null, output: output, errors: output)
        try wait("the grandchild to run") { try FileStatus.ifExists(tree["grandchild"]) != nil }
        let grandchild = try #require(Int32(try text(tree, "grandchild")))
        #expect(Host.processExists(grandchild))
        #expect(parent.kill() == 128 + 9)
        try wait("the grandchild to die") { !Host.processExists(grandchild) }
    }
}

/// Not a test of its own: what the last test above starts, in this same program, to kill it.
@Suite struct WaitingParent {
    static let variable = "LIFEBOAT_TEST_WAITING_PARENT"

    @Test(.enabled(if: Host.environment(variable) != nil, "runs only as a child of another test")) func waitsToBeKilled() throws {
        let directory = BytePath(try #require(Host.environment(WaitingParent.variable)))
        let null = try ChildProcess.devNull()
        let program = ChildProcess.Program("/bin/sleep", [Array("60".utf8)], environment: [])
        let child = try ChildProcess.start(program, input: null, output: null, errors: null)
        let number = Array("\(child.processID)".utf8)
        try AtomicFile.write(number.span, to: directory.appending("grandchild"))
        _ = child.waitForExit(limitNanoseconds: 60_000_000_000)
    }
}
