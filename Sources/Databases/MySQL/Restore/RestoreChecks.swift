// RestoreChecks: what would make a restore fail or lie later is found before anything is made.

import Bytes
import HostOS

struct RestoreChecks {
    let connection: MySQLConnection
    let manifest: ServerManifest
    let selection: RestoreSelection
    let target: SchemaText
    let scratch: SchemaText

    private var server: MySQLServer { connection.server }
    private var operation: String { "restore the database '\(manifest.database)'" }

    func run() throws {
        try checkVersion()
        try checkCase()
        try checkSpace()
        try checkGrants()
    }

    // MARK: Server

    private func checkVersion() throws(MySQLFailure) {
        let source = manifest.version, own = connection.version
        guard source.vendor == own.vendor else {
            throw MySQLFailure(
                .unsupported, operation, server, "the backup is from \(source), and this server is \(own)",
                hint: "restore into a \(source.vendor == .mariadb ? "MariaDB" : "MySQL") server; the files of the snapshot (`restore.sql`) are plain SQL to convert from")
        }
        guard (own.major, own.minor) >= (source.major, source.minor) else {
            throw MySQLFailure(
                .unsupported, operation, server, "the backup is from \(source), and this server is older (\(own))",
                hint: "restore into \(source.vendor == .mariadb ? "MariaDB" : "MySQL") \(source.major).\(source.minor) or later")
        }
        if selection.tables.contains(where: \.hasHistory) && !own.isAtLeast(10, 11) {
            throw MySQLFailure(
                .unsupported, operation, server, "\(own) cannot take back the history of system-versioned tables", hint: "restore into MariaDB 10.11 or later")
        }
    }

    /// A server that does not tell 'A' from 'a' would lose one of two tables, or give them other names.
    private func checkCase() throws(MySQLFailure) {
        let own = try connection.query("SELECT @@lower_case_table_names", to: operation).first?.unsigned(0) ?? 0
        if own == manifest.lowerCaseTableNames || own == 0 { return }
        guard let name = selection.tables.map(\.name).first(where: { $0.folded != $0.bytes }) else { return }
        throw MySQLFailure(
            .unsupported, operation, server, "the table '\(name)' has capital letters in its name, and this server does not keep them",
            hint: "restore into a server with lower_case_table_names = \(manifest.lowerCaseTableNames)")
    }

    /// Whether the server lets clients load data; without it rows go in statements, which takes longer.
    func loadsFiles() throws(MySQLFailure) -> Bool {
        try connection.query("SELECT @@global.local_infile", to: operation).first?.text(0) == "1"
    }

    static let slowLoadNote =
        "the server does not let clients load data (local_infile is off), so rows were sent as INSERT statements, which takes longer; "
        + "`SET GLOBAL local_infile = 1` for the time of a restore makes it fast"

    /// Only where the server's disk is ours to look at.
    private func checkSpace() throws {
        guard case .socket = server.address, let directory = try connection.query("SELECT @@datadir", to: operation).first?[0],
            let free = try? Directory.freeSpace(at: BytePath(directory))
        else { return }
        let byteCount = selection.tables.reduce(UInt64(0)) { $0 &+ $1.byteCount }, needed = byteCount / 2 * 3
        guard free < needed else { return }
        throw MySQLFailure(
            .noSpace, operation, server, "'\(BytePath(directory))' has \(free >> 20) MiB free, and about \(needed >> 20) MiB are needed beside the live database",
            hint: "free some space there, or restore into another server")
    }

    // MARK: Accounts

