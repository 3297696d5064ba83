// TableLayoutReader: which columns of a table are stored, and in which order its rows are best read.
//
// Order: the primary key, or the first unique index without NULLs and without prefixes, as the storage engine clusters by it. One
// integer column makes a grid; anything else is cut by content. Generated columns are left out: they follow from the others.

struct TableLayoutReader {
    let connection: MySQLConnection
    let database: SchemaText
    /// Only this one is read; nil for all.
    var table: SchemaText?

    /// - Parameter tables: rows of information_schema.TABLES.
    func read(_ tables: [MySQLRecord]) throws(MySQLFailure) -> [TableLayout] {
        let columns = try columnsByTable(), indexes = try indexesByTable()
        let keepsHistory = connection.version.vendor == .mariadb && connection.version.isAtLeast(10, 11)
        return tables.map { row in
            let name = row.schemaText("TABLE_NAME")
            let hasHistory = keepsHistory && row.text("TABLE_TYPE") == "SYSTEM VERSIONED"
            let stored = Self.stored(columns[name] ?? [], hasHistory: hasHistory)
            return TableLayout(
                name: name, engine: row.text("ENGINE"), columns: stored,
                order: Self.order(indexes[name] ?? [], stored, hasHistory: hasHistory, Self.integerColumns(columns[name] ?? [])),
                hasHistory: hasHistory, autoIncrement: row.unsigned("AUTO_INCREMENT"), estimatedRows: row.unsigned("TABLE_ROWS") ?? 0,
                estimatedBytes: row.unsigned("DATA_LENGTH") ?? 0)
        }
    }

    private func columnsByTable() throws(MySQLFailure) -> [SchemaText: [MySQLRecord]] {
        let rows = try connection.query(
            """
            SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, EXTRA, GENERATION_EXPRESSION
            FROM information_schema.COLUMNS WHERE \(sql: .isIn(database, table: table)) ORDER BY TABLE_NAME, ORDINAL_POSITION
            """, to: "list the columns of '\(database)'")
        return Dictionary(grouping: rows) { $0.schemaText("TABLE_NAME") }
    }

    private func indexesByTable() throws(MySQLFailure) -> [SchemaText: [MySQLRecord]] {
        let rows = try connection.query(
            """
            SELECT * FROM information_schema.STATISTICS WHERE \(sql: .isIn(database, table: table)) AND NON_UNIQUE = 0
            ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
            """, to: "list the keys of '\(database)'")
        return Dictionary(grouping: rows) { $0.schemaText("TABLE_NAME") }
    }

    /// The server itself makes these: the columns of a period unless its past is kept, and values computed from others.
    private static func stored(_ rows: [MySQLRecord], hasHistory: Bool) -> [ServerColumn] {
        var columns: [ServerColumn] = [], declaresPeriod = false
        for row in rows {
            let isGenerated = row.text("EXTRA").uppercased().contains("VIRTUAL GENERATED") || row.text("EXTRA").uppercased().contains("STORED GENERATED")
            let isPeriod = ["ROW START", "ROW END"].contains(row.text("GENERATION_EXPRESSION"))
            declaresPeriod = declaresPeriod || isPeriod
            if isGenerated && !(isPeriod && hasHistory) { continue }
            columns.append(
                ServerColumn(
                    name: row.schemaText("COLUMN_NAME"), type: row.text("COLUMN_TYPE"), dataType: row.text("DATA_TYPE"),
                    characterSet: row["CHARACTER_SET_NAME"].map { String(decoding: $0, as: UTF8.self) },
                    isAutoIncrement: row.text("EXTRA").lowercased().contains("auto_increment")))
        }
        guard hasHistory && !declaresPeriod else { return columns }
        return columns + ["row_start", "row_end"].map { ServerColumn(name: SchemaText($0), type: "timestamp(6)", form: .plain, reading: .asIs) }
    }

    private static func integerColumns(_ rows: [MySQLRecord]) -> Set<SchemaText> {
        Set(
            rows.filter { ["tinyint", "smallint", "mediumint", "int", "bigint"].contains($0.text("DATA_TYPE").lowercased()) }
                .map { $0.schemaText("COLUMN_NAME") })
    }

    private static func order(
        _ rows: [MySQLRecord], _ columns: [ServerColumn], hasHistory: Bool, _ integers: Set<SchemaText>
    ) -> TableLayout.Order {
        let indexes = Dictionary(grouping: rows) { $0.schemaText("INDEX_NAME") }.sorted {
            ($0.key == "PRIMARY" ? 0 : 1, $0.key) < ($1.key == "PRIMARY" ? 0 : 1, $1.key)
        }
        for (name, parts) in indexes {
            let places = parts.compactMap { part in columns.firstIndex { $0.name == part.schemaText("COLUMN_NAME") } }
            let isUsable =
                places.count == parts.count
                && parts.allSatisfy {
                    $0["SUB_PART"] == nil && $0.text("NULLABLE") != "YES" && $0.text("INDEX_TYPE") == "BTREE" && $0.text("IS_VISIBLE") != "NO"
                        && $0.text("IGNORED") != "YES"
                }
            // InnoDB clusters by the primary key even where we cannot order by it: then the order of the table is as good.
            guard isUsable else { if name == "PRIMARY" { return .none } else { continue } }
            let isGrid = integers.contains(columns[places[0]].name) && (places.count == 1 || (hasHistory && places.count == 2 && isRowEnd(columns[places[1]])))
            return isGrid ? .grid(index: name, column: places[0]) : .key(index: name, columns: places)
        }
        return .none
    }

    /// The server adds the end of a row's time to the primary key of a system-versioned table.
    private static func isRowEnd(_ column: ServerColumn) -> Bool { column.type.hasPrefix("timestamp(6)") || column.type.hasPrefix("bigint") }
}
