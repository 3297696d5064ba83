// TableLoader: tables created and filled from the files of a dump, several at a time, and large ones read back meanwhile.
//
// 1. The largest first, so that no long one is left for the end; each table on one connection.
// 2. CREATE TABLE without foreign keys, then one LOAD DATA LOCAL for all of its files, streamed: no temporary file, memory for one
//    buffer. Into an empty table with checks off InnoDB builds the indexes in one go (bulk insert), which is what makes it fast.
//    MariaDB's own statistics of a large table are paused for that time and made once afterwards (PausedStatistics).
// 3. Bytes of each file and rows of each table are counted: a file that ends early is damage, not a small table. LOAD DATA LOCAL turns
//    errors in rows into warnings and goes on; the count finds that too, and the warnings say why.
// 4. A large table that is loaded is cut into ranges of keys, and whoever has nothing to load reads one (LoadQueue). What was read goes to
//    the proof (ScratchProof), which reads everything else.

import Bytes
import HostOS

struct TableLoader: Sendable {
    /// A table to make.
    struct Job: Sendable {
        let table: ServerTable
        /// CREATE TABLE without foreign keys.
        let definition: SQLText
        /// Its rows are loaded; else only the structure is made.
        let isFilled: Bool

        /// Large enough that statements of its own cost nothing.
        var isLarge: Bool { isFilled && table.byteCount >= 8 << 20 }
    }

    struct Outcome: Sendable {
        /// What the server complained about, a line for each.
        var complaints: [String] = []
        var readBack: [SchemaText: ReadBack] = [:]
    }

    let server: RestoreServer
    let source: any DumpSource
    let database: SchemaText
    /// Whether the server lets clients load data; else rows go in INSERT statements.
    let loadsFiles: Bool
    /// Hears how many bytes were sent, from any thread; what it throws ends the load.
    let onBytes: @Sendable (Int) throws -> Void

    /// Makes and fills every table with `threadCount` connections.
    func run(_ jobs: [Job], threadCount: Int) throws -> Outcome {
        let queue = LoadQueue(jobs.sorted { $0.table.byteCount > $1.table.byteCount }), workers = Workers()
        for _ in 0..<max(1, min(threadCount, jobs.contains(where: \.isLarge) ? threadCount : jobs.count)) {
            workers.start("table loader", onFailure: { queue.stop() }) {
                let connection = try server.connect(database)
                var reader: RangeReader?
                while let step = queue.next() {
                    switch step {
                    case .load(let job):
                        let lines = try load(job, connection)
                        let open = try reader ?? RangeReader(server, database)
                        reader = open
                        queue.loaded(complaints: lines, toRead: job.isLarge ? try open.plan(job.table) : nil)
                    case .read(let layout, let task, let part):
                        let open = try reader ?? RangeReader(server, database)
                        reader = open
                        queue.read(layout, part, try open.read(task))
                    }
                }
            }
        }
        try workers.join()
        return queue.outcome
    }

    private func load(_ job: Job, _ connection: MySQLConnection) throws -> [String] {
        let table = job.table
        try connection.define(job.definition, to: "create the table '\(table.name)'")
        guard job.isFilled, !table.chunks.isEmpty else { return [] }
        if table.hasHistory && connection.version.vendor == .mariadb {
            try connection.execute("SET SESSION system_versioning_insert_history = 1", to: "restore the history of the table '\(table.name)'")
        }
        let statistics = job.isLarge ? PausedStatistics(table, connection) : nil
        let operation = "load the table '\(table.name)'"
        let stream = ChunkStream(table, source, server.server, onBytes)
        let (loaded, warnings) = try loadsFiles ? loadFile(stream, connection, operation) : RowInsertion(table, connection, operation).run(stream)
        guard loaded == table.rows.rowCount else {
            let why = warnings.first.map { ": \($0)" } ?? ""
            throw MySQLFailure(
                .differs, operation, server.server, "\(loaded) of \(table.rows.rowCount) rows were accepted\(why)")
        }
        try statistics?.goOn()
        return warnings.map { "table '\(table.name)': \($0)" }
    }

    private func loadFile(_ stream: ChunkStream, _ connection: MySQLConnection, _ operation: String) throws -> (rowCount: UInt64, warnings: [String]) {
        let statement = TableLoad.statement(stream.table.name, columns: stream.table.columns, file: stream.table.name)
        let loaded = try connection.loadLocalInfile(statement, to: operation) { (buffer: inout MutableSpan<UInt8>) throws in
            try stream.read(into: &buffer)
        }
        return (loaded, try connection.firstWarnings())
    }
}

extension MySQLConnection {
    /// What the server complained about in the last statement: three lines at most.
    func firstWarnings() throws(MySQLFailure) -> [String] {
        if warningCount == 0 { return [] }
        return try query("SHOW WARNINGS LIMIT 3", to: "read warnings").map { BytePath.display($0[2] ?? []) }
    }
}

/// The files of a table, one after the other, as one stream.
final class ChunkStream {
    let table: ServerTable
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
