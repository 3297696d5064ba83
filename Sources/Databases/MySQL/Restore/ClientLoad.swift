// ClientLoad: a dump of the vendor's own program (`dump.sql`), loaded by the vendor's own client into the scratch database.
//
// 1. The file is read once to its end: without the line `-- Dump completed` it was cut, and a client would load the half of it without a
//    word. 2. It is read again into the client's standard input. 3. Anything on the client's standard error is a failure.
//
// The password goes through a pipe that the client reads as its option file (descriptor 3): no argument, no environment, no file has it.
// Such a dump has no hashes: tables and rows are counted against the manifest.

import Bytes
import HostOS

extension ScratchBuilder {
    /// - Parameter program: the client; nil: looked for by the server's vendor.
    func loadWithClient(_ connection: MySQLConnection, program: BytePath?) throws -> Built {
        if !makesEvents && !manifest.objects(.event).isEmpty {
            throw MySQLFailure(
                .unsupported, "restore the database '\(manifest.database)'", server.server, "its events would run in the scratch database while it is loaded",
                hint: "run `SET GLOBAL event_scheduler = OFF` for the time of the restore")
        }
        try checkFooter()
        try connection.define(
            """
            CREATE DATABASE \(identifier: scratch) CHARACTER SET \(literal: SchemaText(manifest.characterSet)) \
            COLLATE \(literal: SchemaText(manifest.collation))
            """, to: "make the scratch database")
        try StockClient(server: server, vendor: connection.version.vendor, program: program).load(
            try source.open(DumpPath.clientDump), into: scratch, onBytes: onBytes)
        try connection.execute("USE \(identifier: scratch)", to: "make the scratch database")
        return try contents(connection)
    }

    private func checkFooter() throws {
        let file = try source.open(DumpPath.clientDump), footer = Array("-- Dump completed".utf8)
        var tail: [UInt8] = []
        while true {
            let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try file.read(into: &span) }
            if piece.isEmpty { break }
            tail = Array((tail + piece).suffix(4096))
        }
        guard let last = tail.split(separator: 0x0a).last, last.starts(with: footer) else {
            throw MySQLFailure(
                .damaged, "restore the database '\(manifest.database)'", server.server,
                "the dump is not complete: its last line is not '-- Dump completed'")
        }
    }

    /// What the client made, as the server shows it.
    private func contents(_ connection: MySQLConnection) throws -> Built {
        let reading = try MySQLSession.openForReading(server.server.with(database: scratch), server.password)
        let schema = try SchemaReader(connection: reading, database: scratch).read(), chosen = selection.names
        var built = Built(
            content: ScratchContent(characterSet: manifest.characterSet, collation: manifest.collation, sourceDatabase: manifest.database))
        for entry in schema.entries {
            let object = entry.object, isSelected = selection.isWhole || chosen.contains(object.table)
            switch object.kind {
            case .table, .sequence:
                guard isSelected else { continue }
                built.content.swapped.append(object.name)
                if !selection.isWhole { try deferForeignKeys(entry, chosen, connection, &built) }
            case .trigger: if isSelected { built.content.triggers.append(ScratchContent.Definition(object: object, text: entry.sql.bytes)) }
            default: if selection.isWhole { built.content.definitions.append(ScratchContent.Definition(object: object, text: entry.sql.bytes)) }
            }
        }
        return built
    }
}

extension ScratchBuilder {
    /// Foreign keys that lead out of the chosen tables lead to the live ones in the end: here they go, after the swap they are made.
    private func deferForeignKeys(
        _ entry: SchemaEntry, _ chosen: Set<SchemaText>, _ connection: MySQLConnection, _ built: inout Built
    ) throws(MySQLFailure) {
        let table = entry.object.name
        for key in TableDefinition(entry.sql.bytes).foreignKeys where key.referencedDatabase == nil && !chosen.contains(key.referencedTable) {
            try connection.define(
                "ALTER TABLE \(scratch, table) DROP FOREIGN KEY \(identifier: key.name)", to: "prepare the foreign keys of the table '\(table)'")
            built.content.deferredForeignKeys.append(ScratchContent.DeferredKey(table: table, key: key))
        }
    }
}

/// The program `mariadb` or `mysql`, reading SQL.
struct StockClient {
    let server: RestoreServer
    let vendor: MySQLVersion.Vendor
    let program: BytePath?

    private static let operation = "load the dump with the stock client"

