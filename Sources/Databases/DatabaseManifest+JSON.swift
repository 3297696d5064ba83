// DatabaseManifest+JSON: the manifest as the document stored in the snapshot beside the database, and back.
//
// Reading is strict about what it needs and passes over keys it does not know, so that later versions may add some. The schema's
// own hash is checked: a manifest that was cut or edited is refused rather than compared.

import Codecs
package import Bytes

extension DatabaseManifest {
    /// A manifest larger than this is refused; 100,000 tables fit.
    package static let maximumByteCount = 64 << 20

    package var json: [UInt8] {
        var writer = JSONWriter(reserving: 4096)
        write(to: &writer)
        return writer.bytes
    }

    package init(json: [UInt8]) throws(JSONError) {
        guard json.count <= DatabaseManifest.maximumByteCount else { throw JSONError(problem: "the manifest is too large", offset: 0) }
        var scanner = JSONScanner(json)
        try self.init(reading: &scanner)
        try scanner.endOfDocument()
    }

    /// The hash of every schema row, as stored in the document.
    package var schemaChecksum: Digest {
        var text: [UInt8] = []
        for object in schema {
            for part in [SchemaText(object.type), object.name, object.table, object.sql ?? SchemaText([])] {
                text += Array("\(part.bytes.count):".utf8) + part.bytes
            }
        }
        return SHA256.hash(text)
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("format_version")
        writer.integer(DatabaseManifest.formatVersion)
        writer.key("engine")
        writer.string(engine)
        writer.key("library_version")
        writer.string(libraryVersion)
        writer.key("page_size")
        writer.integer(format.pageSize)
        writer.key("page_count")
        writer.integer(format.pageCount)
        writer.key("user_version")
        writer.integer(format.userVersion)
        writer.key("application_id")
        writer.integer(format.applicationID)
        writer.key("encoding")
        writer.string(format.encoding)
        writer.key("journal_mode")
        writer.string(format.journalMode.rawValue)
        writer.key("byte_count")
        writer.integer(byteCount)
        writer.key("sha256")
        writer.digest(sha256)
        writer.key("capture_started")
        writer.timestamp(captureStarted)
        writer.key("capture_ended")
        writer.timestamp(captureEnded)
        writer.key("integrity")
        integrity.write(to: &writer)
        writer.key("schema_sha256")
        writer.digest(schemaChecksum)
        writer.key("schema")
        writer.beginArray()
        for object in schema { object.write(to: &writer) }
        writer.endArray()
        writer.key("tables")
        writer.beginArray()
        for table in tables { table.write(to: &writer) }
        writer.endArray()
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var fields = Fields()
        try scanner.beginObject()
        while let key = try scanner.nextKey() { try fields.read(String(decoding: key, as: UTF8.self), &scanner) }
        self = try fields.manifest(at: scanner.offset)
    }

    /// The values read so far; which of them must be there is decided at the end.
    private struct Fields {
        var formatVersion: UInt64?
        var engine = "", libraryVersion = "", encoding = "", journalMode = ""
        var pageSize: UInt64 = 0, pageCount: UInt64 = 0, byteCount: UInt64?
        var userVersion: Int64 = 0, applicationID: Int64 = 0
        var sha256: Digest?, schemaChecksum: Digest?
        var started: Timestamp?, ended: Timestamp?
        var integrity: IntegrityResult?
        var schema: [SchemaObject]?
        var tables: [TableSummary]?

        mutating func read(_ key: String, _ scanner: inout JSONScanner) throws(JSONError) {
            switch key {
            case "format_version": formatVersion = try scanner.unsigned()
            case "engine": engine = try scanner.text()
            case "library_version": libraryVersion = try scanner.text()
            case "page_size": pageSize = try scanner.unsigned()
            case "page_count": pageCount = try scanner.unsigned()
            case "user_version": userVersion = try scanner.signed()
            case "application_id": applicationID = try scanner.signed()
            case "encoding": encoding = try scanner.text()
            case "journal_mode": journalMode = try scanner.text()
            case "byte_count": byteCount = try scanner.unsigned()
            case "sha256": sha256 = try scanner.digest()
            case "schema_sha256": schemaChecksum = try scanner.digest()
            case "capture_started": started = try scanner.timestamp()
            case "capture_ended": ended = try scanner.timestamp()
            case "integrity": integrity = try IntegrityResult(reading: &scanner)
            case "schema": schema = try scanner.list { (inner) throws(JSONError) in try SchemaObject(reading: &inner) }
            case "tables": tables = try scanner.list { (inner) throws(JSONError) in try TableSummary(reading: &inner) }
            default: try scanner.skipValue()
            }
        }

