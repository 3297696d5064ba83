// SwapPlan: which statements a swap runs, made from what is proved in the scratch database and what is live now.
//
// A whole restore replaces every table and makes views, routines and events what they were; those that did not change are not
// touched. A restore of chosen tables replaces these with their triggers, and leaves everything else alone, except foreign keys of other
// tables that lead to a replaced one: the rename takes them along to the old table, so they are made anew.

import Bytes

struct SwapPlan {
    let connection: MySQLConnection
    let names: RestoreNames
    let target: SchemaText
    let isWhole: Bool
    let keepsOld: Bool
    /// What is in the scratch database; its triggers are there too.
    let restored: ScratchContent
    /// What is live now; nil if there is no such database.
    let live: DatabaseSchema?

    /// Tables and sequences that take places, by name.
    private var newTables: [SchemaText] {
        let present = Set((live?.entries(.sequence) ?? []).map(\.object.name))
        return restored.swapped + restored.helperSequences.filter { !present.contains($0) }
    }

    private var replacedTables: [SchemaText] {
        let present = (live?.entries ?? []).filter { $0.object.kind == .table || $0.object.kind == .sequence }.map(\.object.name)
        return isWhole ? present : present.filter { newTables.contains($0) }
    }

    /// Waits until nobody uses the live tables, and lets go of them: whoever keeps one for too long is noticed before anything is changed.
    func waitForTables() throws(MySQLFailure) {
        let replaced = replacedTables
        if replaced.isEmpty { return }
        do throws(MySQLFailure) {
            try connection.execute(
                "LOCK TABLES \(sql: .joined(replaced.map { "\(target, $0) WRITE" }))", to: "wait for the application to let go of the live tables")
            try connection.execute("UNLOCK TABLES", to: "let go of the live tables")
        } catch {
            // Without the privilege to lock, the rename itself waits.
            if error.kind == .busy { throw error }
        }
    }

    func journal() throws(MySQLFailure) -> SwapJournal {
        let new = Set(newTables), replaced = replacedTables
        try refuseForeignTriggers(replaced)
        let liveRun = DefinitionRun(connection: connection, database: target, databaseCollation: live?.collation ?? restored.collation)
        let newRun = DefinitionRun(connection: connection, database: target, databaseCollation: restored.collation)
        let triggers = entries(.trigger).filter { replaced.contains($0.object.table) }
        let views = entries(.view).filter { new.contains($0.object.name) }
        let incoming = try incomingForeignKeys(to: replaced)
        let changed = isWhole ? changedObjects() : (removed: [], made: [])

        var lists: [SwapJournal.List: [SQLText]] = [:]
        lists[.prepare] = makingTarget + drops(triggers) + drops(views) + restored.triggers.flatMap { inDatabase(names.scratch, DefinitionRun.drop(.trigger, $0.name)) }
        lists[.rename] = renaming(replaced.map { (target, $0, names.old) } + newTables.map { (names.scratch, $0, target) })
        lists[.renameBack] = renaming(newTables.map { (target, $0, names.scratch) } + replaced.map { (names.old, $0, target) })

        var finish: [SQLText] = isWhole ? [characterSet(restored.characterSet, restored.collation)] : []
        for trigger in restored.triggers { finish += try newRun.statements(.trigger, trigger.name, trigger.text, trigger.context) }
        finish += restored.sequenceDefaults(in: target)
        finish += restored.deferredForeignKeys.flatMap { remaking($0.table, $0.key) }
        finish += drops(changed.removed)
        for object in changed.made { finish += try newRun.statements(object.kind, object.name, object.text, object.context) }
        finish += incoming.flatMap { remaking($0.table, $0.key, in: $0.database) }
        lists[.finish] = finish

        var undoFinish = incoming.flatMap { dropping($0.table, $0.key, in: $0.database) }
        undoFinish += restored.triggers.flatMap { inDatabase(target, DefinitionRun.drop(.trigger, $0.name)) }
        undoFinish += restored.deferredForeignKeys.flatMap { dropping($0.table, $0.key) }
        undoFinish += changed.made.flatMap { inDatabase(target, DefinitionRun.drop($0.kind, $0.name)) }
        lists[.undoFinish] = undoFinish

        var undo: [SQLText] = live.map { isWhole ? [characterSet($0.characterSet, $0.collation)] : [] } ?? []
        for entry in triggers + changed.removed + views where live != nil {
            undo += try liveRun.statements(entry.object.kind, entry.object.name, entry.sql.bytes, entry.object.context)
        }
        undo += incoming.flatMap { remaking($0.table, $0.key, in: $0.database) }
        lists[.undoPrepare] = undo
        return SwapJournal(
            target: target, scratch: names.scratch, marker: marker(replaced), keepsOld: keepsOld && !replaced.isEmpty,
            makesTarget: live == nil, lists: lists)
    }

    private func marker(_ replaced: [SchemaText]) -> (database: SchemaText, table: SchemaText)? {
        if let table = newTables.first { return (names.scratch, table) }
        return replaced.first.map { (target, $0) }
    }

    // MARK: Tables

