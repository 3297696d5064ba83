// GrantCheck: whether the account may see everything it is to back up, asked before anything is read.
//
// Servers do not say what they hide: without TRIGGER a database has no triggers, without the right to its definition no routine, and
// a dump of that looks whole. So every privilege must be shown by SHOW GRANTS, and each missing one is named as the statement that
// gives it. Roles count where they are in force.

package struct GrantCheck: Sendable {
    /// A privilege the account lacks, and what becomes possible with it.
    package struct Missing: Hashable, Sendable {
        package let statement: String
        package let purpose: String
    }

    /// Without these a dump would not be whole.
    package let required: [Missing]
    /// Without these a dump is whole, but is made in another way, or knows less.
    package let useful: [Missing]

    private let grants: [Grant]

    /// One line of SHOW GRANTS.
    private struct Grant: Sendable {
        let privileges: Set<String>
        /// As written, without quotes: "*", "shop", "sh%p\_1".
        let database: String
        let object: String
    }

    init(_ connection: MySQLConnection, _ database: SchemaText, locksTables: Bool = false) throws(MySQLFailure) {
        let lines = try Self.lines(connection)
        grants = lines.compactMap(Self.parse)
        let account = try connection.query("SELECT CURRENT_USER()", to: "read the account's name").first?.text(0) ?? ""
        let grantee = AccountReader.quoted(account).description
        let name = SQLText(identifier: database).description, version = connection.version
        var required: [Missing] = [], useful: [Missing] = []
        let wanted =
            [
                ("SELECT", "to read its rows"), ("SHOW VIEW", "to read its views"), ("TRIGGER", "to see its triggers"), ("EVENT", "to see its events"),
            ] + (locksTables ? [("LOCK TABLES", "to lock its non-transactional tables")] : [])
        for (privilege, purpose) in wanted where !Self.holds(grants, privilege, on: database) {
            required.append(Missing(statement: "GRANT \(privilege) ON \(name).* TO \(grantee)", purpose: purpose))
        }
        if try Self.mayHideRoutines(grants, database, connection), let routines = Self.missingForRoutines(grants, version, database, grantee) {
            required.append(routines)
        }
        let isMariaDB = version.vendor == .mariadb
        let global =
            isMariaDB
            ? [
                ("RELOAD", "to make one snapshot for several readers without a binary log"),
                ("BINLOG ADMIN", "so that ALTER TABLE need not wait for the end of the backup"),
            ]
            : [
                ("RELOAD", "to make one snapshot for several readers"), ("BACKUP_ADMIN", "to keep tables from being changed meanwhile"),
                ("REPLICATION CLIENT", "to know the snapshot's place in the binary log"),
            ]
        for (privilege, purpose) in global where !Self.holds(grants, privilege, on: nil) {
            useful.append(Missing(statement: "GRANT \(privilege) ON *.* TO \(grantee)", purpose: purpose))
        }
        self.required = required
        self.useful = useful
    }

    /// Whether a privilege on everything is held: "RELOAD".
    func holdsGlobally(_ privilege: String) -> Bool { Self.holds(grants, privilege, on: nil) }

    /// Whether a privilege on a whole database is held: "CREATE".
    func holds(_ privilege: String, on database: SchemaText) -> Bool { Self.holds(grants, privilege, on: database) }

    // MARK: Reading

    private static func lines(_ connection: MySQLConnection) throws(MySQLFailure) -> [String] {
        var sql: SQLText = "SHOW GRANTS"
        if connection.version.vendor == .mysql && connection.version.isAtLeast(8, 0) {
            let roles = try connection.query("SELECT CURRENT_ROLE()", to: "read the account's roles").first?.text(0) ?? "NONE"
            if roles != "NONE" { sql = "SHOW GRANTS FOR CURRENT_USER() USING \(sql: SQLText(roles))" }
        }
        return try connection.query(sql, to: "read the account's privileges").map { $0.text(0) }
    }

    /// "GRANT SELECT, SHOW VIEW ON `shop`.* TO …". Lines of another shape (roles, proxies, single routines) give nothing.
    private static func parse(_ line: String) -> Grant? {
        guard line.hasPrefix("GRANT "), let on = line.firstRange(of: " ON ") else { return nil }
        let privileges = line[..<on.lowerBound].dropFirst("GRANT ".count)
        var rest = line[on.upperBound...]
        for word in ["FUNCTION ", "PROCEDURE ", "PACKAGE "] where rest.hasPrefix(word) { return nil }
        if rest.hasPrefix("TABLE ") { rest = rest.dropFirst(6) }
        guard let database = takeName(&rest), rest.popFirst() == ".", let object = takeName(&rest) else { return nil }
        return Grant(privileges: Set(splitPrivileges(privileges)), database: database, object: object)
    }

    /// A privilege on columns ("SELECT (a, b)") is none on the table.
    private static func splitPrivileges(_ text: Substring) -> [String] {
        var names: [String] = [], name = "", depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == "," && depth == 0 {
                names.append(name)
                name = ""
            } else {
                name.append(character)
            }
            if character == ")" { depth -= 1 }
        }
        return (names + [name]).map { $0.trimmed }
    }

    /// A name in backticks, in double quotes (sql_mode ANSI_QUOTES), or bare.
    private static func takeName(_ rest: inout Substring) -> String? {
        guard let quote = rest.first, quote == "`" || quote == "\"" else {
            let name = rest.prefix { $0 != "." && $0 != " " }
            rest = rest.dropFirst(name.count)
            return name.isEmpty ? nil : String(name)
        }
        var name = ""
        rest = rest.dropFirst()
        while let character = rest.popFirst() {
            if character != quote {
                name.append(character)
            } else if rest.first == quote {
                name.append(quote)
                rest = rest.dropFirst()
            } else {
                return name
            }
        }
        return nil
    }

    // MARK: Judging

    private static func holds(_ grants: [Grant], _ privilege: String, on database: SchemaText?) -> Bool {
        grants.contains { grant in
            guard grant.object == "*", grant.privileges.contains(privilege) || grant.privileges.contains("ALL PRIVILEGES") || grant.privileges.contains("ALL")
            else { return false }
            if grant.database == "*" { return true }
            guard let database else { return false }
            return matches(Array(String(decoding: database.bytes, as: UTF8.self))[...], Array(grant.database)[...])
        }
    }

    /// LIKE: `%` and `_` are wild unless a backslash precedes them.
    private static func matches(_ name: ArraySlice<Character>, _ pattern: ArraySlice<Character>) -> Bool {
        guard let wanted = pattern.first else { return name.isEmpty }
        if wanted == "%" {
            return (name.startIndex...name.endIndex).contains { matches(name[$0...], pattern.dropFirst()) }
        }
        if wanted == "\\", let literal = pattern.dropFirst().first {
            return name.first == literal && matches(name.dropFirst(), pattern.dropFirst(2))
        }
        guard let character = name.first, wanted == "_" || wanted == character else { return false }
        return matches(name.dropFirst(), pattern.dropFirst())
    }

    /// Who may call or change every routine of a database sees all their names, and which definitions are withheld. Anybody else may have
    /// any number of them hidden.
    private static func mayHideRoutines(
        _ grants: [Grant], _ database: SchemaText, _ connection: MySQLConnection
    ) throws(MySQLFailure) -> Bool {
        guard ["EXECUTE", "ALTER ROUTINE"].contains(where: { holds(grants, $0, on: database) }) else { return true }
        let withheld: SQLText = "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = \(literal: database) AND ROUTINE_DEFINITION IS NULL"
        return try connection.query(withheld, to: "look for hidden routines").first?.unsigned(0) != 0
    }

    /// The definitions of routines are their owner's, unless one may see all of them.
    private static func missingForRoutines(_ grants: [Grant], _ version: MySQLVersion, _ database: SchemaText, _ grantee: String) -> Missing? {
        let purpose = "to see its routines"
        if holds(grants, "SELECT", on: nil) { return nil }
        switch version.vendor {
        case .mariadb:
            let seesTable = grants.contains { $0.database == "mysql" && ["proc", "*"].contains($0.object) && $0.privileges.contains("SELECT") }
            // Before 11.3 there is no such privilege, and ALL PRIVILEGES does not include it.
            let hasPrivilege = version.isAtLeast(11, 3)
            if seesTable || hasPrivilege && holds(grants, "SHOW CREATE ROUTINE", on: database) { return nil }
            let name = SQLText(identifier: database).description
            return hasPrivilege
                ? Missing(statement: "GRANT SHOW CREATE ROUTINE ON \(name).* TO \(grantee)", purpose: purpose)
                : Missing(statement: "GRANT SELECT ON mysql.proc TO \(grantee)", purpose: purpose)
        case .mysql:
            if holds(grants, "SHOW_ROUTINE", on: nil) { return nil }
            return version.isAtLeast(8, 0, 20)
                ? Missing(statement: "GRANT SHOW_ROUTINE ON *.* TO \(grantee)", purpose: purpose)
                : Missing(statement: "GRANT SELECT ON mysql.proc TO \(grantee)", purpose: purpose)
        }
    }

    /// The refusal that names every missing privilege; nil if nothing required is missing.
    func failure(_ server: MySQLServer, _ database: SchemaText) -> MySQLFailure? {
        guard !required.isEmpty else { return nil }
        let purposes = required.map(\.purpose).joined(separator: ", ")
        return MySQLFailure(
            .denied, "back up the database '\(database)'", server, "the account lacks privileges \(purposes)",
            hint: "run as an administrator of the server: " + required.map { $0.statement + ";" }.joined(separator: " "))
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