        func manifest(at offset: Int) throws(JSONError) -> DatabaseManifest {
            guard let formatVersion, formatVersion <= DatabaseManifest.formatVersion else {
                throw JSONError(problem: "the manifest was written by a newer lifeboat", offset: offset)
            }
            guard engine == "sqlite", let byteCount, let sha256, let schemaChecksum, let started, let ended, let integrity, let schema,
                let tables,
                let mode = JournalMode(rawValue: journalMode)
            else { throw JSONError(problem: "the manifest lacks a part", offset: offset) }
            let manifest = DatabaseManifest(
                engine: engine, libraryVersion: libraryVersion,
                format: Format(
                    pageSize: pageSize, pageCount: pageCount, userVersion: userVersion, applicationID: applicationID, encoding: encoding,
                    journalMode: mode),
                byteCount: byteCount, sha256: sha256, captureStarted: started, captureEnded: ended, integrity: integrity, schema: schema,
                tables: tables)
            guard manifest.schemaChecksum == schemaChecksum else {
                throw JSONError(problem: "the manifest's schema does not match its own hash", offset: offset)
            }
            return manifest
        }
    }
}

extension JSONScanner {
    /// An array whose elements `read` takes one by one.
    mutating func list<Element>(_ read: (inout JSONScanner) throws(JSONError) -> Element) throws(JSONError) -> [Element] {
        var elements: [Element] = []
        try beginArray()
        while try nextElement() { elements.append(try read(&self)) }
        return elements
    }

    /// An object whose keys `read` sees one by one; it must take exactly one value for each.
    mutating func fields(_ read: (String, inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) {
        try beginObject()
        while let key = try nextKey() { try read(String(decoding: key, as: UTF8.self), &self) }
    }
}

extension IntegrityResult {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("outcome")
        switch self {
        case .sound: writer.string("sound")
        case .problems(let lines):
            writer.string("problems")
            writer.key("messages")
            writer.beginArray()
            for line in lines { writer.string(line) }
            writer.endArray()
        case .inconclusive(let reason):
            writer.string("inconclusive")
            writer.key("messages")
            writer.beginArray()
            writer.string(reason)
            writer.endArray()
        }
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var outcome = "", messages: [String] = []
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "outcome": outcome = try scanner.text()
            case "messages": messages = try scanner.list { (inner) throws(JSONError) in try inner.text() }
            default: try scanner.skipValue()
            }
        }
        switch outcome {
        case "sound": self = .sound
        case "problems": self = .problems(messages)
        case "inconclusive": self = .inconclusive(messages.first ?? "")
        default: throw JSONError(problem: "expected the outcome of a check", offset: scanner.offset)
        }
    }
}

extension SchemaObject {
    package func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("type")
        writer.string(type)
        writer.key("name")
        writer.schemaText(name)
        writer.key("table")
        writer.schemaText(table)
        if let sql {
            writer.key("sql")
            writer.schemaText(sql)
        }
        writer.endObject()
    }

    package init(reading scanner: inout JSONScanner) throws(JSONError) {
        var type = "", name: SchemaText?, table: SchemaText?, sql: SchemaText?
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "type": type = try scanner.text()
            case "name": name = try scanner.schemaText()
            case "table": table = try scanner.schemaText()
            case "sql": sql = try scanner.schemaText()
            default: try scanner.skipValue()
            }
        }
        guard let name, let table else { throw JSONError(problem: "a schema object has no name", offset: scanner.offset) }
        self.init(type: type, name: name, table: table, sql: sql)
    }
}

extension TableSummary {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.schemaText(name)
        switch content {
        case .rows(let checksum):
            writer.key("rows")
            writer.integer(checksum.rowCount)
            writer.key("checksum")
            writer.digest(checksum.sum)
        case .virtual:
            writer.key("virtual")
            writer.bool(true)
        case .unreadable(let reason):
            writer.key("unreadable")
            writer.string(reason)
        }
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var name: SchemaText?, rows: UInt64?, sum: Digest?, isVirtual = false, problem: String?
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "name": name = try scanner.schemaText()
            case "rows": rows = try scanner.unsigned()
            case "checksum": sum = try scanner.digest()
            case "virtual": isVirtual = try scanner.bool()
            case "unreadable": problem = try scanner.text()
            default: try scanner.skipValue()
            }
        }
        guard let name else { throw JSONError(problem: "a table has no name", offset: scanner.offset) }
        if let problem {
            self.init(name: name, content: .unreadable(problem))
        } else if isVirtual {
            self.init(name: name, content: .virtual)
        } else if let rows, let sum {
            self.init(name: name, content: .rows(TableChecksum(rowCount: rows, sum: sum)))
        } else {
            throw JSONError(problem: "a table has no checksum", offset: scanner.offset)
        }
    }
}
