// SchemaReader: asks a server for every definition of a database, each by SHOW CREATE, so that the text is the server's own.
//
// 1. information_schema lists what there is; 2. SHOW CREATE gives each definition; 3. views are tried, because one that refers to
// something missing can be shown but not used: that is recorded, and stops nobody.
//
// Definitions are not part of a transaction: whoever needs them to agree with the rows reads them twice (MySQLCapture). What the
// account may not see is not listed at all: GrantCheck comes first.

import Bytes

struct SchemaReader {
    let connection: MySQLConnection
    let database: SchemaText

    func read() throws(MySQLFailure) -> DatabaseSchema {
        let tables = try tableRows()
        let views = tables.filter { $0.text("TABLE_TYPE") == "VIEW" }
        let sequences = tables.filter { $0.text("TABLE_TYPE") == "SEQUENCE" }
        let baseTables = tables.filter { ["BASE TABLE", "SYSTEM VERSIONED"].contains($0.text("TABLE_TYPE")) }
        var entries: [SchemaEntry] = []
        for row in sequences { entries.append(try sequence(row.schemaText("TABLE_NAME"))) }
        for row in baseTables { entries.append(try table(row.schemaText("TABLE_NAME"))) }
        // Bodies in the bytes their author sent: created again by a client of the same character set, they are the same.
        try connection.execute("SET character_set_results = NULL", to: "set up the session")
        entries += try routines()
        for row in views { entries.append(try view(row.schemaText("TABLE_NAME"))) }
        entries += try triggers()
        entries += try events()
        try connection.execute("SET NAMES utf8mb4", to: "set up the session")
        let (characterSet, collation) = try databaseCharacterSet()
        return DatabaseSchema(
            name: database, characterSet: characterSet, collation: collation,
            databaseSQL: try show("DATABASE", "SHOW CREATE DATABASE \(identifier: database)", "Create Database").schemaText("Create Database"),
            entries: entries, layouts: try TableLayoutReader(connection: connection, database: database).read(baseTables))
    }

    /// How one table is read; nil if there is none of that name.
    ///
    /// - Parameter rowCount: what is known to be in it, instead of the server's estimate.
    func layout(of table: SchemaText, rowCount: UInt64) throws(MySQLFailure) -> TableLayout? {
        let reader = TableLayoutReader(connection: connection, database: database, table: table)
        return try reader.read(try tableRows(table)).first?.with(estimatedRows: rowCount)
    }

    // MARK: Lists

    private func tableRows(_ table: SchemaText? = nil) throws(MySQLFailure) -> [MySQLRecord] {
        try connection.query(
            """
            SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH, AUTO_INCREMENT FROM information_schema.TABLES
            WHERE \(sql: .isIn(database, table: table)) ORDER BY CAST(TABLE_NAME AS BINARY)
            """, to: "list the tables of '\(database)'")
    }

    private func databaseCharacterSet() throws(MySQLFailure) -> (String, String) {
        let rows = try connection.query(
            """
            SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA
            WHERE \(sql: .isDatabase("SCHEMA_NAME", database))
            """, to: "read the character set of '\(database)'")
        return (rows.first?.text(0) ?? "", rows.first?.text(1) ?? "")
    }

    // MARK: One kind each

    private func show(_ kind: String, _ sql: SQLText, _ column: String) throws(MySQLFailure) -> MySQLRecord {
        guard let row = try connection.query(sql, to: "read the definition of a \(kind.lowercased()) of '\(database)'").first,
            row[column] != nil
        else {
            throw MySQLFailure(
                .denied, "read the definition of a \(kind.lowercased()) of '\(database)' (\(sql))", connection.server, "the server shows it to its owner only")
        }
        return row
    }

    private func entry(_ kind: ServerObject.Kind, _ name: SchemaText, _ sql: SchemaText, _ object: (Digested) -> ServerObject) -> SchemaEntry {
        SchemaEntry(object: object(Digested(kind: kind, name: name, sha256: NormalisedDefinition.hash(sql, kind, database: database))), sql: sql)
    }

    private func table(_ name: SchemaText) throws(MySQLFailure) -> SchemaEntry {
        let row = try show("TABLE", "SHOW CREATE TABLE \(identifier: name)", "Create Table")
        return entry(.table, name, row.schemaText("Create Table")) { $0.object() }
    }

    private func sequence(_ name: SchemaText) throws(MySQLFailure) -> SchemaEntry {
        // SHOW CREATE SEQUENCE calls its columns as SHOW CREATE TABLE does.
        let row = try show("SEQUENCE", "SHOW CREATE SEQUENCE \(identifier: name)", "Create Table")
        let position = try connection.query("SELECT next_not_cached_value FROM \(identifier: name)", to: "read the sequence '\(name)'").first?.text(0)
        return entry(.sequence, name, row.schemaText("Create Table")) { $0.object(position: position) }
    }

    private func view(_ name: SchemaText) throws(MySQLFailure) -> SchemaEntry {
        let row = try show("VIEW", "SHOW CREATE VIEW \(identifier: name)", "Create View")
        let problem = problem(of: name)
        let columns = problem == nil ? try viewColumns(name) : []
        let context = DefinitionContext(characterSet: row.text("character_set_client"), collation: row.text("collation_connection"))
        let definer = try connection.query(
            """
            SELECT DEFINER FROM information_schema.VIEWS
            WHERE \(sql: .isDatabase("TABLE_SCHEMA", database)) AND TABLE_NAME = \(literal: name) AND CAST(TABLE_NAME AS BINARY) = \(literal: name)
            """, to: "read the definer of the view '\(name)'"
        ).first?.text(0)
        return entry(.view, name, row.schemaText("Create View")) {
            $0.object(context: context, definer: definer ?? "", columns: columns, problem: problem)
        }
    }

