// SQLiteScriptRun: an SQL script, of `lifeboat export` or of `sqlite3 .dump`, becomes a database file.
//
// A script is a program, and this one comes from outside. It runs in the worker, on a new file of ours, and can touch nothing else:
// - no ATTACH or DETACH (so no VACUUM INTO), no extension, no function that reads or writes files, virtual tables only of the kinds that keep
//   their contents in the database itself; settings other than those that dumps make are passed over;
// - it may take so many steps and make so many pages as its length allows, so that it ends;
// - it is read piece by piece; a statement has at most 512 MiB.
// A transaction that is still open at the end means that the script was cut.
//
// What it leaves is a file like any other that somebody brings: whoever takes it checks it (SQLiteCapture).

import Bytes
import CSQLite
import GRDBSQLite
import HostOS

enum SQLiteScriptRun {
    static let maximumStatementByteCount = 512 << 20

    /// - Parameters:
    ///   - file: new; removed on failure by whoever named it.
    ///   - acceptsTruncated: a transaction that is open at the end is ended rather than refused.
    static func run(_ script: BytePath, into file: BytePath, acceptsTruncated: Bool) throws(DatabaseFailure) {
        let operation = "load the script"
        try system(operation, file) { () throws(SystemError) in try NewFile(file, replaces: false).finish() }
        let source = try system(operation, script) { () throws(SystemError) in try ScriptFile(script) }
        let byteCount = SQLiteFiles.byteCount(script)
        let connection = try SQLiteConnection(file, .scratch, operation: operation)
        for setting in ["PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA temp_store=MEMORY", "PRAGMA trusted_schema=OFF"] {
            try connection.run(setting)
        }
        let confinement = ScriptConfinement(connection, scriptByteCount: byteCount)
        defer { confinement.end() }
        var splitter = StatementSplitter()
        while true {
            let piece = try system(operation, script) { () throws(SystemError) in try source.read() }
            if piece.isEmpty { break }
            for statement in splitter.take(piece) { try connection.runScript(statement) }
            guard splitter.waitingByteCount <= maximumStatementByteCount else {
                throw DatabaseFailure(.unsupported, operation, script, "it holds a statement of more than \(maximumStatementByteCount >> 20) MiB")
            }
        }
        if !splitter.rest.isEmpty && !acceptsTruncated {
            throw DatabaseFailure(.damaged, operation, script, "its last statement is not complete")
        }
        guard connection.isInTransaction else { return }
        guard acceptsTruncated else { throw DatabaseFailure(.damaged, operation, script, "it is not complete: its transaction is not ended") }
        try connection.run("COMMIT")
    }
}

private final class ScriptFile {
    private let descriptor: Descriptor

    init(_ path: BytePath) throws(SystemError) { descriptor = try Descriptor.open(path, .read) }

    /// The next piece; empty at the end.
    func read() throws(SystemError) -> [UInt8] {
        try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws(SystemError) in try descriptor.read(into: &span) }
    }
}

/// What a script may do. Its rules hold for the connection until `end`.
private final class ScriptConfinement {
    private let connection: SQLiteConnection
    private var stepsLeft: Int64

    private static let stepsInCall: Int32 = 10_000

    init(_ connection: SQLiteConnection, scriptByteCount: UInt64) {
        self.connection = connection
        // A row of a dump takes about one step for each of its characters, and some more for each index.
        stepsLeft = 1_000_000_000 + Int64(clamping: scriptByteCount.multipliedReportingOverflow(by: 500).partialValue)
        unsafe connection.confine(
            byteCountLimit: (256 << 20) + Int64(clamping: scriptByteCount.multipliedReportingOverflow(by: 16).partialValue),
            stepsInCall: Self.stepsInCall, owner: Unmanaged.passUnretained(self).toOpaque()
        ) { owner in
            guard let owner = unsafe owner else { return 1 }
            let confinement = unsafe Unmanaged<ScriptConfinement>.fromOpaque(owner).takeUnretainedValue()
            confinement.stepsLeft -= Int64(ScriptConfinement.stepsInCall)
            return confinement.stepsLeft > 0 ? 0 : 1
        }
    }

    func end() { connection.endConfinement() }
}

