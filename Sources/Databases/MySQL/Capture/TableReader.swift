// TableReader: the rows of a table, or of a range of its keys, from one connection into files.
//
// One SELECT in the order of the key; each row becomes text in a buffer, is hashed and counted there, and the buffer goes to the lane
// when it is full or the file ends. Memory: the buffer (512 KiB), or twice the longest row.

import Bytes

/// A piece of work for one reader.
struct ReadingTask: Sendable {
    let layout: TableLayout
    let grid: KeyGrid
    /// Only rows whose key lies in here: whole cells of the grid. nil for the whole table.
    let keys: ClosedRange<Int128>?
}

final class TableReader {
    private let connection: MySQLConnection
    private let lane: any DumpLane
    private let text = RowText(capacity: 1 << 19)
    private static let fullBuffer = 7 << 16

    init(_ connection: MySQLConnection, _ lane: any DumpLane) {
        self.connection = connection
        self.lane = lane
    }

    /// Reads the rows of a task and returns the files they went into, in the order of the key.
    func read(_ task: ReadingTask) throws -> [TableChunk] {
        try SnapshotStep.run(connection, for: task.layout) { () throws in try readRows(task) }
    }

    private func readRows(_ task: ReadingTask) throws -> [TableChunk] {
        let layout = task.layout
        var cutter = RowCutter(Self.rule(task))
        var chunks: [TableChunk] = [], open: OpenFile? = nil
        let forms = layout.columns.map(\.form)
        text.removeAll()
        try connection.stream(Self.statement(task), to: "read the table '\(layout.name)'") { row in
            if let name = cutter.startsFile(row) {
                if let done = try finish(&open) { chunks.append(done) }
                try lane.begin(DumpPath.data(layout.name, name))
                open = OpenFile(name: name)
            }
            let hash = text.append(row, forms)
            cutter.wrote(rowHash: hash)
            open?.rows.add(hash)
            if text.count >= Self.fullBuffer { try flush(&open) }
        }
        if let done = try finish(&open) { chunks.append(done) }
        return chunks
    }

    private struct OpenFile {
        let name: String
        var byteCount: UInt64 = 0
        var rows = RowSum()
    }

    private func flush(_ open: inout OpenFile?) throws {
        guard text.count > 0 else { return }
        try text.withBytes(0..<text.count) { (bytes: Span<UInt8>) throws in try lane.write(bytes) }
        open?.byteCount += UInt64(text.count)
        text.removeAll()
    }

    private func finish(_ open: inout OpenFile?) throws -> TableChunk? {
        try flush(&open)
        guard let file = open else { return nil }
        try lane.end()
        open = nil
        return TableChunk(file: file.name, byteCount: file.byteCount, rows: file.rows)
    }

    private static func rule(_ task: ReadingTask) -> RowCutter.Rule {
        switch task.layout.order {
        case .grid(_, let column): .grid(task.grid, column: column)
        case .key(_, let columns): .key(columns)
        case .none: .row
        }
    }

    // MARK: Statements

    private static func statement(_ task: ReadingTask) -> SQLText {
        let layout = task.layout
        let columns: SQLText = layout.columns.isEmpty ? "NULL" : .joined(layout.columns.map(\.selected))
        var sql: SQLText = "SELECT \(sql: columns) FROM \(sql: source(layout))"
        switch layout.order {
        case .grid(let index, let column):
            let key = SQLText(identifier: layout.columns[column].name)
            sql += " FORCE INDEX (\(identifier: index))"
            if let keys = task.keys { sql += " WHERE \(sql: key) >= \(keys.lowerBound) AND \(sql: key) <= \(keys.upperBound)" }
            sql += " ORDER BY \(sql: key)"
        case .key(let index, let columns):
            let names = columns.map { SQLText(identifier: layout.columns[$0].name) }
            sql += " FORCE INDEX (\(identifier: index)) ORDER BY \(sql: .joined(names))"
        case .none: sql += " USE INDEX ()"
        }
        return sql
    }

    static func source(_ layout: TableLayout) -> SQLText {
        layout.hasHistory ? "\(identifier: layout.name) FOR SYSTEM_TIME ALL" : "\(identifier: layout.name)"
    }
}
