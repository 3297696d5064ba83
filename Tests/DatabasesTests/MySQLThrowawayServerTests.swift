// MySQLThrowawayServerTests: a server of our own for a drill: it starts, works, stops, and nothing of it stays.

import Bytes
import Databases
import HostOS
import TestKit
import Testing

@Suite struct `A throw-away server` {
    private let tree: ScratchTree

    init() throws {
        tree = try ScratchTree()
        // The server's own account must be able to enter.
        try Directory.setMode(tree.path, 0o755)
    }

    private func options(_ change: (inout ThrowawayServer.Options) -> Void = { _ in }) -> ThrowawayServer.Options {
        var options = ThrowawayServer.Options(source: MySQLVersion("10.11.0-MariaDB"), directory: tree.path, startLimitSeconds: 60)
        change(&options)
        return options
    }

    private var leftovers: [String] { ((try? Directory.entries(of: tree.path)) ?? []).map { String(decoding: $0.name, as: UTF8.self) } }

    @Test func `starts like the source, takes data, stops and leaves nothing`() throws {
        let mode = "NO_ZERO_DATE,PIPES_AS_CONCAT"
        let server = try ThrowawayServer.start(
            options {
                $0.sqlMode = mode; $0.lowerCaseTableNames = 1
            })
        #expect(server.program.version.vendor == .mariadb)
        #expect(server.directory.parent == tree.path && server.isRunning)
        let status = try FileStatus.of(server.directory)
        #expect(status.mode & 0o777 == 0o700)
        do {
            let connection = try MySQLConnection(server.server, password: [])
            let row = try #require(
                try connection.query(
                    """
                    SELECT @@global.sql_mode, @@lower_case_table_names, @@event_scheduler, @@log_bin, @@skip_networking, @@local_infile, \
                    @@character_set_server
                    """, to: "look"
                ).first)
            #expect(Set(row.text(0).split(separator: ",")) == Set(mode.split(separator: ",")))
            #expect((1...6).map { row.text($0) } == ["1", "OFF", "0", "1", "1", "utf8mb4"])
            for statement: SQLText in ["CREATE DATABASE a", "CREATE TABLE a.b(c INT)", "INSERT INTO a.b VALUES (1)"] {
                try connection.execute(statement, to: "write")
            }
            #expect(try connection.query("SELECT c FROM a.B", to: "read").first?.text(0) == "1")
        }
        let process = server.processID
        server.stop()
        server.stop()
        #expect(!server.isRunning && !Host.processExists(process) && leftovers.isEmpty)
    }

    @Test(.enabled(if: Host.isRoot, "only root runs it as somebody else")) func `does not run as root`() throws {
        let server = try ThrowawayServer.start(options())
        let status = try FileStatus.of(BytePath("/proc/\(server.processID)"))
        #expect(status.userID != 0)
        #expect(try FileStatus.of(server.directory).userID == status.userID)
        server.stop()
    }

    @Test func `goes with its value, and two stand side by side`() throws {
        var first: ThrowawayServer? = try ThrowawayServer.start(options())
        let second = try ThrowawayServer.start(options())
        #expect(leftovers.count == 2)
        let process = try #require(first?.processID)
        first = nil
        #expect(!Host.processExists(process) && second.isRunning && leftovers.count == 1)
        second.stop()
        #expect(leftovers.isEmpty)
    }

    @Test func `whose directory a killed run left is cleared away by the next one, a running one's is not`() throws {
        let running = try ThrowawayServer.start(options())
        try Directory.create(tree["lifeboat-server-0123456789ab"])
        try Directory.create(tree["lifeboat-server-0123456789ab/d"])
        try AtomicFile.write([UInt8]().span, to: tree["lifeboat-server-0123456789ab/lock"])
        try Directory.create(tree["lifeboat-server-nothing-of-ours"])
        let next = try ThrowawayServer.start(options())
        #expect(Set(leftovers) == Set([running, next].map { String(decoding: $0.directory.name, as: UTF8.self) } + ["lifeboat-server-nothing-of-ours"]))
        #expect(running.isRunning)
    }

    @Test func `that does not start says why in its own words`() throws {
        let failure = #expect(throws: ThrowawayServerFailure.self) { _ = try ThrowawayServer.start(options { $0.sqlMode = "NO_SUCH_MODE" }) }
        guard case .didNotStart(_, _, let log)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(log.joined().contains("NO_SUCH_MODE"), "\(log)")
        #expect(leftovers.isEmpty)
    }

    @Test func `is refused with the command to install one where there is none`() throws {
        let failure = #expect(throws: ThrowawayServerFailure.self) { _ = try ThrowawayServer.start(options { $0.programPlaces = [tree.path] }) }
        #expect(failure == .notInstalled(.mariadb))
        #expect(failure?.failure.hint?.contains("apt-get install mariadb-server") == true)
    }

    @Test func `is refused where there is no room`() throws {
        let failure = #expect(throws: ThrowawayServerFailure.self) {
            _ = try ThrowawayServer.start(options { $0.expectedByteCount = 1 << 60 })
        }
        guard case .noPlace? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(leftovers.isEmpty)
    }

    @Test func `is of the source's vendor, then not older, then near`() throws {
        func program(_ name: String, _ version: String) throws {
            try tree.add(BytePath("\(name)/mysqld"), .file("#!/bin/sh\necho \"$0  Ver \(version) for Linux on x86_64\"\n", mode: 0o755))
            try tree.add(BytePath("\(name)/mariadb-install-db"), .file("#!/bin/sh\n", mode: 0o755))
        }
        try program("a", "10.6.3-MariaDB-log")
        try program("b", "11.4.2-MariaDB")
        try program("c", "10.11.9-MariaDB")
        try program("d", "8.4.0")
        try program("e", "nonsense")
        let places = ["a", "b", "c", "d", "e", "missing"].map { tree[BytePath($0)] }
        func choice(_ source: String) throws -> String {
            String(decoding: try ServerProgram.find(like: MySQLVersion(source), in: places).path.parent.name, as: UTF8.self)
        }
        #expect(try choice("10.11.2-MariaDB") == "c")
        #expect(try choice("10.6.1-MariaDB") == "a")
        #expect(try choice("10.6.99-MariaDB") == "a")
        #expect(try choice("11.0.1-MariaDB") == "b")
        #expect(try choice("11.8.1-MariaDB") == "b")
        #expect(try choice("8.0.30") == "d")
        #expect(ServerProgram.installed(in: places).count == 4)
    }

    @Test func `does not outlive a parent that is killed`() throws {
        let program = ChildProcess.Program(
            try Child.ownExecutable(),
            ["--testing-library", "swift-testing", "--filter", "waitsWithAServer"].map { Array($0.utf8) },
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "\(ParentWithAServer.variable)=\(tree.path)"].map { Array($0.utf8) })
        let null = try ChildProcess.devNull(), output = try Descriptor.open(tree["output"], .append)
        let parent = try ChildProcess.start(program, input: null, output: output, errors: output)
        for _ in 0..<6000 where try FileStatus.ifExists(tree["server"]) == nil { SystemClock().sleep(nanoseconds: 5_000_000) }
        let server = try #require(Int32(String(decoding: try AtomicFile.read(tree["server"], limit: 100), as: UTF8.self)))
        #expect(Host.processExists(server))
        parent.kill()
        for _ in 0..<2000 where Host.processExists(server) { SystemClock().sleep(nanoseconds: 5_000_000) }
        #expect(!Host.processExists(server))
        // Its directory waits for the next one.
        #expect(leftovers.contains { $0.hasPrefix("lifeboat-server-") })
        let next = try ThrowawayServer.start(options())
        next.stop()
        #expect(!leftovers.contains { $0.hasPrefix("lifeboat-server-") })
    }
}

/// Not a test of its own: what the last test above starts, in this same program, to kill it.
@Suite struct ParentWithAServer {
    static let variable = "LIFEBOAT_TEST_PARENT_WITH_A_SERVER"

    @Test(.enabled(if: Host.environment(variable) != nil, "runs only as a child of another test")) func waitsWithAServer() throws {
        let directory = BytePath(try #require(Host.environment(ParentWithAServer.variable)))
        let server = try ThrowawayServer.start(ThrowawayServer.Options(source: MySQLVersion("10.11.0-MariaDB"), directory: directory))
        let number = Array("\(server.processID)".utf8)
        try AtomicFile.write(number.span, to: directory.appending("server"))
        SystemClock().sleep(nanoseconds: 60_000_000_000)
    }
}
