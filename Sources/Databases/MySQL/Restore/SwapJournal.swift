// SwapJournal: what a swap will do and how to undo it, written down on the server before it is done.
//
// A table in the database that takes the replaced tables. Rows are plain SQL statements in their order, so that any later restore,
// knowing nothing of this one, can go on or go back. Every list may be run again from its start.
//
//     prepared   nothing was renamed yet, or the kill fell between the rename and the next line: `marker` tells
//     renamed    the new tables are in place; `finish` makes the rest
//     undoing    `undo` was begun
//     finished   the swap is done; the replaced tables are kept or about to be removed

import Bytes

struct SwapJournal: Sendable {
    enum State: String, Sendable {
        case prepared, renamed, undoing, finished
    }

    /// The lists of statements, as the column `list` names them.
    enum List: String, Sendable, CaseIterable {
        /// Before the rename: what is in its way goes.
        case prepare
        /// One statement: all tables at once.
        case rename
        /// After it: triggers, routines, views, events.
        case finish
        /// Back, before the tables: what `finish` made goes.
        case undoFinish = "undo finish"
        /// One statement: all tables back.
        case renameBack = "rename back"
        /// Back, at the end: what `prepare` and `finish` removed.
        case undoPrepare = "undo prepare"
    }

    var state = State.prepared
    let target: SchemaText
    let scratch: SchemaText
    /// A table that is in this database until the rename and nowhere in it afterwards; nil if there is nothing to rename.
    let marker: (database: SchemaText, table: SchemaText)?
    /// The replaced tables stay after success.
    let keepsOld: Bool
    /// There was no database `target`: an undone swap leaves none, unless somebody put something into it.
    let makesTarget: Bool
    var lists: [List: [SQLText]] = [:]

    subscript(_ list: List) -> [SQLText] { lists[list] ?? [] }

    private static let table: SchemaText = "lifeboat_journal"

    // MARK: On the server

    /// Writes it into `database`, whole or not at all.
    func write(to database: SchemaText, _ connection: MySQLConnection) throws(MySQLFailure) {
        let operation = "write the journal of the swap"
        try connection.define(
            """
            CREATE TABLE \(database, SwapJournal.table) (position INT UNSIGNED NOT NULL PRIMARY KEY, \
            list VARCHAR(20) CHARACTER SET ascii NOT NULL, statement LONGBLOB NOT NULL) ENGINE = InnoDB
            """, to: operation)
        var rows: [(String, [UInt8])] = [
            ("state", Array(state.rawValue.utf8)), ("target", target.bytes), ("scratch", scratch.bytes), ("keeps old", Array((keepsOld ? "1" : "0").utf8)),
            ("makes target", Array((makesTarget ? "1" : "0").utf8)),
        ]
        if let marker { rows += [("marker database", marker.database.bytes), ("marker table", marker.table.bytes)] }
        for list in List.allCases { rows += self[list].map { (list.rawValue, $0.bytes) } }
        try connection.execute("START TRANSACTION", to: operation)
        for (position, row) in rows.enumerated() {
            try connection.execute(
                "INSERT INTO \(database, SwapJournal.table) VALUES (\(position), \(literal: SchemaText(row.0)), \(literal: SchemaText(row.1)))",
                to: operation)
        }
        try connection.execute("COMMIT", to: operation)
    }

    /// nil: there is none, or it was not written to its end. Then the swap had not begun.
    static func read(from database: SchemaText, _ connection: MySQLConnection) throws(MySQLFailure) -> SwapJournal? {
        let rows: [MySQLRecord]
        do throws(MySQLFailure) {
            rows = try connection.query(
                "SELECT list, statement FROM \(database, table) ORDER BY position", to: "read the journal of a swap", limit: 1 << 30)
        } catch {
            if error.kind == .missing { return nil }
            throw error
        }
        var values: [String: SchemaText] = [:], lists: [List: [SQLText]] = [:]
        for row in rows {
            if let list = List(rawValue: row.text(0)) {
                lists[list, default: []].append(SQLText(row[1] ?? []))
            } else {
                values[row.text(0)] = row.schemaText(1)
            }
        }
        guard let state = values["state"].flatMap({ State(rawValue: $0.description) }), let target = values["target"], let scratch = values["scratch"] else {
            return nil
        }
        var marker: (SchemaText, SchemaText)?
        if let database = values["marker database"], let table = values["marker table"] { marker = (database, table) }
        return SwapJournal(
            state: state, target: target, scratch: scratch, marker: marker, keepsOld: values["keeps old"] == "1",
            makesTarget: values["makes target"] == "1", lists: lists)
    }

    mutating func move(to state: State, in database: SchemaText, _ connection: MySQLConnection) throws(MySQLFailure) {
        try connection.define(
            "UPDATE \(database, SwapJournal.table) SET statement = \(literal: SchemaText(state.rawValue)) WHERE list = 'state'",
            to: "write the journal of the swap")
        self.state = state
    }

    /// Whether the tables have changed places.
    func isRenamed(_ connection: MySQLConnection) throws(MySQLFailure) -> Bool {
        guard let marker else { return true }
        return try connection.query(
            """
            SELECT 1 FROM information_schema.TABLES WHERE \(sql: .isDatabase("TABLE_SCHEMA", marker.database)) \
            AND CAST(TABLE_NAME AS BINARY) = CAST(\(literal: marker.table) AS BINARY)
            """, to: "look how far a swap came"
        ).isEmpty
    }

    func run(_ list: List, _ connection: MySQLConnection, to operation: String) throws(MySQLFailure) {
        do throws(MySQLFailure) {
            for statement in self[list] {
                do throws(MySQLFailure) {
                    try connection.define(statement, to: operation)
                } catch {
                    // "Can't DROP": a foreign key that a list dropped when it was run before. Only MariaDB has IF EXISTS for these.
                    if error.number != 1091 { throw error }
                }
            }
        } catch {
            // A definition's own session must not outlast it.
            for statement in RestoreServer.plainSession { _ = try? connection.execute(statement, to: operation) }
            throw error
        }
    }
}
