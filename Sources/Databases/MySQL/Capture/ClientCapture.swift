// ClientCapture: a dump made by the vendor's own program (`method: client`): a fallback, and a cross-check of what lifeboat reads itself.
//
// 1. The program is chosen by the server's vendor; MariaDB's program for MySQL, or the other way round, fails or loses things.
// 2. Privileges are checked and definitions read as for lifeboat's own dump: the program passes over in silence what it may not see.
//    Views that cannot be used would stop it, and are left out and named.
// 3. The password goes through a pipe that only the program holds, as its option file; no option file of the machine is read.
// 4. What it prints becomes `dump.sql` as it comes. It counts as whole if the program ends with 0, has said nothing on standard error,
//    and its last line is "-- Dump completed": each of the three alone has been seen to lie.
//
// Less than lifeboat's own: no hash of any row (FLOAT loses digits in it), counts from a moment shortly before, one file that changes as
// a whole. The manifest's notes say so.

import Bytes
import HostOS
import Synchronization

extension MySQLCapture {
    /// Dumps `server.database` into `sink` with mariadb-dump or mysqldump.
    ///
    /// - Throws: `MySQLFailure`; what the sink throws. Then the sink holds no manifest, and must be thrown away.
    package static func runClient(
        _ server: MySQLServer, password: [UInt8], options: MySQLCaptureOptions = MySQLCaptureOptions(), sink: any DumpSink
    ) throws -> ServerManifest {
        try ClientCapture(server, password, options, sink).run()
    }
}

private struct ClientCapture {
    let server: MySQLServer
    let password: [UInt8]
    let options: MySQLCaptureOptions
    let sink: any DumpSink
    let control: MySQLConnection
    let database: SchemaText

    init(_ server: MySQLServer, _ password: [UInt8], _ options: MySQLCaptureOptions, _ sink: any DumpSink) throws(MySQLFailure) {
        guard let named = server.database else {
            throw MySQLFailure(.missing, "back up a database", server, "no database is named", hint: "name it in the configuration")
        }
        self.server = server
        self.password = password
        self.options = options
        self.sink = sink
        control = try MySQLSession.openForReading(server, password)
        database = try MySQLSession.database(of: control) ?? named
    }

    func run() throws -> ServerManifest {
        let started = Timestamp(options.clock.now())
        let grants = try GrantCheck(control, database)
        if options.checksGrants, let failure = grants.failure(server, database) { throw failure }
        let program = try dumpProgram()
        let schema = try SchemaReader(connection: control, database: database).read()
        let tables = try schema.layouts.map { layout in try counted(layout) }
        let lane = try sink.lane()
        try lane.begin(DumpPath.clientDump)
        try dump(program, try arguments(schema, grants), into: lane)
        try lane.end()
        let settings = try control.query("SELECT @@GLOBAL.sql_mode, @@lower_case_table_names", to: "read the server's settings").first
        let manifest = ServerManifest(
            method: .client, vendor: control.version.vendor, serverVersion: control.version.text, database: database,
            sqlMode: settings?.text(0) ?? "", lowerCaseTableNames: settings?.unsigned(1) ?? 0, characterSet: schema.characterSet,
            collation: schema.collation, coordinates: nil, captureStarted: started, captureEnded: Timestamp(options.clock.now()),
            objects: schema.entries.map(\.object), tables: tables, notes: notes(schema, program))
        try lane.file(DumpPath.manifest, manifest.json)
        return manifest
    }

    // MARK: What to call

    private func dumpProgram() throws(MySQLFailure) -> BytePath {
        let isMariaDB = control.version.vendor == .mariadb
        let candidates = isMariaDB ? Host.programs(named: "mariadb-dump", "mysqldump") : Host.programs(named: "mysqldump")
        for path in candidates {
            guard let answer = try? Child.run(path, [Array("--version".utf8)], environment: []), answer.exitStatus == 0 else { continue }
            if answer.outputText.contains("MariaDB") == isMariaDB { return path }
        }
        throw MySQLFailure(
            .unsupported, "back up the database '\(database)' with the client's program", server,
            "there is no \(isMariaDB ? "mariadb-dump" : "mysqldump") of \(isMariaDB ? "MariaDB" : "MySQL") on the PATH",
            hint: isMariaDB ? "install mariadb-client, or leave out `method: client`" : "install mysql-client, or leave out `method: client`")
    }

