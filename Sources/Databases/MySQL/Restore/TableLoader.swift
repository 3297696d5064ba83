// TableLoader: tables created and filled from the files of a dump, several at a time.
//
// 1. The largest first, so that no long one is left for the end; each table on one connection.
// 2. CREATE TABLE without foreign keys, then one LOAD DATA LOCAL for all of its files, streamed: no temporary file, memory for one
//    buffer. Into an empty table with checks off InnoDB builds the indexes in one go (bulk insert), which is what makes it fast.
// 3. Bytes of each file and rows of each table are counted: a file that ends early is damage, not a small table. LOAD DATA LOCAL turns
//    errors in rows into warnings and goes on; the count finds that too, and the warnings say why.
//
// Values are proved afterwards, by reading the tables again.

import Bytes
import HostOS
import Synchronization

struct TableLoader: Sendable {
    /// A table to make.
    struct Job: Sendable {
        let table: ServerTable
        /// CREATE TABLE without foreign keys.
        let definition: SQLText
        /// Its rows are loaded; else only the structure is made.
        let isFilled: Bool
    }

    let server: RestoreServer
    let source: any DumpSource
    let database: SchemaText
    /// Hears how many bytes were sent, from any thread; what it throws ends the load.
    let onBytes: @Sendable (Int) throws -> Void

    /// Makes and fills every table with `threadCount` connections. Returns what the server complained about, a line for each.
    func run(_ jobs: [Job], threadCount: Int) throws -> [String] {
        let sorted = jobs.sorted { $0.table.byteCount > $1.table.byteCount }
        let next = Mutex(0), complaints = Mutex<[String]>([]), workers = Workers()
        for _ in 0..<max(1, min(threadCount, sorted.count)) {
            workers.start("table loader") {
                let connection = try server.connect(database)
                while !workers.failed {
                    let index = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard index < sorted.count else { return }
                    let lines = try load(sorted[index], connection)
                    if !lines.isEmpty { complaints.withLock { $0 += lines } }
                }
            }
        }
        try workers.join()
        return complaints.withLock { $0 }
    }

    private func load(_ job: Job, _ connection: MySQLConnection) throws -> [String] {
        let table = job.table
        try connection.define(job.definition, to: "create the table '\(table.name)'")
        guard job.isFilled, !table.chunks.isEmpty else { return [] }
        if table.hasHistory && connection.version.vendor == .mariadb {
            try connection.execute("SET SESSION system_versioning_insert_history = 1", to: "restore the history of the table '\(table.name)'")
        }
        let operation = "load the table '\(table.name)'"
        let stream = ChunkStream(table, source, server.server, onBytes)
        let statement = TableLoad.statement(table.name, columns: table.columns, file: table.name)
        let loaded = try connection.loadLocalInfile(statement, to: operation) { (buffer: inout MutableSpan<UInt8>) throws in
            try stream.read(into: &buffer)
        }
        let warnings = connection.warningCount == 0 ? [] : try self.warnings(connection)
        guard loaded == table.rows.rowCount else {
            let why = warnings.first.map { ": \($0)" } ?? ""
            throw MySQLFailure(
                .differs, operation, server.server, "\(loaded) of \(table.rows.rowCount) rows were accepted\(why)")
        }
        return warnings.map { "table '\(table.name)': \($0)" }
    }

    private func warnings(_ connection: MySQLConnection) throws(MySQLFailure) -> [String] {
        try connection.query("SHOW WARNINGS LIMIT 3", to: "read warnings").map { BytePath.display($0[2] ?? []) }
    }
}

/// The files of a table, one after the other, as one stream.
private final class ChunkStream {
    private let table: ServerTable
    private let source: any DumpSource
    private let server: MySQLServer
    private let onBytes: @Sendable (Int) throws -> Void
    private var index = 0
    private var file: (any DumpFile)?
    private var byteCount: UInt64 = 0

    init(_ table: ServerTable, _ source: any DumpSource, _ server: MySQLServer, _ onBytes: @escaping @Sendable (Int) throws -> Void) {
        self.table = table
        self.source = source
        self.server = server
        self.onBytes = onBytes
    }

    func read(into buffer: inout MutableSpan<UInt8>) throws -> Int {
        while index < table.chunks.count {
            let chunk = table.chunks[index]
            let open = try file ?? source.open(DumpPath.data(table.name, chunk.file))
            file = open
            let count = try open.read(into: &buffer)
            byteCount += UInt64(count)
            if count > 0 && byteCount <= chunk.byteCount {
                try onBytes(count)
                return count
            }
            guard byteCount == chunk.byteCount else {
                throw MySQLFailure(
                    .damaged, "load the table '\(table.name)'", server,
                    "the file '\(chunk.file)' of the snapshot has \(byteCount)\(count > 0 ? " or more" : "") bytes instead of \(chunk.byteCount)")
            }
            index += 1
            file = nil
            byteCount = 0
        }
        return 0
    }
}
