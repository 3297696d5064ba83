// Connections to a real MariaDB: values, names, failures, local files.

import Bytes
import Databases
import HostOS
import Synchronization
import Testing
import TestKit

extension MariaDBServer {
    func server(_ database: String? = nil, user: String = "root") -> MySQLServer {
        MySQLServer(.socket(socket), user: user, database: database.map { SchemaText($0) })
    }

    func connect(_ database: String? = nil) throws -> MySQLConnection { try MySQLConnection(server(database), password: []) }
}

@Suite struct `A connection to a MariaDB server` {
    @Test func `knows whom it talks to`() throws {
        let connection = try MariaDBServer.shared().connect()
        #expect(connection.version.vendor == .mariadb)
        #expect(connection.version.isAtLeast(10, 5))
    }

    @Test func `gives values as bytes and NULL as nil`() throws {
        let connection = try MariaDBServer.shared().connect()
        let rows = try connection.query("SELECT 1 AS one, NULL AS nothing, '' AS empty, 'ä🎒' AS text, 0x00ff0a AS raw", to: "ask")
        let row = try #require(rows.first)
        #expect(row.names == ["one", "nothing", "empty", "text", "raw"])
        #expect(row.unsigned("one") == 1)
        #expect(row["nothing"] == nil)
        #expect(row["EMPTY"] == [])
        #expect(row.text("text") == "ä🎒")
        #expect(row["raw"] == [0, 255, 10])
    }

    @Test func `quotes names and literals so that the server reads them as they were`() throws {
        let server = try MariaDBServer.shared()
        let connection = try server.connect(server.newDatabase())
        let name = SchemaText("a`b \"c\" 'd' %/é")
        try connection.execute("CREATE TABLE \(identifier: name) (v VARBINARY(300))", to: "create")
        let value = SchemaText(Array(0...255))
        try connection.execute("INSERT INTO \(identifier: name) VALUES (\(literal: value))", to: "insert")
        #expect(try connection.query("SELECT v FROM \(identifier: name)", to: "read").first?[0] == value.bytes)
        #expect(try connection.query("SHOW TABLES", to: "list").first?.schemaText(0) == name)
    }

    @Test func `streams rows, and is cut when the reader stops in the middle`() throws {
        let connection = try MariaDBServer.shared().connect("mysql")
        var sum: UInt64 = 0
        try connection.stream("SELECT seq FROM seq_1_to_100000", to: "read") { row in
            sum += row.withBytes(0) { UInt64(String(decoding: [UInt8](copying: $0), as: UTF8.self)) ?? 0 } ?? 0
        }
        #expect(sum == 5_000_050_000)
        struct Enough: Error {}
        #expect(throws: Enough.self) {
            try connection.stream("SELECT seq FROM seq_1_to_100000000", to: "read") { _ in throw Enough() }
        }
        #expect(throws: MySQLFailure.self) { try connection.execute("SELECT 1", to: "go on") }
    }

    @Test func `loads a local file from memory`() throws {
        let server = try MariaDBServer.shared()
        let connection = try server.connect(server.newDatabase())
        try connection.execute("CREATE TABLE t (a INT PRIMARY KEY, b TEXT)", to: "create")
        var pending = Array((1...50_000).map { "\($0)\ttext \($0)\n" }.joined().utf8)[...]
        let loaded = try connection.loadLocalInfile("LOAD DATA LOCAL INFILE 'x' INTO TABLE t", to: "load") { buffer in
            let count = min(buffer.count, pending.count)
            for index in 0..<count { buffer[index] = pending[pending.startIndex + index] }
            pending.removeFirst(count)
            return count
        }
        #expect(loaded == 50_000)
        #expect(try connection.query("SELECT SUM(a), MAX(b) FROM t", to: "sum").first?.text(0) == "1250025000")
    }

    @Test func `throws what the source of a local file throws`() throws {
        struct Broken: Error {}
        let server = try MariaDBServer.shared()
        let connection = try server.connect(server.newDatabase())
        try connection.execute("CREATE TABLE t (a INT)", to: "create")
        #expect(throws: Broken.self) {
            _ = try connection.loadLocalInfile("LOAD DATA LOCAL INFILE 'x' INTO TABLE t", to: "load") { _ in throw Broken() }
        }
    }

    @Test func `never hands a file of ours to the server`() throws {
        let server = try MariaDBServer.shared()
        let connection = try server.connect(server.newDatabase())
        try connection.execute("CREATE TABLE t (a TEXT)", to: "create")
        #expect(throws: MySQLFailure.self) {
            try connection.execute("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t", to: "load")
        }
    }

    @Test func `says what was refused, by whom and what to do`() throws {
        let server = try MariaDBServer.shared()
        let missing = #expect(throws: MySQLFailure.self) { try MySQLConnection(server.server("no_such_db"), password: []) }
        #expect(missing?.kind == .missing)
        let refused = #expect(throws: MySQLFailure.self) { try MySQLConnection(server.server(user: "nobody"), password: Array("s3cr3t-word".utf8)) }
        #expect(refused?.kind == .loginRefused)
        #expect(refused?.failure.description.contains("s3cr3t") == false)
        let absent = #expect(throws: MySQLFailure.self) {
            try MySQLConnection(MySQLServer(.socket("/nonexistent/sock"), user: "root"), password: [])
        }
        #expect(absent?.kind == .unreachable)
        #expect(absent?.failure.code == .unreachable)
        let syntax = #expect(throws: MySQLFailure.self) { try server.connect().execute("SELEKT", to: "try it") }
        #expect(syntax?.number == 1064)
        #expect(syntax?.description.contains("could not try it on root@") == true)
    }

    @Test func `uses the password it was given`() throws {
        let server = try MariaDBServer.shared()
        try server.sql("CREATE USER IF NOT EXISTS pw_user@localhost IDENTIFIED BY 'pa\"ss #w\\\\'")
        let connection = try MySQLConnection(server.server(user: "pw_user"), password: Array("pa\"ss #w\\".utf8))
        #expect(try connection.query("SELECT CURRENT_USER()", to: "ask").first?.text(0) == "pw_user@localhost")
    }

    @Test func `notices at once that the server is gone`() throws {
        let server = try MariaDBServer(binaryLog: false)
        let connection = try server.connect()
        server.kill()
        let failure = #expect(throws: MySQLFailure.self) { try connection.execute("SELECT 1", to: "ask") }
        #expect(failure?.kind == .connectionLost)
    }
}
