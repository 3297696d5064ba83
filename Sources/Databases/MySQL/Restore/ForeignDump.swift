// ForeignDump: an SQL file that somebody else's program made, such as mysqldump, as a dump that can be restored.
//
// Such a file says neither what it should hold nor where from. So its manifest is of method `client`, with nothing to compare: the stock
// client loads it into a scratch database, and what the server then has is what is restored. Before that two things are looked for while the
// file passes (ForeignDumpScan): its last line, without which it was cut, and statements that choose another database, which would lead
// out of the scratch database into live ones.
//
// Not promised: protection from a file that was made to do harm. SQL is a program, and it runs with the rights of the account.

package import Bytes

package enum ForeignDump {
    /// A manifest without contents, for the server that the file is for.
    /// - Parameter database: which need not exist yet.
    package static func manifest(
        for server: MySQLServer, password: [UInt8], database: SchemaText, time: Timestamp
    ) throws -> ServerManifest {
        let connection = try MySQLConnection(server.with(database: nil), password: password), operation = "read the server's settings"
        let row = try connection.query(
            "SELECT @@GLOBAL.sql_mode, @@lower_case_table_names, @@character_set_server, @@collation_server, @@version", to: operation
        ).first
        let live = try connection.query(
            """
            SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA
            WHERE SCHEMA_NAME = \(literal: database)
            """, to: operation
        ).first
        return ServerManifest(
            method: .client, vendor: connection.version.vendor, serverVersion: row?.text(4) ?? connection.version.description, database: database,
            sqlMode: row?.text(0) ?? "", lowerCaseTableNames: row?.unsigned(1) ?? 0, characterSet: live?.text(0) ?? row?.text(2) ?? "utf8mb4",
            collation: live?.text(1) ?? row?.text(3) ?? "utf8mb4_general_ci", coordinates: nil, captureStarted: time, captureEnded: time,
            objects: [], tables: [], notes: [])
    }
}

package struct ForeignDumpScan {
    /// Enough of a line to know what it starts with.
    private static let prefixByteCount = 96
    private var line: [UInt8] = []
    private var lastLine: [UInt8] = []

    package init() {}

    /// Whether the last line says that the dump is whole.
    package var isComplete: Bool { (line.isEmpty ? lastLine : line).starts(with: Array(SQLExport.footer.utf8)) }

    /// - Throws: if a line chooses, makes or drops a database.
    package mutating func take(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0a)
            let room = Self.prefixByteCount - line.count
            if room > 0 { line += bytes[start..<min(end ?? bytes.count, start + room)] }
            guard let end else { return }
            try check()
            if !line.isEmpty { lastLine = line }
            line.removeAll(keepingCapacity: true)
            start = end + 1
        }
    }

    /// Also of a last line without its end.
    package func finish() throws { try check() }

    private func check() throws {
        var words = line.split { [0x20, 0x09, 0x60, 0x0d].contains($0) }.prefix(3).map { String(decoding: $0, as: UTF8.self).uppercased() }
        if let first = words.first, first.hasPrefix("/*!") { words.removeFirst() }
        // `ALTER DATABASE COLLATE …` is about the scratch database; with a name it is about another.
        let isOfDatabase = words.count > 1 && ["DATABASE", "SCHEMA"].contains(words[1])
        let isOwn = words.count > 2 && ["COLLATE", "CHARACTER", "CHARSET", "DEFAULT"].contains(words[2])
        let leadsAway = words.first == "USE" || (isOfDatabase && (["CREATE", "DROP"].contains(words[0]) || (words[0] == "ALTER" && !isOwn)))
        guard leadsAway else { return }
        throw Failure(
            .failed, "it names its database itself: '\(BytePath.display(Array(line.prefix(60))))'",
            hint: "such statements would lead around the scratch database; make the dump without `--databases`, or remove those lines")
    }
}
