// ScratchBuilder: a dump becomes a database of its own on the server, beside the live one and invisible to applications.
//
// 1. sequences, with their positions; 2. tables without foreign keys, filled by several connections (TableLoader); 3. foreign keys between
//    restored tables, added in place; 4. routines, views (as often as it takes until those they refer to are there), triggers; events only where the
//    server's scheduler is off, because elsewhere they would run here.
//
// Each definition's file must have the hash that the manifest says. A definition that this server refuses (a view of another
// database that is not here) is reported and left out; a missing privilege ends the restore.

import Bytes

struct ScratchBuilder {
    let server: RestoreServer
    let source: any DumpSource
    let manifest: ServerManifest
    let selection: RestoreSelection
    let scratch: SchemaText
    let target: SchemaText
    let threadCount: Int
    /// Whether events may be made here.
    let makesEvents: Bool
    /// Whether the server lets clients load data.
    let loadsFiles: Bool
    let onBytes: @Sendable (Int) throws -> Void

    struct Built: Sendable {
        var content: ScratchContent
        /// What the comparison must find, in the order of the manifest.
        var expected: [ServerObject] = []
        /// A line for each thing that is not as it was.
        var problems: [String] = []
        var notes: [String] = []
        /// Tables whose rows were read back already.
        var readBack: [SchemaText: ReadBack] = [:]
    }

    /// - Parameter connection: with no database of its own; it is left in the scratch database.
    func build(_ connection: MySQLConnection) throws -> Built {
        var built = Built(content: ScratchContent(characterSet: manifest.characterSet, collation: manifest.collation, sourceDatabase: manifest.database))
        try connection.define(
            """
            CREATE DATABASE \(identifier: scratch) CHARACTER SET \(literal: SchemaText(manifest.characterSet)) \
            COLLATE \(literal: SchemaText(manifest.collation))
            """, to: "make the scratch database")
        try connection.execute("USE \(identifier: scratch)", to: "make the scratch database")
        let definitions = try tableDefinitions(&built)
        try makeSequences(connection, &built)
        let jobs = definitions.map { TableLoader.Job(table: $0.table, definition: $0.definition.withoutForeignKeys, isFilled: !$0.table.isExcluded) }
        let loader = TableLoader(server: server, source: source, database: scratch, loadsFiles: loadsFiles, onBytes: onBytes)
        let loaded = try loader.run(jobs, threadCount: threadCount)
        built.notes += loaded.complaints
        built.readBack = loaded.readBack
        for name in try makeForeignKeys(definitions, connection) { built.readBack[name] = nil }
        try makeDefinitions(connection, &built)
        return built
    }

    // MARK: Tables

    private struct Definition {
        let table: ServerTable
        let definition: TableDefinition
    }

