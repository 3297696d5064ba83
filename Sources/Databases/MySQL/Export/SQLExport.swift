// SQLExport: a dump as one SQL file that the stock client loads into an empty database, with nothing beside it.
//
// 1. Settings, sequences and tables, as in restore.sql. 2. Each file of rows, proved against the manifest while it passes, as INSERT
//    statements of about half a MiB (InsertText). 3. Routines, views, triggers and events, as in restore.sql. 4. A last line that says
//    how many rows there are, in the words with which the vendors' own dumps end: a reader that knows those notices a file that was cut.
//
// A dump that the vendor's own program made (method `client`) is such a file already and passes as it is, if it is whole.
//
// Not promised: that nothing was written before damage was noticed. Whoever calls this throws the file away then.

import Bytes

package struct SQLExport {
    let manifest: ServerManifest
    let source: any DumpSource
    let sink: (Span<UInt8>) throws -> Void
    /// Hears how many bytes of the dump were read.
    let onBytes: (Int) throws -> Void

    /// What the last line of a whole file starts with.
    package static let footer = "-- Dump completed"

    package init(
        _ manifest: ServerManifest, from source: any DumpSource, onBytes: @escaping (Int) throws -> Void = { _ in },
        to sink: @escaping (Span<UInt8>) throws -> Void
    ) {
        self.manifest = manifest
        self.source = source
        self.onBytes = onBytes
        self.sink = sink
    }

    /// - Throws: `Failure` with exit status 20 if the files are not what the manifest says; what `sink` throws.
    package func run() throws {
        if manifest.method == .client { return try copyClientDump() }
        let script = RestoreScript(schema: try schema(), tables: manifest.tables)
        try write(heading)
        try write(script.beforeRows().bytes)
        var rowCount: UInt64 = 0
        for table in manifest.tables { rowCount += try rows(of: table) }
        try write(script.afterRows().bytes)
        try write(Array("\(Self.footer) by lifeboat: \(rowCount) rows in \(manifest.tables.count) tables\n".utf8))
    }

    private var heading: [UInt8] {
        let version = BytePath.display(Array(manifest.serverVersion.utf8)), time = String(describing: manifest.captureEnded)
        let text: SQLText = """
            -- The database \(sql: SQLText(manifest.database.description)) of \(sql: SQLText(version)), saved by lifeboat at \(sql: SQLText(time)).
            -- Loads into an empty database of the character set \(sql: SQLText(manifest.characterSet)), collation \(sql: SQLText(manifest.collation)):
            --   mariadb --binary-mode --comments --max-allowed-packet=1G --default-character-set=utf8mb4 DATABASE < FILE

            """
        return text.bytes
    }

    // MARK: Definitions

    /// The definitions as they lie in the dump, each proved by its hash.
    private func schema() throws -> DatabaseSchema {
        let entries = try manifest.objects.map { object in
            var text = try source.read(object.path, limit: 64 << 20)
            if text.last == 0x0a { text.removeLast() }
            let sql = SchemaText(text)
            guard NormalisedDefinition.hash(sql, object.kind, database: manifest.database) == object.sha256 else {
                throw Failure(.damaged, "'\(DumpPath.joined(object.path))' is not the definition that the manifest describes")
            }
            return SchemaEntry(object: object, sql: sql)
        }
        return DatabaseSchema(
            name: manifest.database, characterSet: manifest.characterSet, collation: manifest.collation, databaseSQL: SchemaText([]),
            entries: entries, layouts: [])
    }

    // MARK: Rows

    private func rows(of table: ServerTable) throws -> UInt64 {
        var insert = InsertText(table)
        for chunk in table.chunks {
            let path = DumpPath.data(table.name, chunk.file)
            let file = try source.open(path)
            var found = RowSum(), byteCount: UInt64 = 0, pending: [UInt8] = []
            while true {
                let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try file.read(into: &span) }
                if piece.isEmpty { break }
                try onBytes(piece.count)
                byteCount += UInt64(piece.count)
                pending += piece
                var start = 0
                while let end = pending[start...].firstIndex(of: 0x0a) {
                    let row = Array(pending[start...end])
                    found.add(RowHash.hash(row))
                    guard insert.add(row) else { throw damaged(path, "holds a row of another number of fields than the manifest says") }
                    if insert.isFull { try flush(&insert) }
                    start = end + 1
                }
                pending.removeSubrange(..<start)
            }
            guard pending.isEmpty, byteCount == chunk.byteCount, found == chunk.rows else {
                throw damaged(path, "does not hold the \(chunk.rows.rowCount) rows of its manifest (\(found.rowCount) found, or other values)")
            }
        }
        try flush(&insert)
        return table.rows.rowCount
    }

    private func flush(_ insert: inout InsertText) throws { try write(insert.take()) }

    private func damaged(_ path: [[UInt8]], _ what: String) -> Failure { Failure(.damaged, "'\(DumpPath.joined(path))' \(what)") }

    // MARK: The vendor's own dump

    private func copyClientDump() throws {
        try DumpCheck.rows(of: manifest, in: source)
        let file = try source.open(DumpPath.clientDump)
        while true {
            let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try file.read(into: &span) }
            if piece.isEmpty { return }
            try onBytes(piece.count)
            try write(piece)
        }
    }

    private func write(_ bytes: [UInt8]) throws { if !bytes.isEmpty { try sink(bytes.span) } }
}