    private func arguments(_ schema: DatabaseSchema, _ grants: GrantCheck) throws(MySQLFailure) -> [[UInt8]] {
        let isMariaDB = control.version.vendor == .mariadb
        var words = ["--defaults-file=/dev/fd/3"]
        switch server.address {
        case .socket(let path): words += ["--protocol=socket", "--socket=\(path)"]
        case .tcp(let host, let port): words += ["--protocol=tcp", "--host=\(host)", "--port=\(port)"]
        }
        words += [
            "--default-character-set=utf8mb4", "--single-transaction", "--quick", "--skip-lock-tables", "--routines", "--triggers", "--events",
            "--hex-blob", "--no-tablespaces", "--skip-dump-date", "--order-by-primary", "--max-allowed-packet=1G", "--net-buffer-length=1M",
        ]
        let hasLog = try control.query("SELECT @@log_bin", to: "ask for the binary log").first?.unsigned(0) == 1
        if isMariaDB {
            if hasLog { words += ["--master-data=2", "--gtid"] }
            if schema.layouts.contains(where: \.hasHistory) && control.version.isAtLeast(10, 11) { words.append("--dump-history") }
        } else {
            words += ["--set-gtid-purged=OFF", "--column-statistics=0"]
            let seesLog = grants.holdsGlobally("RELOAD") && grants.holdsGlobally("REPLICATION CLIENT")
            if hasLog && seesLog && control.version.isAtLeast(8, 0, 26) { words.append("--source-data=2") }
        }
        switch server.encryption {
        case .plain: break
        case .encrypted: words += isMariaDB ? ["--ssl"] : ["--ssl-mode=REQUIRED"]
        case .verified(let authority): words += ["--ssl-ca=\(authority)"] + (isMariaDB ? ["--ssl-verify-server-cert"] : ["--ssl-mode=VERIFY_IDENTITY"])
        }
        var bytes = words.map { Array($0.utf8) }
        for view in schema.entries(.view) where view.object.problem != nil { bytes.append(excluding("--ignore-table=", view.object.name)) }
        if isMariaDB {
            for layout in schema.layouts where options.keepsOnlyStructure(layout.name) { bytes.append(excluding("--ignore-table-data=", layout.name)) }
        }
        return bytes + [database.bytes]
    }

    private func excluding(_ option: String, _ name: SchemaText) -> [UInt8] {
        Array(option.utf8) + database.bytes + [UInt8(ascii: ".")] + name.bytes
    }

    /// The option file: user and password quoted as the programs unquote them.
    private var optionFile: [UInt8] {
        func quoted(_ value: [UInt8]) -> [UInt8] {
            let escaped = value.flatMap { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") ? [UInt8(ascii: "\\"), $0] : [$0] }
            return [UInt8(ascii: "\"")] + escaped + [UInt8(ascii: "\""), 0x0a]
        }
        return Array("[client]\nuser=".utf8) + quoted(Array(server.user.utf8)) + Array("password=".utf8) + quoted(password)
    }

    // MARK: Running it

    private func dump(_ program: BytePath, _ arguments: [[UInt8]], into lane: any DumpLane) throws {
        let output = try ChildProcess.Pipe(named: program), errors = try ChildProcess.Pipe(named: program), secret = try ChildProcess.Pipe(named: program)
        // A few hundred bytes: they fit into the pipe before anyone reads.
        try secret.write.write(optionFile.span)
        let environment = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent"].map { Array($0.utf8) }
        let process = try ChildProcess.start(
            ChildProcess.Program(program, arguments, environment: environment), input: ChildProcess.devNull(), output: output.write,
            errors: errors.write, extra: secret.read)
        let results = output.keepingRead(), complaints = ErrorOutput(errors.keepingRead())
        _ = secret.keepingRead()
        var tail: [UInt8] = []
        while true {
            let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try results.read(into: &span) }
            if piece.isEmpty { break }
            try lane.write(piece.span)
            tail = Array((tail + piece.suffix(256)).suffix(256))
        }
        let status = process.waitForExit(limitNanoseconds: 60_000_000_000) ?? process.kill()
        try judge(program, status, complaints.text(), lastLine: tail)
    }

