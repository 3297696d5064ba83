// DefinitionRun: a view, trigger, routine or event as the list of statements that makes it mean what it meant.
//
// 1. The session gets the sql_mode, character set, collation and time zone the definition was made in; the server keeps them with it.
// 2. If the database had another collation then, it has it again for the moment: routines and triggers remember it.
// 3. The definition itself, in the bytes of that character set: SHOW CREATE gave it as UTF-8.
// 4. The session, and the database, as before.
//
// Plain statements in an order: they can be written down in the swap's journal and run again by whoever finds them there.

import Bytes

struct DefinitionRun {
    let connection: MySQLConnection
    /// Where the object is made.
    let database: SchemaText
    /// What the database has, and has again afterwards.
    let databaseCollation: String

    /// Statements that create `object` from its text; with what was there of that name removed first.
    func statements(_ kind: ServerObject.Kind, _ name: SchemaText, _ text: [UInt8], _ context: DefinitionContext) throws(MySQLFailure) -> [SQLText] {
        var context = context
        let bytes = try inCharacterSet(&context, DefinitionRun.body(text))
        var statements: [SQLText] = ["USE \(identifier: database)"] + DefinitionRun.drop(kind, name)
        let changesCollation = !context.databaseCollation.isEmpty && context.databaseCollation != databaseCollation
        if changesCollation { statements.append(alterDatabase(context.databaseCollation)) }
        statements += DefinitionRun.session(context) + [SQLText(bytes)] + RestoreServer.plainSession
        if changesCollation { statements.append(alterDatabase(databaseCollation)) }
        return statements
    }

    /// Runs them; the session is as before even if one fails.
    func run(_ statements: [SQLText], to operation: String) throws(MySQLFailure) {
        do throws(MySQLFailure) {
            for statement in statements { try connection.define(statement, to: operation) }
        } catch {
            for statement in RestoreServer.plainSession { _ = try? connection.execute(statement, to: operation) }
            if !databaseCollation.isEmpty { _ = try? connection.execute(alterDatabase(databaseCollation), to: operation) }
            throw error
        }
    }

    /// Packages exist only for sessions that speak Oracle's dialect.
    static func drop(_ kind: ServerObject.Kind, _ name: SchemaText) -> [SQLText] {
        let statement: SQLText = "DROP \(sql: SQLText(kind.rawValue.uppercased())) IF EXISTS \(identifier: name)"
        guard kind == .package || kind == .packageBody else { return [statement] }
        return ["SET SESSION sql_mode = 'ORACLE'", statement] + RestoreServer.plainSession
    }

    // MARK: Steps

    private func alterDatabase(_ collation: String) -> SQLText { "ALTER DATABASE \(identifier: database) COLLATE \(literal: SchemaText(collation))" }

    /// Without what ends a statement in a file.
    private static func body(_ text: [UInt8]) -> [UInt8] {
        let trimmed = DefinitionScanner.trimmed(text, leading: false)
        return trimmed.last == UInt8(ascii: ";") ? Array(trimmed.dropLast()) : trimmed
    }

    private static func session(_ context: DefinitionContext) -> [SQLText] {
        var settings: [SQLText] = ["sql_mode = \(literal: SchemaText(context.sqlMode))"]
        if !context.characterSet.isEmpty { settings.append("character_set_client = \(literal: SchemaText(context.characterSet))") }
        if !context.collation.isEmpty { settings.append("collation_connection = \(literal: SchemaText(context.collation))") }
        if !context.timeZone.isEmpty { settings.append("time_zone = \(literal: SchemaText(context.timeZone))") }
        return ["SET SESSION \(sql: .joined(settings))"]
    }

    /// The text in the character set its session speaks. If that set cannot hold it (somebody replaced the text in another one), the
    /// session speaks UTF-8 instead.
    private func inCharacterSet(_ context: inout DefinitionContext, _ text: [UInt8]) throws(MySQLFailure) -> [UInt8] {
        let set = context.characterSet
        if set.isEmpty || set == "utf8mb4" || text.allSatisfy({ $0 < 0x80 }) { return text }
        if ["utf8", "utf8mb3"].contains(set) && text.allSatisfy({ $0 < 0xf0 }) { return text }
        let literal = SQLText(literal: text)
        if set.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) {
            let answer = try connection.query(
                """
                SELECT CAST(CONVERT(_utf8mb4 \(sql: literal) USING \(sql: SQLText(set))) AS BINARY), \
                CAST(CONVERT(CONVERT(_utf8mb4 \(sql: literal) USING \(sql: SQLText(set))) USING utf8mb4) AS BINARY)
                """, to: "convert a definition")
            if let row = answer.first, let converted = row[0], row[1] == text { return converted }
        }
        context.characterSet = "utf8mb4"
        return text
    }
}
