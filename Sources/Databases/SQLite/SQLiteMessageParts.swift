// SQLiteMessageParts: the values inside the messages of SQLiteMessages, each as JSON and back.

package import Bytes

extension JSONWriter {
    mutating func path(_ path: BytePath) { schemaText(SchemaText(path.bytes)) }

    mutating func list<Element>(_ elements: [Element], _ write: (Element, inout JSONWriter) -> Void) {
        beginArray()
        for element in elements { write(element, &self) }
        endArray()
    }

    mutating func lines(_ lines: [String]) { list(lines) { $1.string($0) } }
}

extension JSONScanner {
    mutating func path() throws(JSONError) -> BytePath { BytePath(try schemaText().bytes) }

    mutating func lines() throws(JSONError) -> [String] {
        try list { (inner) throws(JSONError) in try inner.text() }
    }
}

extension DatabaseFailure {
    package func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("kind")
        writer.string(kind.rawValue)
        writer.key("operation")
        writer.string(operation)
        writer.key("path")
        writer.path(path)
        writer.key("reason")
        writer.string(reason)
        if let hint {
            writer.key("hint")
            writer.string(hint)
        }
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var kind = Kind.worker, operation = "", path = BytePath([]), reason = "", hint: String?
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "kind": kind = Kind(rawValue: try scanner.text()) ?? .worker
            case "operation": operation = try scanner.text()
            case "path": path = try scanner.path()
            case "reason": reason = try scanner.text()
            case "hint": hint = try scanner.text()
            default: try scanner.skipValue()
            }
        }
        self.init(kind, operation, path, reason, hint: hint)
    }
}

extension SwapOptions {
    /// As keys of the surrounding object.
    func write(to writer: inout JSONWriter) {
        writer.key("lock_timeout")
        writer.integer(Int64(lockTimeoutMilliseconds))
        writer.key("replaces_while_open")
        writer.bool(replacesWhileOpen)
        guard let ownership else { return }
        writer.key("ownership")
        writer.list([ownership.userID, ownership.groupID, ownership.mode]) { $1.integer($0) }
    }
}

extension FileOwnership {
    init(reading scanner: inout JSONScanner) throws(JSONError) {
        let parts = try scanner.list { (inner) throws(JSONError) in try inner.unsigned32() }
        guard parts.count == 3 else { throw JSONError(problem: "expected user, group and mode", offset: scanner.offset) }
        self.init(userID: parts[0], groupID: parts[1], mode: parts[2])
    }
}

extension DatabaseProbe {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("path")
        writer.path(path)
        writer.key("library_version")
        writer.string(libraryVersion)
        writer.key("journal_mode")
        writer.string(journalMode.rawValue)
        writer.key("encoding")
        writer.string(encoding)
        writer.key("page_size")
        writer.integer(pageSize)
        writer.key("byte_count")
        writer.integer(byteCount)
        writer.key("log_byte_count")
        writer.integer(logByteCount)
        writer.key("table_count")
        writer.integer(tableCount)
        writer.key("estimated_row_count")
        writer.integer(estimatedRowCount)
        writer.key("is_writable")
        writer.bool(isWritable)
        writer.key("advice")
        writer.lines(advice)
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var path = BytePath([]), libraryVersion = "", journalMode = DatabaseManifest.JournalMode.rollback, encoding = ""
        var numbers: [String: UInt64] = [:], isWritable = false, advice: [String] = []
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "path": path = try scanner.path()
            case "library_version": libraryVersion = try scanner.text()
            case "journal_mode": journalMode = DatabaseManifest.JournalMode(rawValue: try scanner.text()) ?? .rollback
            case "encoding": encoding = try scanner.text()
            case "page_size", "byte_count", "log_byte_count", "table_count", "estimated_row_count": numbers[key] = try scanner.unsigned()
            case "is_writable": isWritable = try scanner.bool()
            case "advice": advice = try scanner.lines()
            default: try scanner.skipValue()
            }
        }
        self.init(
            path: path, libraryVersion: libraryVersion, journalMode: journalMode, encoding: encoding, pageSize: numbers["page_size"] ?? 0,
            byteCount: numbers["byte_count"] ?? 0, logByteCount: numbers["log_byte_count"] ?? 0, tableCount: numbers["table_count"] ?? 0,
            estimatedRowCount: numbers["estimated_row_count"] ?? 0, isWritable: isWritable, advice: advice)
    }
}

extension SQLiteInspectionReport {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("foreign_key_problems")
        writer.lines(foreignKeyProblems)
        writer.key("manifest")
        manifest.write(to: &writer)
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var manifest: DatabaseManifest?, problems: [String] = []
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "manifest": manifest = try DatabaseManifest(reading: &scanner)
            case "foreign_key_problems": problems = try scanner.lines()
            default: try scanner.skipValue()
            }
        }
        guard let manifest else { throw JSONError(problem: "the manifest is missing", offset: scanner.offset) }
        self.init(manifest: manifest, foreignKeyProblems: problems)
    }
}

extension SwapReport {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("path")
        writer.path(path)
        writer.key("set_aside")
        writer.list(setAside) { $1.path($0) }
        writer.key("notes")
        writer.lines(notes)
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var path = BytePath([]), setAside: [BytePath] = [], notes: [String] = []
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "path": path = try scanner.path()
            case "set_aside": setAside = try scanner.list { (inner) throws(JSONError) in try inner.path() }
            case "notes": notes = try scanner.lines()
            default: try scanner.skipValue()
            }
        }
        self.init(path: path, setAside: setAside, notes: notes)
    }
}

extension TableReplacementReport {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("swap")
        swap.write(to: &writer)
        writer.key("tables")
        writer.list(tables) { $0.write(to: &$1) }
        writer.key("foreign_key_problems")
        writer.lines(foreignKeyProblems)
        writer.endObject()
    }

    init(reading scanner: inout JSONScanner) throws(JSONError) {
        var swap: SwapReport?, tables: [TableSummary] = [], problems: [String] = []
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "swap": swap = try SwapReport(reading: &scanner)
            case "tables": tables = try scanner.list { (inner) throws(JSONError) in try TableSummary(reading: &inner) }
            case "foreign_key_problems": problems = try scanner.lines()
            default: try scanner.skipValue()
            }
        }
        guard let swap else { throw JSONError(problem: "the report is missing", offset: scanner.offset) }
        self.init(swap: swap, tables: tables, foreignKeyProblems: problems)
    }
}
