// RowInsertion: the rows of a table as INSERT statements, for a server that does not let clients load data (`local_infile` off, as MySQL has
// it unless told otherwise).
//
// The same rows as LOAD DATA would make of the files (InsertText), of about half a MiB each and never more than half of what the server
// takes, in one transaction for each 32 MiB. About twice as slow; the proof afterwards is the same.

import Bytes

struct RowInsertion {
    private let connection: MySQLConnection
    private let operation: String
    private let table: ServerTable
    private let packetByteCount: Int
    private static let transactionByteCount = 32 << 20

    init(_ table: ServerTable, _ connection: MySQLConnection, _ operation: String) throws(MySQLFailure) {
        self.table = table
        self.connection = connection
        self.operation = operation
        packetByteCount = Int(clamping: try connection.query("SELECT @@max_allowed_packet", to: operation).first?.unsigned(0) ?? 1 << 20)
    }

    /// Returns how many rows the server took, and what it complained about.
    func run(_ stream: ChunkStream) throws -> (rowCount: UInt64, warnings: [String]) {
        var insert = InsertText(table, fullByteCount: min(InsertText.usualByteCount, packetByteCount / 2))
        var rowCount: UInt64 = 0, warnings: [String] = [], pending: [UInt8] = [], uncommitted = 0
        try connection.execute("START TRANSACTION", to: operation)
        while true {
            let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try stream.read(into: &span) }
            if piece.isEmpty { break }
            let searched = pending.count
            pending += piece
            var start = 0, search = searched
            while let end = pending[search...].firstIndex(of: 0x0a) {
                // Quotes may double a field.
                if insert.byteCount + 2 * (end - start) > packetByteCount { rowCount += try send(&insert, &warnings, &uncommitted) }
                guard insert.add(Array(pending[start...end])) else { throw malformed() }
                if insert.isFull { rowCount += try send(&insert, &warnings, &uncommitted) }
                start = end + 1
                search = start
            }
            pending.removeSubrange(..<start)
        }
        guard pending.isEmpty else { throw malformed() }
        rowCount += try send(&insert, &warnings, &uncommitted)
        try connection.execute("COMMIT", to: operation)
        return (rowCount, Array(warnings.prefix(3)))
    }

    private func send(_ insert: inout InsertText, _ warnings: inout [String], _ uncommitted: inout Int) throws(MySQLFailure) -> UInt64 {
        var statement = insert.take()
        if statement.isEmpty { return 0 }
        statement.removeLast(2)
        guard statement.count < packetByteCount else {
            throw MySQLFailure(
                .unsupported, operation, connection.server, "one row takes \(statement.count >> 20) MiB, more than the server's max_allowed_packet",
                hint: "run `SET GLOBAL local_infile = 1` as an administrator of the server for the time of the restore, or raise max_allowed_packet")
        }
        let count = try connection.execute(SQLText(statement), to: operation)
        if warnings.count < 3 { warnings += try connection.firstWarnings() }
        uncommitted += statement.count
        if uncommitted >= Self.transactionByteCount {
            try connection.execute("COMMIT", to: operation)
            try connection.execute("START TRANSACTION", to: operation)
            uncommitted = 0
        }
        return count
    }

    private func malformed() -> MySQLFailure {
        MySQLFailure(.damaged, operation, connection.server, "a file of the snapshot holds a row of another number of fields than its manifest says")
    }
}
