// AccountReader: the accounts a database leans on, as statements that make them again: those its definitions belong to, and those with
// rights on it. Restored only on request, because they hold (hashed) passwords and may be newer on the target.
//
// Reading them takes rights on the server's own tables. Without, there is a note and no accounts: the dump is whole all the same.

struct AccountReader {
    let connection: MySQLConnection

    struct Accounts {
        /// nil if none could be read.
        let sql: SchemaText?
        let notes: [String]
    }

    func read(_ schema: DatabaseSchema) -> Accounts {
        let definers = Set(schema.entries.map(\.object.definer).filter { !$0.isEmpty }).sorted()
        var notes: [String] = [], statements: [UInt8] = [], isDenied = false
        if connection.version.vendor == .mysql {
            _ = try? connection.execute("SET SESSION print_identified_with_as_hex = ON", to: "read accounts")
        }
        let accounts = definers.map { ($0, Self.quoted($0)) } + grantees(schema.name).map { ($0.description, $0) }
        var seen: Set<SQLText> = []
        for (name, account) in accounts where seen.insert(account).inserted {
            do throws(MySQLFailure) {
                statements += try definition(account)
            } catch {
                if error.kind == .denied {
                    isDenied = true
                } else if definers.contains(name) {
                    notes.append("the account \(name), to which definitions of this database belong, does not exist")
                }
            }
        }
        if isDenied { notes.append("the accounts are not all in this backup: `GRANT SELECT ON mysql.*` would let lifeboat read them") }
        return Accounts(sql: statements.isEmpty ? nil : SchemaText(Self.header + statements), notes: notes)
    }

    private static let header = Array(
        "-- Accounts that definitions of this database belong to, or that have rights on it. Not loaded by restore.sql.\n".utf8)

    /// Accounts with rights on the whole database, quoted; as many as this account may see.
    private func grantees(_ database: SchemaText) -> [SQLText] {
        let rows = try? connection.query(
            "SELECT DISTINCT GRANTEE FROM information_schema.SCHEMA_PRIVILEGES WHERE \(literal: database) LIKE TABLE_SCHEMA ORDER BY GRANTEE",
            to: "list the accounts with rights on '\(database)'")
        return (rows ?? []).map { SQLText($0[0] ?? []) }
    }

    private func definition(_ account: SQLText) throws(MySQLFailure) -> [UInt8] {
        let operation = "read the account \(account)"
        var lines = try connection.query("SHOW CREATE USER \(sql: account)", to: operation).map { row -> [UInt8] in
            let text = row[0] ?? [], create = Array("CREATE USER ".utf8)
            return text.starts(with: create) ? Array("CREATE USER IF NOT EXISTS ".utf8) + text.dropFirst(create.count) : text
        }
        lines += try connection.query("SHOW GRANTS FOR \(sql: account)", to: operation).map { $0[0] ?? [] }
        return lines.flatMap { $0 + Array(";\n".utf8) }
    }

    /// "user@host" quoted. A name without a host is a role's.
    static func quoted(_ account: String) -> SQLText {
        guard let at = account.lastIndex(of: "@") else { return SQLText(literal: Array(account.utf8)) }
        let user = Array(account[..<at].utf8), host = Array(account[account.index(after: at)...].utf8)
        return "\(sql: SQLText(literal: user))@\(sql: SQLText(literal: host))"
    }
}
