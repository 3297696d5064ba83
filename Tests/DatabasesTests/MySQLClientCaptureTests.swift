// Dumps by the vendor's own program: whole or refused, and the password nowhere to be seen.

import Bytes
import Databases
import HostOS
import Synchronization
import Testing
import TestKit

@Suite struct `A dump by mariadb-dump` {
    private let password = "pa\"ss #w\\0rd'x"

    private func account(_ server: MariaDBServer, _ name: String, rows: Int) throws -> MySQLServer {
        let database = try server.newDatabase("client")
        try server.sql(
            """
            CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200), f FLOAT); INSERT INTO t SELECT seq, REPEAT('x', 200), seq FROM seq_1_to_\(rows);
            CREATE TABLE gone (a INT); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone; CREATE TABLE cache (id INT); INSERT INTO cache VALUES (424242);
            CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1;
            """, in: database)
        try server.sql(
            "CREATE USER \(name)@localhost IDENTIFIED BY 'pa\\\"ss #w\\\\0rd\\'x'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `\(database)`.* TO \(name)@localhost; GRANT SELECT ON mysql.proc TO \(name)@localhost"
        )
        return server.server(database, user: name)
    }

    private func run(_ target: MySQLServer, sink: any DumpSink) throws -> ServerManifest {
        try MySQLCapture.runClient(target, password: Array(password.utf8), options: MySQLCaptureOptions(structureOnly: ["cache"]), sink: sink)
    }

    @Test func `holds everything the program prints, and says what it cannot prove`() throws {
        let server = try MariaDBServer.shared(), scratch = try Scratch()
        let target = try account(server, "by_client", rows: 1000)
        let manifest = try run(target, sink: DirectorySink(root: scratch.root))
        let text = String(decoding: try DirectorySource(root: scratch.root).read(DumpPath.clientDump, limit: 1 << 26), as: UTF8.self)
        #expect(text.contains("CREATE TABLE `t`") && text.contains("FUNCTION `one`") && text.hasSuffix("-- Dump completed\n"))
        #expect(!text.contains("424242"))
        #expect(manifest.method == .client)
        #expect(manifest.table("t")?.rows.rowCount == 1000)
        #expect(manifest.notes.contains { $0.contains("six digits") && $0.contains("'t'") })
        #expect(manifest.notes.contains { $0.contains("'broken'") })
        #expect(try ServerManifest(json: manifest.json) == manifest)
    }

    @Test func `never shows the password to other processes`() throws {
        let server = try MariaDBServer.shared()
        let target = try account(server, "watched", rows: 300_000)
        let workers = Workers(), finished = Mutex(false)
        workers.start("dump") { [self] in
            defer { finished.withLock { $0 = true } }
            _ = try run(target, sink: DiscardingSink())
        }
        var sightings = 0, leaks: [String] = []
        while !finished.withLock({ $0 }) {
            for entry in try Directory.entries(of: "/proc") where entry.name.allSatisfy({ (0x30...0x39).contains($0) }) {
                let process = BytePath("/proc").appending(entry.name)
                guard let arguments = try? AtomicFile.read(process.appending("cmdline"), limit: 1 << 20), !arguments.isEmpty else { continue }
                let environment = (try? AtomicFile.read(process.appending("environ"), limit: 1 << 20)) ?? []
                let seen = String(decoding: arguments + environment, as: UTF8.self)
                if seen.contains("mariadb-dump") && seen.contains("watched") == false && seen.contains("--defaults-file=/dev/fd/3") { sightings += 1 }
                if seen.contains("#w\\0rd") { leaks.append(seen) }
            }
        }
        try workers.join()
        #expect(sightings > 0)
        #expect(leaks == [])
    }

    @Test func `is refused when the server dies in the middle`() throws {
        let server = try MariaDBServer(binaryLog: false)
        let target = try account(server, "interrupted", rows: 200_000)
        let sink = KillingSink(server)
        let failure = #expect(throws: MySQLFailure.self) { try run(target, sink: sink) }
        #expect(failure?.kind == .connectionLost || failure?.kind == .refused)
        #expect(sink.manifestCount == 0)
    }

    @Test func `needs the same privileges as lifeboat's own`() throws {
        let server = try MariaDBServer.shared()
        let target = try account(server, "no_trigger", rows: 1)
        try server.sql("REVOKE TRIGGER ON `\(try #require(target.database))`.* FROM no_trigger@localhost")
        let failure = #expect(throws: MySQLFailure.self) { try run(target, sink: DiscardingSink()) }
        #expect(failure?.hint?.contains("GRANT TRIGGER ON") == true)
    }
}

/// Kills the server when the first bytes arrive.
private final class KillingSink: DumpSink {
    private let server: MariaDBServer
    private let manifests = Mutex(0)

    init(_ server: MariaDBServer) { self.server = server }

    var manifestCount: Int { manifests.withLock { $0 } }
    func startOver() {}
    func lane() -> any DumpLane { Lane(self) }

    private final class Lane: DumpLane {
        let sink: KillingSink
        init(_ sink: KillingSink) { self.sink = sink }
        func begin(_ path: [[UInt8]]) { if path == DumpPath.manifest { sink.manifests.withLock { $0 += 1 } } }
        func write(_ bytes: Span<UInt8>) { sink.server.kill() }
        func end() {}
    }
}