    private func tableDefinitions(_ built: inout Built) throws -> [Definition] {
        let objects = Dictionary(manifest.objects(.table).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let chosen = Set(selection.tables.map(\.name))
        var definitions: [Definition] = [], sequences: [SchemaText] = []
        for table in selection.tables {
            guard let object = objects[table.name] else { throw damaged(table.name, "the manifest has no definition of it") }
            let text = try read(object), moved = SequenceDefaults.moving(text, from: manifest.database, to: scratch)
            let definition = TableDefinition(moved.text)
            sequences += moved.sequences
            if !moved.sequences.isEmpty { built.content.defaults += SequenceDefaults.columns(of: text).map { (table.name, $0.column, $0.expression) } }
            for key in definition.foreignKeys where !isInside(key, chosen) {
                built.content.deferredForeignKeys.append(ScratchContent.DeferredKey(table: table.name, key: key))
            }
            built.content.swapped.append(table.name)
            built.expected.append(object.with(ScratchProof.comparableHash(text, isKept: { isInside($0, chosen) })))
            definitions.append(Definition(table: table, definition: definition))
            if table.isExcluded { built.notes.append("table '\(table.name)' comes back empty: its rows are excluded from backups") }
        }
        let asked = Set(selection.sequences.map(\.name))
        built.content.helperSequences = Set(sequences).subtracting(asked).sorted()
        return definitions
    }

    /// Whether a foreign key stays among the restored tables, or leads to a database that is named.
    private func isInside(_ key: ForeignKey, _ chosen: Set<SchemaText>) -> Bool {
        key.referencedDatabase != nil || selection.isWhole || chosen.contains(key.referencedTable)
    }

    private func makeSequences(_ connection: MySQLConnection, _ built: inout Built) throws {
        let helpers = Set(built.content.helperSequences)
        for object in manifest.objects(.sequence) where selection.sequences.contains(object) || helpers.contains(object.name) {
            let operation = "make the sequence '\(object.name)'"
            try connection.define(SQLText(try read(object)), to: operation)
            if let position = object.position, let number = Int64(position) {
                try connection.execute("DO SETVAL(\(identifier: object.name), \(number), 0)", to: operation)
            }
            if helpers.contains(object.name) { continue }
            built.content.swapped.append(object.name)
            built.expected.append(object)
        }
    }

    /// Returns the tables that the server may have copied for it: what was read of them before is not proved any more.
    private func makeForeignKeys(_ definitions: [Definition], _ connection: MySQLConnection) throws(MySQLFailure) -> [SchemaText] {
        let chosen = Set(selection.tables.map(\.name))
        var copied: [SchemaText] = []
        for entry in definitions {
            let keys = entry.definition.foreignKeys.filter { isInside($0, chosen) }
            if keys.isEmpty { continue }
            let clauses: [SQLText] = keys.map { "ADD \(sql: $0.clause)" }
            let statement: SQLText = "ALTER TABLE \(identifier: entry.table.name) \(sql: .joined(clauses))"
            let operation = "make the foreign keys of the table '\(entry.table.name)'"
            do throws(MySQLFailure) {
                try connection.define(statement + ", ALGORITHM = INPLACE", to: operation)
            } catch {
                if error.kind == .connectionLost { throw error }
                try connection.define(statement, to: operation)
                copied.append(entry.table.name)
            }
        }
        return copied
    }

    // MARK: Views, triggers, routines, events

    private func makeDefinitions(_ connection: MySQLConnection, _ built: inout Built) throws {
        let run = DefinitionRun(connection: connection, database: scratch, databaseCollation: manifest.collation)
        for object in selection.definitions where object.kind != .view && object.kind != .event { try make(object, run, &built) }
        try makeViews(run, &built)
        for object in selection.triggers { try make(object, run, &built) }
        for object in selection.definitions where object.kind == .event {
            if makesEvents { try make(object, run, &built) } else { built.content.definitions.append(try definition(object)) }
        }
    }

    /// Views refer to views: whoever fails is tried again after the others, as long as that helps anyone.
    private func makeViews(_ run: DefinitionRun, _ built: inout Built) throws {
        var waiting = selection.definitions.filter { $0.kind == .view }
        while !waiting.isEmpty {
            var failed: [(ServerObject, MySQLFailure)] = []
            for object in waiting {
                if let failure = try attempt(object, run, &built) { failed.append((object, failure)) }
            }
            if failed.count == waiting.count {
                for (object, failure) in failed { try leaveOut(object, failure, &built) }
                return
            }
            waiting = failed.map(\.0)
        }
    }

    private func make(_ object: ServerObject, _ run: DefinitionRun, _ built: inout Built) throws {
        if let failure = try attempt(object, run, &built) { try leaveOut(object, failure, &built) }
    }

    /// Returns why it failed; nil if it did not.
    private func attempt(_ object: ServerObject, _ run: DefinitionRun, _ built: inout Built) throws -> MySQLFailure? {
        let definition = try definition(object), text = try read(object)
        let ownText = object.kind == .trigger ? TriggerText.withoutDatabase(text, manifest.database) : text
        do throws(MySQLFailure) {
            try run.run(try run.statements(object.kind, object.name, ownText, object.context), to: "make the \(object.kind.rawValue) '\(object.name)'")
        } catch {
            return error
        }
        if object.kind == .trigger { built.content.triggers.append(definition) } else { built.content.definitions.append(definition) }
        built.expected.append(ownText == text ? object : object.with(NormalisedDefinition.hash(SchemaText(ownText), object.kind, database: manifest.database)))
        return nil
    }

    private func leaveOut(_ object: ServerObject, _ failure: MySQLFailure, _ built: inout Built) throws(MySQLFailure) {
        // 1418 and 1419: the account is not trusted to make functions or triggers on a server with a binary log.
        if failure.kind == .denied || failure.kind == .connectionLost || [1418, 1419].contains(failure.number) { throw failure }
        built.content.unmade.append(object)
        let was = object.problem.map { "; it could not be used when it was backed up either (\($0))" } ?? ""
        built.problems.append("\(object.kind.rawValue) '\(object.name)' could not be made: \(failure.reason)\(was)")
    }

    /// As the live database gets it.
    private func definition(_ object: ServerObject) throws -> ScratchContent.Definition {
        let text = try read(object)
        let isMoved = object.kind == .trigger && target != manifest.database
        return ScratchContent.Definition(object: object, text: isMoved ? TriggerText.withoutDatabase(text, manifest.database) : text)
    }

    // MARK: Files

    /// The text of a definition, proved by its hash.
    private func read(_ object: ServerObject) throws -> [UInt8] {
        var text = try source.read(object.path, limit: 64 << 20)
        if text.last == 0x0a { text.removeLast() }
        guard NormalisedDefinition.hash(SchemaText(text), object.kind, database: manifest.database) == object.sha256 else {
            throw damaged(object.name, "the file '\(DumpPath.joined(object.path))' of the snapshot is not what its manifest says")
        }
        return text
    }

    private func damaged(_ name: SchemaText, _ reason: String) -> MySQLFailure {
        MySQLFailure(.damaged, "restore '\(name)'", server.server, reason)
    }
}

extension ServerObject {
    /// The same with another hash.
    func with(_ sha256: Digest) -> ServerObject {
        ServerObject(
            kind: kind, name: name, table: table, sha256: sha256, context: context, definer: definer, columns: columns, problem: problem, position: position)
    }
}

/// A trigger's text as its author typed it, which may name the database: `CREATE TRIGGER shop.t BEFORE INSERT ON shop.orders FOR EACH ROW …`.
enum TriggerText {
    /// The names before FOR EACH ROW without that database.
    static func withoutDatabase(_ text: [UInt8], _ database: SchemaText) -> [UInt8] {
        var scanner = DefinitionScanner(text)
        guard let start = scanner.find("TRIGGER"), let end = bodyStart(text, start) else { return text }
        var header = Array(text[start..<end])
        for name in [SQLText(identifier: database).bytes, database.bytes] {
            let qualifier = name + Array(".".utf8)
            var search = 0
            while let place = header.firstRange(of: qualifier, from: search) {
                let isName = place == 0 || [0x20, 0x09, 0x0a, 0x0d].contains(header[place - 1])
                if isName { header.removeSubrange(place..<place + qualifier.count) }
                search = isName ? place : place + 1
            }
        }
        return Array(text[..<start]) + header + Array(text[end...])
    }

    /// FOR EACH ROW, with any white space between.
    private static func bodyStart(_ text: [UInt8], _ start: Int) -> Int? {
        var scanner = DefinitionScanner(text, at: start)
        while let place = scanner.nextPlain() {
            var ahead = DefinitionScanner(text, at: place)
            guard ahead.take("FOR") else { continue }
            ahead.skipWhiteSpace()
            guard ahead.take("EACH") else { continue }
            return place
        }
        return nil
    }
}