    /// Why the view cannot be used; nil if it can.
    private func problem(of view: SchemaText) -> String? {
        do throws(MySQLFailure) {
            _ = try connection.query("SELECT * FROM \(identifier: view) LIMIT 0", to: "try the view '\(view)'")
            return nil
        } catch {
            return error.reason
        }
    }

    private func viewColumns(_ name: SchemaText) throws(MySQLFailure) -> [SchemaText] {
        try connection.query("SHOW COLUMNS FROM \(identifier: name)", to: "read the columns of the view '\(name)'").map { $0.schemaText(0) }
    }

    private func routines() throws(MySQLFailure) -> [SchemaEntry] {
        let rows = try connection.query(
            """
            SELECT ROUTINE_NAME, ROUTINE_TYPE, DEFINER FROM information_schema.ROUTINES
            WHERE \(sql: .isDatabase("ROUTINE_SCHEMA", database)) ORDER BY ROUTINE_TYPE, CAST(ROUTINE_NAME AS BINARY)
            """, to: "list the routines of '\(database)'")
        var entries: [SchemaEntry] = []
        for row in rows {
            let type = row.text("ROUTINE_TYPE"), name = row.schemaText("ROUTINE_NAME")
            guard let kind = ServerObject.Kind(rawValue: type.lowercased()) else { continue }
            let column = kind == .packageBody ? "Create Package Body" : "Create \(type.capitalisedWord)"
            let shown = try show(type, "SHOW CREATE \(sql: SQLText(type)) \(identifier: name)", column)
            entries.append(
                entry(kind, name, shown.schemaText(column)) { $0.object(context: shown.context, definer: row.text("DEFINER")) })
        }
        return entries.sorted { Self.rank($0.object.kind) < Self.rank($1.object.kind) }
    }

    private static func rank(_ kind: ServerObject.Kind) -> Int { ServerObject.Kind.allCases.firstIndex(of: kind) ?? 0 }

    private func triggers() throws(MySQLFailure) -> [SchemaEntry] {
        let rows = try connection.query(
            """
            SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, DEFINER FROM information_schema.TRIGGERS
            WHERE \(sql: .isDatabase("TRIGGER_SCHEMA", database))
            ORDER BY CAST(EVENT_OBJECT_TABLE AS BINARY), ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER
            """, to: "list the triggers of '\(database)'")
        var entries: [SchemaEntry] = []
        for row in rows {
            let name = row.schemaText("TRIGGER_NAME")
            let shown = try show("TRIGGER", "SHOW CREATE TRIGGER \(identifier: name)", "SQL Original Statement")
            entries.append(
                entry(.trigger, name, shown.schemaText("SQL Original Statement")) {
                    $0.object(table: row.schemaText("EVENT_OBJECT_TABLE"), context: shown.context, definer: row.text("DEFINER"))
                })
        }
        return entries
    }

    private func events() throws(MySQLFailure) -> [SchemaEntry] {
        let rows = try connection.query(
            """
            SELECT EVENT_NAME, DEFINER FROM information_schema.EVENTS
            WHERE \(sql: .isDatabase("EVENT_SCHEMA", database)) ORDER BY CAST(EVENT_NAME AS BINARY)
            """, to: "list the events of '\(database)'")
        var entries: [SchemaEntry] = []
        for row in rows {
            let name = row.schemaText("EVENT_NAME")
            let shown = try show("EVENT", "SHOW CREATE EVENT \(identifier: name)", "Create Event")
            entries.append(entry(.event, name, shown.schemaText("Create Event")) { $0.object(context: shown.context, definer: row.text("DEFINER")) })
        }
        return entries
    }
}

/// What every object has; the rest is the kind's own.
struct Digested {
    let kind: ServerObject.Kind
    let name: SchemaText
    let sha256: Digest

    func object(
        table: SchemaText? = nil, context: DefinitionContext = DefinitionContext(), definer: String = "", columns: [SchemaText] = [],
        problem: String? = nil, position: String? = nil
    ) -> ServerObject {
        ServerObject(
            kind: kind, name: name, table: table, sha256: sha256, context: context, definer: definer, columns: columns, problem: problem,
            position: position)
    }
}

extension MySQLRecord {
    /// The session a SHOW CREATE row wants; columns that this kind of row does not have stay empty.
    fileprivate var context: DefinitionContext {
        DefinitionContext(
            sqlMode: text("sql_mode"), characterSet: text("character_set_client"), collation: text("collation_connection"),
            databaseCollation: text("Database Collation"), timeZone: text("time_zone"))
    }
}

extension String {
    /// "PROCEDURE" → "Procedure".
    fileprivate var capitalisedWord: String { prefix(1).uppercased() + dropFirst().lowercased() }
}

extension SQLText {
    /// A condition of information_schema's lists of tables, columns and keys.
    /// - Parameter table: only this one.
    static func isIn(_ database: SchemaText, table: SchemaText?) -> SQLText {
        let isInDatabase = isDatabase("TABLE_SCHEMA", database)
        return table.map { "\(sql: isInDatabase) AND \(sql: .isDatabase("TABLE_NAME", $0))" } ?? isInDatabase
    }

    /// A condition of information_schema: the plain comparison for its index, the bytes because the plain one takes 'Shop' for 'shop'.
    static func isDatabase(_ column: SQLText, _ name: SchemaText) -> SQLText {
        "\(sql: column) = \(literal: name) AND CAST(\(sql: column) AS BINARY) = CAST(\(literal: name) AS BINARY)"
    }
}