extension ScriptConfinement {
    fileprivate static let settings: Set<String> = ["foreign_keys", "writable_schema", "user_version", "application_id", "encoding", "page_size", "auto_vacuum"]
    fileprivate static let tableModules: Set<String> = ["fts3", "fts4", "fts5", "fts5vocab", "fts3tokenize", "rtree", "rtree_i32", "geopoly"]
    fileprivate static let refusedFunctions: Set<String> = ["load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "zipfile", "fsdir"]

    /// SQLite's question before it does something: allowed, refused, or passed over.
    fileprivate static func answer(_ action: Int32, _ first: String, _ second: String) -> Int32 {
        switch action {
        case SQLITE_ATTACH, SQLITE_DETACH: SQLITE_DENY
        case SQLITE_CREATE_VTABLE, SQLITE_DROP_VTABLE: tableModules.contains(second.lowercased()) ? SQLITE_OK : SQLITE_DENY
        case SQLITE_FUNCTION: refusedFunctions.contains(second.lowercased()) ? SQLITE_DENY : SQLITE_OK
        case SQLITE_PRAGMA: settings.contains(first.lowercased()) || second.isEmpty ? SQLITE_OK : SQLITE_IGNORE
        default: SQLITE_OK
        }
    }
}

extension SQLiteConnection {
    fileprivate var isInTransaction: Bool { unsafe withHandle { unsafe sqlite3_get_autocommit($0) == 0 } }

    /// - Parameter onSteps: called again and again while statements run; other than 0 ends the one under way.
    fileprivate func confine(
        byteCountLimit: Int64, stepsInCall: Int32, owner: UnsafeMutableRawPointer, onSteps: @convention(c) (UnsafeMutableRawPointer?) -> Int32
    ) {
        _ = try? run("PRAGMA max_page_count=\(max(1, byteCountLimit / 4096))")
        unsafe withHandle { handle in
            unsafe sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Int32(SQLiteScriptRun.maximumStatementByteCount))
            unsafe sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0)
            unsafe sqlite3_progress_handler(handle, stepsInCall, onSteps, owner)
            unsafe sqlite3_set_authorizer(
                handle,
                { _, action, first, second, _, _ in
                    let first = unsafe first.map { unsafe String(cString: $0) } ?? "", second = unsafe second.map { unsafe String(cString: $0) } ?? ""
                    return ScriptConfinement.answer(action, first, second)
                }, nil)
        }
    }

    fileprivate func endConfinement() {
        unsafe withHandle { handle in
            unsafe sqlite3_set_authorizer(handle, nil, nil)
            unsafe sqlite3_progress_handler(handle, 0, nil, nil)
        }
    }

    /// One statement and whatever white space or comment follows it.
    fileprivate func runScript(_ sql: [UInt8]) throws(DatabaseFailure) {
        do {
            guard let statement = try prepareIfAny(sql) else { return }
            while try statement.step() {}
        } catch {
            let beginning = BytePath.display(Array(sql.drop { $0 == 0x0a || $0 == 0x20 }.prefix(60)))
            throw DatabaseFailure(error.kind == .denied ? .unsupported : error.kind, error.operation, error.path, "\(error.reason), at '\(beginning)'")
        }
    }
}

/// Where statements end: at a semicolon outside of texts, names and comments, and not within the body of a trigger.
struct StatementSplitter {
    private enum Place {
        case plain, lineComment, blockComment
        /// Until this byte.
        case quoted(UInt8)
    }

    private var place = Place.plain
    private var previous: UInt8 = 0
    private var waiting: [UInt8] = []

    /// What has come and is no whole statement yet.
    var waitingByteCount: Int { waiting.count }

    /// What is left at the end, without white space and comments that stand alone.
    var rest: [UInt8] {
        let lines = waiting.split(separator: 0x0a).map { Array($0.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) }
        return Array(lines.filter { !$0.isEmpty && !$0.starts(with: [0x2d, 0x2d]) }.joined(separator: [0x0a]))
    }

    /// - Returns: every statement that is whole now, each with its semicolon.
    mutating func take(_ bytes: [UInt8]) -> [[UInt8]] {
        var statements: [[UInt8]] = []
        for byte in bytes {
            waiting.append(byte)
            if advance(byte), StatementSplitter.isComplete(waiting) {
                statements.append(waiting)
                waiting = []
            }
        }
        return statements
    }

    /// Whether a statement may end with this byte.
    private mutating func advance(_ byte: UInt8) -> Bool {
        let before = previous
        previous = byte
        switch place {
        case .quoted(let end): if byte == end { place = .plain }
        case .lineComment: if byte == 0x0a { place = .plain }
        case .blockComment:
            if byte == UInt8(ascii: "/") && before == UInt8(ascii: "*") {
                place = .plain
                // Its slash begins nothing.
                previous = 0
            }
        case .plain:
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): place = .quoted(byte)
            case UInt8(ascii: "["): place = .quoted(UInt8(ascii: "]"))
            case UInt8(ascii: "-") where before == UInt8(ascii: "-"): place = .lineComment
            case UInt8(ascii: "*") where before == UInt8(ascii: "/"): place = .blockComment
            case UInt8(ascii: ";"): return true
            default: break
            }
        }
        return false
    }

    /// SQLite's own judgement, which knows the bodies of triggers.
    private static func isComplete(_ statement: [UInt8]) -> Bool {
        let text = statement + [0]
        return unsafe text.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { characters in unsafe characters.baseAddress.map { unsafe sqlite3_complete($0) != 0 } ?? false }
        }
    }
}