    /// Every privilege that loading and swapping takes, on the databases we make and on the live one; each missing one is named.
    private func checkGrants() throws(MySQLFailure) {
        let grants = try GrantCheck(connection, target)
        let account = AccountReader.quoted(try connection.query("SELECT CURRENT_USER()", to: operation).first?.text(0) ?? "")
        var statements: [SQLText] = []
        for (database, name): (SchemaText, SQLText) in [(target, SQLText(identifier: target)), (scratch, "`lifeboat\\_%`")] {
            let missing = neededPrivileges.filter { !grants.holds($0, on: database) }
            if missing.isEmpty { continue }
            statements.append("GRANT \(sql: .joined(missing.map { SQLText($0) })) ON \(sql: name).* TO \(sql: account)")
        }
        if let logged = try missingForBinaryLog(grants, account) { statements.append(logged) }
        if let definers = missingForDefiners(grants, account) { statements.append(definers) }
        if statements.isEmpty { return }
        throw MySQLFailure(
            .denied, operation, server, "the account lacks privileges",
            hint: "restore as an administrator of the server (--database-user root), or let one run: "
                + statements.map { "\($0);" }.joined(separator: " "))
    }

    /// What every restore takes, whatever is in the database.
    static let basicPrivileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "TRIGGER"]

    private var neededPrivileges: [String] {
        let kinds = Set(selection.definitions.map(\.kind))
        var needed = Self.basicPrivileges
        if kinds.contains(.view) { needed += ["CREATE VIEW", "SHOW VIEW"] }
        if kinds.contains(.event) { needed.append("EVENT") }
        if !kinds.isDisjoint(with: [.function, .procedure, .package, .packageBody]) { needed += ["CREATE ROUTINE", "ALTER ROUTINE"] }
        return needed
    }

    /// With a binary log, servers let only trusted accounts make and remove triggers and functions.
    private func missingForBinaryLog(_ grants: GrantCheck, _ account: SQLText) throws(MySQLFailure) -> SQLText? {
        if grants.holdsGlobally("SUPER") { return nil }
        let row = try connection.query("SELECT @@log_bin, @@log_bin_trust_function_creators", to: operation).first
        guard row?.text(0) == "1", row?.text(1) != "1" else { return nil }
        let live = try connection.query(
            "SELECT 1 FROM information_schema.TRIGGERS WHERE \(sql: .isDatabase("TRIGGER_SCHEMA", target)) LIMIT 1", to: operation)
        if live.isEmpty && selection.triggers.isEmpty && !selection.definitions.contains(where: { $0.kind == .function }) { return nil }
        return "SET GLOBAL log_bin_trust_function_creators = 1"
    }

    /// Making something that runs as somebody else takes a privilege of its own.
    private func missingForDefiners(_ grants: GrantCheck, _ account: SQLText) -> SQLText? {
        let others = (selection.triggers + selection.definitions).filter { !$0.definer.isEmpty && AccountReader.quoted($0.definer) != account }
        if others.isEmpty || grants.holdsGlobally("SUPER") { return nil }
        let isMariaDB = connection.version.vendor == .mariadb
        let privilege = isMariaDB ? "SET USER" : connection.version.isAtLeast(8, 2) ? "SET_ANY_DEFINER" : "SET_USER_ID"
        return grants.holdsGlobally(privilege) ? nil : "GRANT \(sql: SQLText(privilege)) ON *.* TO \(sql: account)"
    }

    /// Accounts that views, triggers, routines and events run as and that this server does not have.
    func missingDefiners() -> [String] {
        let objects = selection.triggers + selection.definitions
        var definers: [String] = []
        for object in objects where !object.definer.isEmpty && !definers.contains(object.definer) { definers.append(object.definer) }
        return definers.compactMap { definer in
            guard let at = definer.lastIndex(of: "@") else { return nil }
            let user = SQLText(literal: Array(definer[..<at].utf8)), host = SQLText(literal: Array(definer[definer.index(after: at)...].utf8))
            guard let rows = try? connection.query("SELECT 1 FROM mysql.user WHERE User = \(sql: user) AND Host = \(sql: host)", to: operation) else { return nil }
            if !rows.isEmpty { return nil }
            let users = objects.filter { $0.definer == definer }
            let first = users.first.map { "\($0.kind.rawValue) '\($0.name)'" } ?? ""
            return "\(first)\(users.count > 1 ? " and \(users.count - 1) more run" : " runs") as '\(definer)', an account that this server does not have: "
                + "CREATE USER \(user)@\(host) …"
        }
    }
}
