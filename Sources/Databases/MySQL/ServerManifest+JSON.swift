// ServerManifest+JSON: the manifest as the document `manifest.json` of a dump, and back.
//
// Reading is strict about what it needs and passes over keys it does not know, so that later versions may add some. The document
// carries a hash over the definitions it lists and the rows it counts: one that was cut or edited is refused, not compared.

package import Bytes
import Codecs

extension ServerManifest {
    /// A manifest larger than this is refused; a million files of rows fit.
    package static let maximumByteCount = 256 << 20

    package var json: [UInt8] {
        var writer = JSONWriter(reserving: 1 << 16)
        writer.beginObject()
        writer.key("format_version")
        writer.integer(ServerManifest.formatVersion)
        for (key, value) in [
            ("method", method.rawValue), ("engine", vendor.rawValue), ("server_version", serverVersion), ("sql_mode", sqlMode),
            ("character_set", characterSet), ("collation", collation),
        ] { writer.field(key, value) }
        writer.key("database")
        writer.schemaText(database)
        writer.key("lower_case_table_names")
        writer.integer(lowerCaseTableNames)
        if let coordinates {
            writer.key("coordinates")
            coordinates.write(to: &writer)
        }
        writer.key("capture_started")
        writer.timestamp(captureStarted)
        writer.key("capture_ended")
        writer.timestamp(captureEnded)
        writer.key("content_sha256")
        writer.digest(contentChecksum)
        writer.key("objects")
        writer.list(objects) { $0.write(to: &$1) }
        writer.key("tables")
        writer.list(tables) { $0.write(to: &$1) }
        writer.key("notes")
        writer.lines(notes)
        writer.endObject()
        return writer.bytes
    }

    package init(json: [UInt8]) throws(JSONError) {
        guard json.count <= Self.maximumByteCount else { throw JSONError(problem: "the manifest is too large", offset: 0) }
        var scanner = JSONScanner(json)
        var fields = ManifestFields()
        try scanner.fields { (key, scanner) throws(JSONError) in try fields.read(key, &scanner) }
        try scanner.endOfDocument()
        self = try fields.manifest(at: scanner.offset)
    }

    /// Over every definition's hash and every file's name and rows.
    package var contentChecksum: Digest {
        var text: [UInt8] = []
        func add(_ part: [UInt8]) { text += Array("\(part.count):".utf8) + part }
        for object in objects {
            add(Array(object.kind.rawValue.utf8))
            add(object.name.bytes)
            add(object.sha256.bytes)
        }
        for table in tables {
            add(table.name.bytes)
            for chunk in table.chunks {
                add(Array("\(chunk.file) \(chunk.byteCount) \(chunk.rows.rowCount) \(chunk.rows.xor) \(chunk.rows.sum)".utf8))
            }
        }
        return SHA256.hash(text)
    }
}

/// The values read so far; which of them must be there is decided at the end.
private struct ManifestFields {
    var formatVersion: UInt64?
    var words: [String: String] = [:]
    var database: SchemaText?, lowerCaseTableNames: UInt64 = 0, coordinates: BinlogCoordinates?
    var started: Timestamp?, ended: Timestamp?, checksum: Digest?
    var objects: [ServerObject]?, tables: [ServerTable]?, notes: [String] = []

    mutating func read(_ key: String, _ scanner: inout JSONScanner) throws(JSONError) {
        switch key {
        case "format_version": formatVersion = try scanner.unsigned()
        case "method", "engine", "server_version", "sql_mode", "character_set", "collation": words[key] = try scanner.text()
        case "database": database = try scanner.schemaText()
        case "lower_case_table_names": lowerCaseTableNames = try scanner.unsigned()
        case "coordinates": coordinates = try BinlogCoordinates(reading: &scanner)
        case "capture_started": started = try scanner.timestamp()
        case "capture_ended": ended = try scanner.timestamp()
        case "content_sha256": checksum = try scanner.digest()
        case "objects": objects = try scanner.list { (inner) throws(JSONError) in try ServerObject(reading: &inner) }
        case "tables": tables = try scanner.list { (inner) throws(JSONError) in try ServerTable(reading: &inner) }
        case "notes": notes = try scanner.lines()
        default: try scanner.skipValue()
        }
    }

    func manifest(at offset: Int) throws(JSONError) -> ServerManifest {
        guard let formatVersion, formatVersion <= ServerManifest.formatVersion else {
            throw JSONError(problem: "the manifest is of a newer version of lifeboat", offset: offset)
        }
        guard let method = words["method"].flatMap(ServerManifest.Method.init), let vendor = words["engine"].flatMap(MySQLVersion.Vendor.init),
            let database, let started, let ended, let checksum, let objects, let tables
        else { throw JSONError(problem: "the manifest is incomplete", offset: offset) }
        let manifest = ServerManifest(
            method: method, vendor: vendor, serverVersion: words["server_version"] ?? "", database: database, sqlMode: words["sql_mode"] ?? "",
            lowerCaseTableNames: lowerCaseTableNames, characterSet: words["character_set"] ?? "", collation: words["collation"] ?? "",
            coordinates: coordinates, captureStarted: started, captureEnded: ended, objects: objects, tables: tables, notes: notes)
        guard manifest.contentChecksum == checksum else { throw JSONError(problem: "the manifest was changed after it was written", offset: offset) }
        return manifest
    }
}

extension JSONWriter {
    mutating func field(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func field(_ name: String, _ value: SchemaText) {
        key(name)
        schemaText(value)
    }

    mutating func field(_ name: String, _ value: UInt64) {
        key(name)
        integer(value)
    }
}

extension BinlogCoordinates {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("file", file)
        writer.field("position", position)
        writer.field("gtid", gtid)
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var file = "", position: UInt64 = 0, gtid = ""
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "file": file = try scanner.text()
            case "position": position = try scanner.unsigned()
            case "gtid": gtid = try scanner.text()
            default: try scanner.skipValue()
            }
        }
        self.init(file: file, position: position, gtid: gtid)
    }
}

