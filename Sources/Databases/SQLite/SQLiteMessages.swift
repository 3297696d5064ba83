// SQLiteMessages: what parent and worker say to each other, as JSON. Both are the same program, so there is one version.

package import Bytes

/// What a worker can be asked.
package enum SQLiteRequest: Hashable, Sendable {
    case probe(BytePath)
    case capture(BytePath, BytePath, CaptureOptions)
    case inspect(BytePath, IntegrityDepth)
    case check(BytePath, IntegrityDepth)
    case swap(BytePath, BytePath, SwapOptions)
    case replaceTables(BytePath, BytePath, [SchemaText], SwapOptions)
    case query(BytePath, String)
    /// A file at rest, and the new script.
    case writeScript(BytePath, BytePath)
    /// The new file, the script, and whether a script that was cut is taken.
    case runScript(BytePath, BytePath, acceptsTruncated: Bool)

    var verb: String {
        switch self {
        case .probe: "open"
        case .capture: "copy"
        case .inspect: "inspect"
        case .check: "check"
        case .swap: "replace"
        case .replaceTables: "restore tables of"
        case .query: "query"
        case .writeScript: "export"
        case .runScript: "load a script into"
        }
    }

    /// The database a failure of the worker is about.
    var subject: BytePath {
        switch self {
        case .probe(let path), .capture(let path, _, _), .inspect(let path, _), .check(let path, _), .swap(_, let path, _),
            .replaceTables(let path, _, _, _), .query(let path, _), .writeScript(let path, _), .runScript(let path, _, _):
            path
        }
    }

    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("verb")
        writer.string(verb)
        writer.key("database")
        writer.path(subject)
        switch self {
        case .probe: break
        case .capture(_, let staging, let options):
            writer.key("file")
            writer.path(staging)
            writer.key("depth")
            writer.string(options.depth.rawValue)
            writer.key("lock_timeout")
            writer.integer(Int64(options.lockTimeoutMilliseconds))
        case .inspect(_, let depth), .check(_, let depth):
            writer.key("depth")
            writer.string(depth.rawValue)
        case .swap(let staged, _, let options):
            writer.key("file")
            writer.path(staged)
            options.write(to: &writer)
        case .replaceTables(_, let snapshot, let tables, let options):
            writer.key("file")
            writer.path(snapshot)
            writer.key("tables")
            writer.list(tables) { $1.schemaText($0) }
            options.write(to: &writer)
        case .query(_, let sql):
            writer.key("sql")
            writer.string(sql)
        case .writeScript(_, let script):
            writer.key("file")
            writer.path(script)
        case .runScript(_, let script, let acceptsTruncated):
            writer.key("file")
            writer.path(script)
            writer.key("accepts_truncated")
            writer.bool(acceptsTruncated)
        }
        writer.endObject()
        return writer.bytes
    }

    package init(json: [UInt8]) throws(JSONError) {
        guard json.count <= SQLiteWorker.maximumByteCount else { throw JSONError(problem: "the request is too large", offset: 0) }
        var verb = "", database = BytePath([]), file = BytePath([]), depth = IntegrityDepth.full, tables: [SchemaText] = [], sql = ""
        var capture = CaptureOptions(), swap = SwapOptions(), acceptsTruncated = false
        var scanner = JSONScanner(json)
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "verb": verb = try scanner.text()
            case "database": database = try scanner.path()
            case "file": file = try scanner.path()
            case "depth": depth = IntegrityDepth(rawValue: try scanner.text()) ?? .full
            case "lock_timeout":
                capture.lockTimeoutMilliseconds = Int(clamping: try scanner.signed())
                swap.lockTimeoutMilliseconds = capture.lockTimeoutMilliseconds
            case "tables": tables = try scanner.list { (inner) throws(JSONError) in try inner.schemaText() }
            case "sql": sql = try scanner.text()
            case "accepts_truncated": acceptsTruncated = try scanner.bool()
            case "replaces_while_open": swap.replacesWhileOpen = try scanner.bool()
            case "ownership": swap.ownership = try FileOwnership(reading: &scanner)
            default: try scanner.skipValue()
            }
        }
        try scanner.endOfDocument()
        capture.depth = depth
        switch verb {
        case "open": self = .probe(database)
        case "copy": self = .capture(database, file, capture)
        case "inspect": self = .inspect(database, depth)
        case "check": self = .check(database, depth)
        case "replace": self = .swap(file, database, swap)
        case "restore tables of": self = .replaceTables(database, file, tables, swap)
        case "query": self = .query(database, sql)
        case "export": self = .writeScript(database, file)
        case "load a script into": self = .runScript(database, file, acceptsTruncated: acceptsTruncated)
        default: throw JSONError(problem: "an unknown request", offset: 0)
        }
    }
}

/// What a worker can answer.
package enum SQLiteAnswer: Hashable, Sendable {
    case probe(DatabaseProbe)
    case manifest(DatabaseManifest)
    case inspection(SQLiteInspectionReport)
    case integrity(IntegrityResult)
    case swap(SwapReport)
    case tableReplacement(TableReplacementReport)
    /// Of a query; nil for NULL, and for no row.
    case value(SchemaText?)

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        switch self {
        case .probe(let probe):
            writer.key("probe")
            probe.write(to: &writer)
        case .manifest(let manifest):
            writer.key("manifest")
            manifest.write(to: &writer)
        case .inspection(let report):
            writer.key("inspection")
            report.write(to: &writer)
        case .integrity(let result):
            writer.key("integrity")
            result.write(to: &writer)
        case .swap(let report):
            writer.key("swap")
            report.write(to: &writer)
        case .tableReplacement(let report):
            writer.key("table_replacement")
            report.write(to: &writer)
        case .value(let value):
            writer.key("value")
            writer.list(value.map { [$0] } ?? []) { $1.schemaText($0) }
        }
        writer.endObject()
    }

    private init?(_ key: String, reading scanner: inout JSONScanner) throws(JSONError) {
        switch key {
        case "probe": self = .probe(try DatabaseProbe(reading: &scanner))
        case "manifest": self = .manifest(try DatabaseManifest(reading: &scanner))
        case "inspection": self = .inspection(try SQLiteInspectionReport(reading: &scanner))
        case "integrity": self = .integrity(try IntegrityResult(reading: &scanner))
        case "swap": self = .swap(try SwapReport(reading: &scanner))
        case "table_replacement": self = .tableReplacement(try TableReplacementReport(reading: &scanner))
        case "value": self = .value(try scanner.list { (inner) throws(JSONError) in try inner.schemaText() }.first)
        default: return nil
        }
    }

    package static func outcome(json: [UInt8]) throws(JSONError) -> Result<SQLiteAnswer, DatabaseFailure> {
        var answer: SQLiteAnswer?, failure: DatabaseFailure?
        var scanner = JSONScanner(json)
        try scanner.fields { (key, scanner) throws(JSONError) in
            switch key {
            case "answer":
                try scanner.fields { (kind, scanner) throws(JSONError) in
                    guard let read = try SQLiteAnswer(kind, reading: &scanner) else { return try scanner.skipValue() }
                    answer = read
                }
            case "failure": failure = try DatabaseFailure(reading: &scanner)
            default: try scanner.skipValue()
            }
        }
        try scanner.endOfDocument()
        if let failure { return .failure(failure) }
        guard let answer else { throw JSONError(problem: "neither an answer nor a failure", offset: 0) }
        return .success(answer)
    }
}