    private func judge(_ program: BytePath, _ status: Int32, _ complaints: [UInt8], lastLine tail: [UInt8]) throws(MySQLFailure) {
        let name = String(decoding: program.name, as: UTF8.self), operation = "back up the database '\(database)' with \(name)"
        let said = complaints.isEmpty ? "" : ": " + BytePath.display(Array(complaints.prefix(500)))
        guard status == 0, complaints.isEmpty else {
            throw MySQLFailure(status == 3 ? .connectionLost : .refused, operation, server, "it ended with status \(status)\(said)")
        }
        let lines = tail.split(separator: 0x0a)
        guard lines.last?.starts(with: Array("-- Dump completed".utf8)) == true else {
            throw MySQLFailure(.refused, operation, server, "its output ends in the middle")
        }
    }

    /// Collects standard error on a thread of its own, so that a full pipe cannot stop the program; the first 64 KiB of it.
    private final class ErrorOutput {
        private let workers = Workers()
        private let collected = SharedBytes()

        init(_ source: consuming Descriptor) {
            let file = DescriptorBox(source)
            workers.start("dump errors") { [collected] in
                while true {
                    let piece = try [UInt8](byteCount: 1 << 12) { (span: inout MutableSpan<UInt8>) throws in try file.descriptor.read(into: &span) }
                    if piece.isEmpty { return }
                    collected.append(piece)
                }
            }
        }

        func text() -> [UInt8] {
            try? workers.join()
            return collected.bytes
        }
    }

    private final class DescriptorBox: Sendable {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    private final class SharedBytes: Sendable {
        private let content = Mutex<[UInt8]>([])
        func append(_ piece: [UInt8]) { content.withLock { if $0.count < 1 << 16 { $0 += piece } } }
        var bytes: [UInt8] { content.withLock { $0 } }
    }

    // MARK: What is known of it

    /// A table with its number of rows, which stands in the manifest as one file without a hash.
    private func counted(_ layout: TableLayout) throws(MySQLFailure) -> ServerTable {
        let isExcluded = !layout.hasRowsOfItsOwn || (control.version.vendor == .mariadb && options.keepsOnlyStructure(layout.name))
        var chunks: [TableChunk] = []
        if !isExcluded {
            let rows = try control.query("SELECT COUNT(*) FROM \(sql: TableReader.source(layout))", to: "count the rows of '\(layout.name)'").first?.unsigned(0)
            chunks = [TableChunk(file: "dump.sql", byteCount: 0, rows: RowSum(rowCount: rows ?? 0))]
        }
        return ServerTable(
            name: layout.name, engine: layout.engine, columns: layout.columns, hasHistory: layout.hasHistory, isExcluded: isExcluded,
            autoIncrement: layout.autoIncrement, chunks: chunks)
    }

    private func notes(_ schema: DatabaseSchema, _ program: BytePath) -> [String] {
        let name = String(decoding: program.name, as: UTF8.self)
        var notes = ["made by \(name): rows are counted, shortly before the dump, but their values cannot be proved; its binary log position stands in dump.sql"]
        let floats = schema.layouts.filter { $0.columns.contains { $0.reading == .asDouble } }.map { "'\($0.name)'" }
        if !floats.isEmpty { notes.append("\(name) writes FLOAT columns with six digits: values may be lost in \(floats.joined(separator: ", "))") }
        for view in schema.entries(.view) {
            if let problem = view.object.problem { notes.append("the view '\(view.object.name)' cannot be used and is not in this dump: \(problem)") }
        }
        let loose = schema.layouts.filter { !$0.isTransactional }.map { "'\($0.name)'" }
        if !loose.isEmpty { notes.append("no snapshot covers these tables: \(loose.joined(separator: ", "))") }
        let kept = schema.layouts.filter { options.keepsOnlyStructure($0.name) }.map { "'\($0.name)'" }
        if control.version.vendor == .mysql && !kept.isEmpty { notes.append("mysqldump cannot leave out rows alone: those of \(kept.joined(separator: ", ")) are here") }
        return notes
    }
}
