// RestoreScript: `restore.sql`, which loads a dump into an empty database with the stock client and nothing of ours.
//
// 1. Settings. 2. Sequences and tables. 3. Rows, one LOAD DATA LOCAL for each file. 4. Routines. 5. Views: a stand-in for each first,
// because views refer to each other. 6. Triggers, after the rows, so that they do not fire. 7. Events.
//
// Each definition is created in a session like its author's. The text depends on the database alone: no times, no coordinates.

struct RestoreScript {
    let schema: DatabaseSchema
    let tables: [ServerTable]

    /// How the stock client is to be called, in the directory of the dump.
    static let clientOptions = "--binary-mode --comments --local-infile=1 --max-allowed-packet=1G --default-character-set=utf8mb4"

    func text() -> [UInt8] {
        var script: SQLText = """
            -- Loads this dump into an empty database. In the directory of this file:
            --   mariadb \(sql: SQLText(Self.clientOptions)) DATABASE < restore.sql

            """
        script += beforeRows()
        for table in tables { script += rows(table) }
        script += afterRows()
        return script.bytes
    }

    /// Settings, sequences and tables.
    func beforeRows() -> SQLText {
        var script: SQLText = """
            SET NAMES utf8mb4;
            SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0;

            """
        if tables.contains(where: \.hasHistory) { script += "SET SESSION system_versioning_insert_history = 1;\n" }
        for entry in schema.entries(.sequence) { script += sequence(entry) }
        for entry in schema.entries(.table) { script += "\(sql: SQLText(NormalisedDefinition.unqualified(entry.sql, schema.name).bytes));\n" }
        return script
    }

    /// Everything that must not be there while rows are loaded.
    func afterRows() -> SQLText {
        var script: SQLText = ""
        for kind in [ServerObject.Kind.function, .procedure, .package, .packageBody] {
            for entry in schema.entries(kind) { script += body(entry) }
        }
        let views = schema.entries(.view)
        for entry in views where entry.object.problem == nil { script += standIn(entry.object) }
        for entry in views { script += view(entry) }
        for kind in [ServerObject.Kind.trigger, .event] {
            for entry in schema.entries(kind) { script += body(entry) }
        }
        script += "SET SESSION foreign_key_checks = 1, unique_checks = 1;\n"
        return script
    }

    private func sequence(_ entry: SchemaEntry) -> SQLText {
        let create: SQLText = "\(sql: SQLText(entry.sql.bytes));\n"
        guard let position = entry.object.position.flatMap(Int64.init) else { return create }
        return create + "DO SETVAL(\(identifier: entry.object.name), \(position), 0);\n"
    }

    private func rows(_ table: ServerTable) -> SQLText {
        var script: SQLText = ""
        for chunk in table.chunks {
            let file = SchemaText(DumpPath.joined(DumpPath.data(table.name, chunk.file)))
            script += TableLoad.statement(table.name, columns: table.columns, file: file) + ";\n"
        }
        return script
    }

    // MARK: Views

    private func standIn(_ view: ServerObject) -> SQLText {
        let columns = view.columns.map { column -> SQLText in "1 AS \(identifier: column)" }
        return "CREATE VIEW \(identifier: view.name) AS SELECT \(sql: .joined(columns));\n"
    }

    private func view(_ entry: SchemaEntry) -> SQLText {
        let sql = NormalisedDefinition.unqualified(entry.sql, schema.name)
        if let problem = entry.object.problem {
            let lines = sql.bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map { Array("--   ".utf8) + $0 + [0x0a] }
            return "-- The view \(identifier: entry.object.name) could not be used: \(sql: SQLText(problem)). Its definition:\n" + SQLText(lines.flatMap(\.self))
        }
        return session(entry.object.context) + "DROP VIEW IF EXISTS \(identifier: entry.object.name);\n\(sql: SQLText(sql.bytes));\n" + sessionEnd(entry.object.context)
    }

    // MARK: Bodies

    private func body(_ entry: SchemaEntry) -> SQLText {
        let delimiter = Self.delimiter(for: entry.sql.bytes)
        let statement: SQLText = "DELIMITER \(sql: delimiter)\n\(sql: SQLText(entry.sql.bytes))\(sql: delimiter)\nDELIMITER ;\n"
        return session(entry.object.context) + statement + sessionEnd(entry.object.context)
    }

    /// One that does not occur in the text.
    private static func delimiter(for text: [UInt8]) -> SQLText {
        var candidate = ";;"
        while text.firstRange(of: Array(candidate.utf8)) != nil { candidate += "$" }
        return SQLText(candidate)
    }

    private func session(_ context: DefinitionContext) -> SQLText {
        var settings: [SQLText] = []
        if !context.characterSet.isEmpty {
            settings.append("character_set_client = \(sql: SQLText(context.characterSet)), collation_connection = \(sql: SQLText(context.collation))")
        }
        // What has a body has a mode, even if it is the empty one; a view has neither.
        if !context.databaseCollation.isEmpty { settings.append("sql_mode = \(literal: SchemaText(context.sqlMode))") }
        if !context.timeZone.isEmpty { settings.append("time_zone = \(literal: SchemaText(context.timeZone))") }
        let database: SQLText = changesDatabase(context) ? "ALTER DATABASE COLLATE \(sql: SQLText(context.databaseCollation));\n" : ""
        return settings.isEmpty ? database : "\(sql: database)SET SESSION \(sql: .joined(settings));\n"
    }

    private func sessionEnd(_ context: DefinitionContext) -> SQLText {
        let database: SQLText = changesDatabase(context) ? "ALTER DATABASE COLLATE \(sql: SQLText(schema.collation));\n" : ""
        return "\(sql: database)SET NAMES utf8mb4;\nSET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00';\n"
    }

    /// Variables without a character set take that of the database at the moment of creation.
    private func changesDatabase(_ context: DefinitionContext) -> Bool {
        !context.databaseCollation.isEmpty && context.databaseCollation != schema.collation
    }
}