    func load(_ file: any DumpFile, into database: SchemaText, onBytes: @Sendable (Int) throws -> Void) throws {
        let optionFile = try ChildProcess.Pipe(named: "option file of the client"), input = try ChildProcess.Pipe(named: "input of the client")
        let errors = try ChildProcess.Pipe(named: "errors of the client"), null = try ChildProcess.devNull()
        let environment = ["PATH=\(Host.environment("PATH") ?? "/usr/bin:/bin")", "LC_ALL=C.UTF-8"].map { Array($0.utf8) }
        let process = try ChildProcess.start(
            ChildProcess.Program(try executable(), arguments(database), environment: environment), input: input.read, output: null,
            errors: errors.write, extra: optionFile.read)
        let options = optionFile.keepingWrite(), text = optionText
        try options.write(text.span)
        Self.close(options)
        let complaints = Complaints(errors.keepingRead())
        let feed = input.keepingWrite()
        var sendFailure: (any Error)? = nil
        do {
            try Self.send(file, to: feed, onBytes)
        } catch {
            sendFailure = error
            process.kill()
        }
        let status = process.waitForExit(limitNanoseconds: .max / 4) ?? -1, words = complaints.text()
        guard status == 0, words.isEmpty else {
            // The client's own words say more than our broken pipe.
            if words.isEmpty, let sendFailure { throw sendFailure }
            throw MySQLFailure(.refused, Self.operation, server.server, words.isEmpty ? "it ended with status \(status)" : words)
        }
        if let sendFailure { throw sendFailure }
    }

    private static func close(_ descriptor: consuming Descriptor) {}

    /// Closes its end of the pipe when all is sent.
    private static func send(_ file: any DumpFile, to input: consuming Descriptor, _ onBytes: @Sendable (Int) throws -> Void) throws {
        // The first line of newer MariaDB dumps (`/*M!999999\- enable the sandbox mode */`) is an error for every other client.
        var isFirst = true
        while true {
            var piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try file.read(into: &span) }
            if piece.isEmpty { return }
            try onBytes(piece.count)
            if isFirst, piece.starts(with: Array("/*M!999999".utf8)), let end = piece.firstIndex(of: 0x0a) { piece.removeFirst(end + 1) }
            isFirst = false
            try input.write(piece.span)
        }
    }

    // MARK: Command line

    private func executable() throws -> BytePath {
        if let program { return program }
        if let program = (vendor == .mariadb ? Host.programs(named: "mariadb", "mysql") : Host.programs(named: "mysql")).first { return program }
        throw MySQLFailure(
            .unsupported, Self.operation, server.server, "the program '\(vendor == .mariadb ? "mariadb" : "mysql")' is not installed on this machine",
            hint: "`apt-get install \(vendor == .mariadb ? "mariadb-client" : "mysql-client")`")
    }

    private func arguments(_ database: SchemaText) -> [[UInt8]] {
        var words = ["--defaults-file=/dev/fd/3", "--default-character-set=utf8mb4", "--binary-mode", "--max-allowed-packet=1G", "--batch"]
        var names = [Array("--database=".utf8) + database.bytes]
        switch server.server.address {
        case .socket(let path):
            words.append("--protocol=socket")
            names.append(Array("--socket=".utf8) + path.bytes)
        case .tcp(let host, let port): words += ["--protocol=tcp", "--host=\(host)", "--port=\(port)"]
        }
        switch (server.server.encryption, vendor) {
        case (.plain, _): break
        case (.encrypted, .mariadb): words.append("--ssl")
        case (.encrypted, .mysql): words.append("--ssl-mode=REQUIRED")
        case (.verified(let authority), .mariadb): words += ["--ssl-ca=\(authority)", "--ssl-verify-server-cert"]
        case (.verified(let authority), .mysql): words += ["--ssl-ca=\(authority)", "--ssl-mode=VERIFY_IDENTITY"]
        }
        words.append("--init-command=SET SESSION foreign_key_checks = 0, unique_checks = 0\(server.writesBinaryLog ? "" : ", sql_log_bin = 0")")
        return words.map { Array($0.utf8) } + names
    }

    private var optionText: [UInt8] {
        Array("[client]\nuser=\"".utf8) + Self.escaped(Array(server.server.user.utf8)) + Array("\"\npassword=\"".utf8) + Self.escaped(server.password)
            + Array("\"\n".utf8)
    }

    private static func escaped(_ text: [UInt8]) -> [UInt8] {
        text.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): [UInt8(ascii: "\\"), byte]
            case 0x0a: Array("\\n".utf8)
            case 0x09: Array("\\t".utf8)
            case 0x0d: Array("\\r".utf8)
            default: [byte]
            }
        }
    }

    /// What the client says on standard error, collected while we are busy with its input.
    private final class Complaints {
        private let collected = BoundedQueue<[UInt8]>(limit: 1)
        private let workers = Workers()

        init(_ source: consuming Descriptor) {
            let held = Held(source)
            let collected = collected
            workers.start("client errors") {
                var text: [UInt8] = []
                while true {
                    let piece = try [UInt8](byteCount: 1 << 12) { (span: inout MutableSpan<UInt8>) throws(SystemError) in
                        try held.descriptor.read(into: &span)
                    }
                    if piece.isEmpty { break }
                    text = Array((text + piece).prefix(1 << 12))
                }
                collected.push(text)
            }
        }

        func text() -> String {
            try? workers.join()
            let text = collected.tryPop() ?? []
            return text.split(separator: 0x0a).map { BytePath.display(Array($0)) }.joined(separator: " | ")
        }

        private final class Held: Sendable {
            let descriptor: Descriptor
            init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
        }
    }
}