    private var makingTarget: [SQLText] {
        if live != nil { return [] }
        return [
            "CREATE DATABASE IF NOT EXISTS \(identifier: target) CHARACTER SET \(literal: SchemaText(restored.characterSet)) COLLATE \(literal: SchemaText(restored.collation))"
        ]
    }

    private func characterSet(_ set: String, _ collation: String) -> SQLText {
        "ALTER DATABASE \(identifier: target) CHARACTER SET \(literal: SchemaText(set)) COLLATE \(literal: SchemaText(collation))"
    }

    private func renaming(_ moves: [(from: SchemaText, name: SchemaText, to: SchemaText)]) -> [SQLText] {
        moves.isEmpty ? [] : ["RENAME TABLE \(sql: .joined(moves.map { "\($0.from, $0.name) TO \($0.to, $0.name)" }))"]
    }

    /// A trigger's name is unique in its database: one that moved to a table that stays would be lost.
    private func refuseForeignTriggers(_ replaced: [SchemaText]) throws(MySQLFailure) {
        let names = Set(restored.triggers.map(\.name))
        guard let entry = entries(.trigger).first(where: { names.contains($0.object.name) && !replaced.contains($0.object.table) }) else { return }
        throw MySQLFailure(
            .unsupported, "put the restored tables in place", connection.server,
            "the trigger '\(entry.object.name)' belongs to the table '\(entry.object.table)' now, which is not restored",
            hint: "restore '\(entry.object.table)' too, or drop that trigger first")
    }

    // MARK: Views, triggers, routines, events

    private func entries(_ kind: ServerObject.Kind) -> [SchemaEntry] { live?.entries(kind) ?? [] }

    private func inDatabase(_ database: SchemaText, _ statements: [SQLText]) -> [SQLText] { ["USE \(identifier: database)"] + statements }

    private func drops(_ entries: [SchemaEntry]) -> [SQLText] {
        entries.flatMap { inDatabase(target, DefinitionRun.drop($0.object.kind, $0.object.name)) }
    }

    /// Views, routines and events that are live and are not, or not like this, in what is restored; and what is to be made.
    private func changedObjects() -> (removed: [SchemaEntry], made: [ScratchContent.Definition]) {
        let kinds: [ServerObject.Kind] = [.package, .packageBody, .function, .procedure, .view, .event]
        func isSame(_ object: ServerObject, _ other: ServerObject) -> Bool {
            object.kind == other.kind && object.name == other.name && object.sha256 == other.sha256 && object.context == other.context
                && object.definer == other.definer
        }
        let wanted = restored.definitions
        let removed = kinds.reversed().flatMap { entries($0) }.filter { entry in
            !wanted.contains { isSame($0.object, entry.object) } && !restored.unmade.contains { isSame($0, entry.object) }
        }
        let kept = kinds.flatMap { entries($0) }.filter { entry in wanted.contains { isSame($0.object, entry.object) } }
        return (removed, wanted.filter { definition in !kept.contains { isSame($0.object, definition.object) } })
    }

    // MARK: Foreign keys

    private struct IncomingKey {
        let database: SchemaText
        let table: SchemaText
        let key: ForeignKey
    }

    /// Foreign keys of tables that stay, in this database or another, that lead to tables that go.
    private func incomingForeignKeys(to replaced: [SchemaText]) throws(MySQLFailure) -> [IncomingKey] {
        if replaced.isEmpty { return [] }
        let operation = "look for foreign keys that lead to the replaced tables"
        let rows = try connection.query(
            """
            SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME, REFERENCED_TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE \
            WHERE \(sql: .isDatabase("REFERENCED_TABLE_SCHEMA", target))
            """, to: operation)
        let gone = Set(replaced)
        var tables: [(database: SchemaText, table: SchemaText)] = []
        for row in rows {
            let (database, table) = (row.schemaText(0), row.schemaText(1))
            let stays = database != target || !gone.contains(table)
            if stays && gone.contains(row.schemaText(2)) && !tables.contains(where: { $0 == (database, table) }) { tables.append((database, table)) }
        }
        var keys: [IncomingKey] = []
        for (database, table) in tables {
            let rows = try connection.query("SHOW CREATE TABLE \(database, table)", to: operation)
            for key in TableDefinition(rows.first?[1] ?? []).foreignKeys
            where (key.referencedDatabase ?? database) == target && gone.contains(key.referencedTable) {
                keys.append(IncomingKey(database: database, table: table, key: key))
            }
        }
        return keys
    }

    /// Two statements: servers refuse to drop and add a foreign key of one name in one.
    private func remaking(_ table: SchemaText, _ key: ForeignKey, in database: SchemaText? = nil) -> [SQLText] {
        let database = database ?? target
        // Unqualified references of the clause mean the table's own database.
        return dropping(table, key, in: database) + ["USE \(identifier: database)", "ALTER TABLE \(database, table) ADD \(sql: key.clause)"]
    }

    private func dropping(_ table: SchemaText, _ key: ForeignKey, in database: SchemaText? = nil) -> [SQLText] {
        ["ALTER TABLE \(database ?? target, table) DROP FOREIGN KEY \(identifier: key.name)"]
    }
}