extension ServerObject {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("kind", kind.rawValue)
        writer.field("name", name)
        if table != name { writer.field("table", table) }
        writer.key("sha256")
        writer.digest(sha256)
        for (key, value) in [
            ("sql_mode", context.sqlMode), ("character_set", context.characterSet), ("collation", context.collation),
            ("database_collation", context.databaseCollation), ("time_zone", context.timeZone), ("definer", definer),
        ] where !value.isEmpty { writer.field(key, value) }
        if !columns.isEmpty {
            writer.key("columns")
            writer.list(columns) { $1.schemaText($0) }
        }
        if let problem { writer.field("problem", problem) }
        if let position { writer.field("position", position) }
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var words: [String: String] = [:], name: SchemaText?, table: SchemaText?, digest: Digest?, columns: [SchemaText] = []
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "name": name = try scanner.schemaText()
            case "table": table = try scanner.schemaText()
            case "sha256": digest = try scanner.digest()
            case "columns": columns = try scanner.list { (inner) throws(JSONError) in try inner.schemaText() }
            case "kind", "sql_mode", "character_set", "collation", "database_collation", "time_zone", "definer", "problem", "position":
                words[key] = try scanner.text()
            default: try scanner.skipValue()
            }
        }
        guard let name, let digest, let kind = words["kind"].flatMap(Kind.init) else {
            throw JSONError(problem: "an object of the schema is incomplete", offset: scanner.offset)
        }
        let context = DefinitionContext(
            sqlMode: words["sql_mode"] ?? "", characterSet: words["character_set"] ?? "", collation: words["collation"] ?? "",
            databaseCollation: words["database_collation"] ?? "", timeZone: words["time_zone"] ?? "")
        self.init(
            kind: kind, name: name, table: table, sha256: digest, context: context, definer: words["definer"] ?? "", columns: columns,
            problem: words["problem"], position: words["position"])
    }
}

extension ServerTable {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("name", name)
        writer.field("engine", engine)
        writer.field("rows", rows.rowCount)
        if hasHistory {
            writer.key("history")
            writer.bool(true)
        }
        if isExcluded {
            writer.key("excluded")
            writer.bool(true)
        }
        if let autoIncrement { writer.field("auto_increment", autoIncrement) }
        writer.key("columns")
        writer.list(columns) { $0.write(to: &$1) }
        writer.key("chunks")
        writer.list(chunks) { $0.write(to: &$1) }
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var name: SchemaText?, engine = "", hasHistory = false, isExcluded = false, autoIncrement: UInt64?
        var columns: [ServerColumn] = [], chunks: [TableChunk]?
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "name": name = try scanner.schemaText()
            case "engine": engine = try scanner.text()
            case "history": hasHistory = try scanner.bool()
            case "excluded": isExcluded = try scanner.bool()
            case "auto_increment": autoIncrement = try scanner.unsigned()
            case "columns": columns = try scanner.list { (inner) throws(JSONError) in try ServerColumn(reading: &inner) }
            case "chunks": chunks = try scanner.list { (inner) throws(JSONError) in try TableChunk(reading: &inner) }
            default: try scanner.skipValue()
            }
        }
        guard let name, let chunks else { throw JSONError(problem: "a table is incomplete", offset: scanner.offset) }
        self.init(
            name: name, engine: engine, columns: columns, hasHistory: hasHistory, isExcluded: isExcluded, autoIncrement: autoIncrement, chunks: chunks)
    }
}

extension ServerColumn {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("name", name)
        writer.field("type", type)
        writer.field("form", form.rawValue)
        if reading != .asIs { writer.field("reading", reading.rawValue) }
        if isAutoIncrement {
            writer.key("auto_increment")
            writer.bool(true)
        }
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var name: SchemaText?, type = "", form: ValueForm?, reading: Reading? = .asIs, isAutoIncrement = false
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "name": name = try scanner.schemaText()
            case "type": type = try scanner.text()
            case "form": form = ValueForm(rawValue: try scanner.text())
            case "reading": reading = Reading(rawValue: try scanner.text())
            case "auto_increment": isAutoIncrement = try scanner.bool()
            default: try scanner.skipValue()
            }
        }
        guard let name, let form, let reading else { throw JSONError(problem: "a column is incomplete", offset: scanner.offset) }
        self.init(name: name, type: type, form: form, reading: reading, isAutoIncrement: isAutoIncrement)
    }
}

extension TableChunk {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.field("file", file)
        writer.field("bytes", byteCount)
        writer.field("rows", rows.rowCount)
        writer.field("xor", rows.xor)
        writer.field("sum", rows.sum)
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var file: String?, byteCount: UInt64 = 0, rows = RowSum()
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "file": file = try scanner.text()
            case "bytes": byteCount = try scanner.unsigned()
            case "rows": rows.rowCount = try scanner.unsigned()
            case "xor": rows.xor = try scanner.unsigned()
            case "sum": rows.sum = try scanner.unsigned()
            default: try scanner.skipValue()
            }
        }
        // The name becomes a part of a path: it must be one that we write.
        let isPlain = { (byte: UInt8) in byte == 0x2d || byte == 0x2e || (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) }
        guard let file, !file.isEmpty, !file.hasPrefix("."), file.utf8.allSatisfy(isPlain) else {
            throw JSONError(problem: "a file of rows has no proper name", offset: scanner.offset)
        }
        self.init(file: file, byteCount: byteCount, rows: rows)
    }
}
