// ReadingPlan: which tables are read in which pieces, the largest first, so that several readers end at about the same time.

struct ReadingPlan: Sendable {
    /// A piece, and where its files belong in the manifest.
    struct Piece: Sendable {
        let task: ReadingTask
        let table: Int
        let part: Int
    }

    /// In the order in which they are to be read.
    let pieces: [Piece]

    /// Cells of a table that one piece holds: about half a million rows, so that the statement's own cost does not count.
    private static let cellsInPiece: Int128 = 8

    /// - Parameter connection: in the snapshot that will be read, if the tables are of the kind that takes part in one.
    init(_ layouts: [TableLayout], where isWanted: (TableLayout) -> Bool, _ connection: MySQLConnection) throws {
        var pieces: [Piece] = []
        let order = layouts.indices.filter { isWanted(layouts[$0]) }.sorted {
            (layouts[$1].estimatedBytes, layouts[$0].name) < (layouts[$0].estimatedBytes, layouts[$1].name)
        }
        for table in order {
            // Asking for the first and last key locks the table against ALTER, for as long as the transaction remembers it.
            let tasks = try SnapshotStep.run(connection, for: layouts[table]) { () throws(MySQLFailure) in try Self.tasks(layouts[table], connection) }
            for (part, task) in tasks.enumerated() { pieces.append(Piece(task: task, table: table, part: part)) }
        }
        self.pieces = pieces
    }

    /// The pieces of one table.
    static func tasks(_ layout: TableLayout, _ connection: MySQLConnection) throws(MySQLFailure) -> [ReadingTask] {
        guard case .grid(let index, let column) = layout.order else { return [ReadingTask(layout: layout, grid: KeyGrid(), keys: nil)] }
        let key = SQLText(identifier: layout.columns[column].name), source = TableReader.source(layout)
        let operation = "find the first and last row of the table '\(layout.name)'"
        let row = try connection.query(
            "SELECT MIN(\(sql: key)), MAX(\(sql: key)) FROM \(sql: source) FORCE INDEX (\(identifier: index))", to: operation
        ).first
        guard let first = row.flatMap({ Int128($0.text(0)) }), let last = row.flatMap({ Int128($0.text(1)) }), first <= last else {
            return [ReadingTask(layout: layout, grid: KeyGrid(), keys: nil)]
        }
        let grid = try KeyGrid(keys: first...last, estimatedRows: layout.estimatedRows) { () throws(MySQLFailure) -> UInt64 in
            try connection.query("SELECT COUNT(*) FROM \(sql: source)", to: "count the rows of the table '\(layout.name)'").first?.unsigned(0) ?? 0
        }
        let portions = grid.portions(of: first...last, cellCount: cellsInPiece)
        return portions.map { ReadingTask(layout: layout, grid: grid, keys: portions.count == 1 ? nil : $0) }
    }
}

enum SnapshotStep {
    /// Does something with a table, and leaves no lock on it behind in the transaction that holds the snapshot: an ALTER that waits for
    /// us would make everyone else wait for it. Tables outside transactions have no such lock, and their engines no savepoints.
    static func run<Value, E: Error>(_ connection: MySQLConnection, for layout: TableLayout, _ body: () throws(E) -> Value) throws -> Value {
        guard layout.isTransactional else { return try body() }
        let operation = "read the table '\(layout.name)'"
        try connection.execute("SAVEPOINT lifeboat", to: operation)
        let value = try body()
        try connection.execute("ROLLBACK TO SAVEPOINT lifeboat", to: operation)
        return value
    }
}