/// Rows of a dump's files as INSERT statements.
///
/// The text of a field is that of LOAD DATA: the same backslash escapes as a string literal has, so only the quote needs one more, and a
/// carriage return, which the client would otherwise take for part of a line's end. Bytes are literals in hexadecimal. Numbers and times
/// stand in quotes: the server reads them from text in LOAD DATA too, so they become the same values, the last digit of a FLOAT included.
struct InsertText {
    static let usualByteCount = 512 << 10
    private let fullByteCount: Int
    private let start: [UInt8]
    private let isHex: [Bool]
    private var text: [UInt8] = []

    /// - Parameter fullByteCount: so long a statement is to be taken.
    init(_ table: ServerTable, fullByteCount: Int = InsertText.usualByteCount) {
        self.fullByteCount = fullByteCount
        let columns = table.columns.map { column -> SQLText in "\(identifier: column.name)" }
        let head: SQLText = "INSERT INTO \(identifier: table.name) (\(sql: .joined(columns))) VALUES\n"
        start = head.bytes
        isHex = table.columns.map { $0.form == .bytes }
    }

    var byteCount: Int { text.count }
    var isFull: Bool { text.count >= fullByteCount }

    /// Appends a row, its line feed included. False if it has not one field for each column.
    mutating func add(_ row: [UInt8]) -> Bool {
        text += text.isEmpty ? start : [UInt8(ascii: ","), 0x0a]
        text.append(UInt8(ascii: "("))
        let end = row.count - 1
        var field = 0, position = 0
        while field < isHex.count {
            let stop = row[position..<end].firstIndex(of: 0x09) ?? end
            if field > 0 { text.append(UInt8(ascii: ",")) }
            add(field: row[position..<stop], isHex: isHex[field])
            field += 1
            if stop == end { break }
            position = stop + 1
            if field == isHex.count { return false }
        }
        text.append(UInt8(ascii: ")"))
        return field == isHex.count
    }

    private mutating func add(field: ArraySlice<UInt8>, isHex: Bool) {
        let quote = UInt8(ascii: "'")
        if field.elementsEqual([UInt8(ascii: "\\"), UInt8(ascii: "N")]) {
            text += Array("NULL".utf8)
            return
        }
        if isHex { text.append(UInt8(ascii: "X")) }
        text.append(quote)
        for byte in field {
            switch byte {
            case quote: text += [UInt8(ascii: "\\"), quote]
            case 0x0d: text += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            default: text.append(byte)
            }
        }
        text.append(quote)
    }

    /// The statement, which begins anew; empty if there are no rows.
    mutating func take() -> [UInt8] {
        if text.isEmpty { return [] }
        text += [UInt8(ascii: ";"), 0x0a]
        defer { text.removeAll(keepingCapacity: true) }
        return text
    }
}
