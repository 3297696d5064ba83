// SQLiteConnection: one open SQLite database, as thin as it can be: open, run SQL, prepare, close.
//
// Only for the worker process (SQLiteWorker): SQLite's locks are POSIX locks, which die when *any* descriptor of the same file in
// the same process is closed. Nothing in this room opens a database file by other means while a connection to it is open.
// Not thread-safe; every failure becomes a DatabaseFailure that names the database and what was being done.

package import Bytes
import CSQLite
import GRDBSQLite
import HostOS

// Safe because: the handle is opened in init, used by the single owner and closed in deinit, after every statement is finalized
// (statements hold their connection).
@safe package final class SQLiteConnection {
    package enum Access {
        /// A database of somebody: read-write where permitted (write-ahead logs need it), never created, never checkpointed by us.
        case live
        /// A file nobody else has open: read as it is on disk, leaving no companions beside it.
        case privateCopy
        /// A file of ours, to be written; it must exist already, so that its mode is ours to choose. May attach by URI.
        case scratch
    }

    let path: BytePath
    /// What is being done, for messages: "copy".
    let operation: String
    private let handle: OpaquePointer

    package init(_ path: BytePath, _ access: Access, operation: String) throws(DatabaseFailure) {
        var opened: OpaquePointer? = nil
        let (name, flags) = SQLiteConnection.address(path, access)
        let status = unsafe name.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { unsafe sqlite3_open_v2($0.baseAddress, &opened, flags, nil) }
        }
        guard let handle = unsafe opened else { throw DatabaseFailure(.system, operation, path, "no memory for a connection") }
        unsafe self.handle = handle
        self.path = path
        self.operation = operation
        unsafe sqlite3_extended_result_codes(handle, 1)
        guard status == SQLITE_OK else { throw failure(status) }
    }

    deinit { unsafe sqlite3_close_v2(handle) }

    /// The NUL-terminated name and the flags. A plain path gets a leading "./" if relative, so that "file:" is never read as a URI.
    private static func address(_ path: BytePath, _ access: Access) -> (name: [UInt8], flags: Int32) {
        let plain = (path.isAbsolute ? path.bytes : Array("./".utf8) + path.bytes) + [0]
        switch access {
        case .live: return (plain, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX)
        case .scratch: return (plain, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX)
        case .privateCopy: return (immutableAddress(path) + [0], SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX)
        }
    }

    /// `file:…?immutable=1` with every special byte escaped. Only for files nobody writes: it makes SQLite ignore a log beside them.
    static func immutableAddress(_ path: BytePath) -> [UInt8] {
        var address = Array("file:".utf8)
        for byte in path.isAbsolute ? path.bytes : Array("./".utf8) + path.bytes {
            let isPlain =
                byte == BytePath.slash || (byte < 0x80 && (UnicodeScalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte)))
            if isPlain { address.append(byte) } else { address += Array("%".utf8) + Array(Hex.encode([byte]).utf8) }
        }
        return address + Array("?immutable=1".utf8)
    }

    // MARK: Settings

    func setBusyTimeout(milliseconds: Int) { unsafe _ = sqlite3_busy_timeout(handle, Int32(clamping: milliseconds)) }

    /// Leaves a write-ahead log that was there before us to the application, even if we are the last to close the database.
    func keepLogOnClose() { _ = unsafe lb_sqlite_keep_log_on_close(UnsafeMutableRawPointer(handle)) }

    static var libraryVersion: String { unsafe String(cString: sqlite3_libversion()) }

    static func sleep(milliseconds: Int) { _ = sqlite3_sleep(Int32(clamping: milliseconds)) }

    // MARK: SQL

    package func run(_ sql: String) throws(DatabaseFailure) { try run(Array(sql.utf8)) }

    /// Runs one statement to its end, ignoring rows.
    func run(_ sql: [UInt8]) throws(DatabaseFailure) {
        let statement = try prepare(sql)
        while try statement.step() {}
    }

    package func prepare(_ sql: String) throws(DatabaseFailure) -> SQLiteStatement { try prepare(Array(sql.utf8)) }

    func prepare(_ sql: [UInt8]) throws(DatabaseFailure) -> SQLiteStatement {
        guard let statement = try prepareIfAny(sql) else { throw failure(SQLITE_MISUSE, message: "there is no statement in it") }
        return statement
    }

    /// nil for white space and comments.
    func prepareIfAny(_ sql: [UInt8]) throws(DatabaseFailure) -> SQLiteStatement? {
        var prepared: OpaquePointer? = nil
        let status = unsafe sql.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) {
                unsafe sqlite3_prepare_v2(handle, $0.baseAddress, Int32(clamping: $0.count), &prepared, nil)
            }
        }
        guard status == SQLITE_OK else { throw failure(status) }
        return unsafe prepared.map { unsafe SQLiteStatement($0, of: self) }
    }

    /// For calls that only one file of this room needs. The handle must not be kept.
    func withHandle<R>(_ body: (OpaquePointer) -> R) -> R { unsafe body(handle) }

    /// The first column of every row, as text.
    func column(_ sql: String) throws(DatabaseFailure) -> [SchemaText] {
        let statement = try prepare(sql)
        var values: [SchemaText] = []
        while try statement.step() { values.append(SchemaText(statement.text(0))) }
        return values
    }

    func integer(_ sql: String) throws(DatabaseFailure) -> Int64 {
        let statement = try prepare(sql)
        return try statement.step() ? statement.integer(0) : 0
    }

    func text(_ sql: String) throws(DatabaseFailure) -> String {
        let statement = try prepare(sql)
        return try statement.step() ? String(decoding: statement.text(0), as: UTF8.self) : ""
    }

    // MARK: Copying

    /// Copies every page into `destination` in one read transaction: a writer cannot make it start again, as it does with small steps.
    ///
    /// - Returns: false if a lock could not be had within the connection's busy timeout.
    func copyPages(into destination: SQLiteConnection) throws(DatabaseFailure) -> Bool {
        guard let backup = unsafe sqlite3_backup_init(destination.handle, "main", handle, "main") else {
            throw destination.failure(unsafe sqlite3_extended_errcode(destination.handle))
        }
        let step = unsafe sqlite3_backup_step(backup, -1)
        let finish = unsafe sqlite3_backup_finish(backup)
        if step == SQLITE_DONE && finish == SQLITE_OK { return true }
        let status = step == SQLITE_DONE ? finish : step
        if status & 0xff == SQLITE_BUSY || status & 0xff == SQLITE_LOCKED { return false }
        throw failure(status, message: unsafe String(cString: sqlite3_errstr(status)))
    }

    // MARK: Failures

    func failure(_ status: Int32, message: String? = nil) -> DatabaseFailure {
        let text = message ?? (unsafe String(cString: sqlite3_errmsg(handle)))
        let oneLine = BytePath.display(Array(text.utf8))
        return DatabaseFailure(SQLiteConnection.kind(of: status), operation, path, oneLine)
    }

    private static func kind(of status: Int32) -> DatabaseFailure.Kind {
        switch status & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CORRUPT: .damaged
        case SQLITE_NOTADB: .notADatabase
        case SQLITE_PERM, SQLITE_AUTH, SQLITE_READONLY, SQLITE_CANTOPEN: .denied
        case SQLITE_FULL: .noSpace
        default: .system
        }
    }
}

/// A compiled statement. Finalized on deinit.
// Safe because: the statement belongs to one owner, which keeps the connection alive for as long.
@safe package final class SQLiteStatement {
    private let connection: SQLiteConnection
    private let statement: OpaquePointer

    fileprivate init(_ statement: OpaquePointer, of connection: SQLiteConnection) {
        unsafe self.statement = statement
        self.connection = connection
    }

    deinit { unsafe sqlite3_finalize(statement) }

    /// Moves to the next row; false at the end.
    func step() throws(DatabaseFailure) -> Bool {
        let status = unsafe sqlite3_step(statement)
        if status == SQLITE_ROW { return true }
        if status == SQLITE_DONE { return false }
        throw connection.failure(status)
    }

    func bind(_ text: SchemaText, at index: Int32) throws(DatabaseFailure) {
        let status = unsafe text.bytes.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                // SQLITE_TRANSIENT, which C writes as the pointer -1: SQLite copies the text before the call returns.
                unsafe sqlite3_bind_text(
                    statement, index, characters.baseAddress, Int32(clamping: characters.count),
                    unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            }
        }
        guard status == SQLITE_OK else { throw connection.failure(status) }
    }

    var columnCount: Int32 { unsafe sqlite3_column_count(statement) }
    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(statement, column) == SQLITE_NULL }
    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(statement, column) }

    /// The value as UTF-8 text; empty for NULL.
    func text(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_text(statement, column) else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }

    func real(_ column: Int32) -> Double { unsafe sqlite3_column_double(statement, column) }

    /// To be run again from its start.
    func reset() { _ = unsafe sqlite3_reset(statement) }

    /// Appends the value as SQL: see SQLiteScript.
    func appendLiteral(_ column: Int32, to row: inout [UInt8], _ reals: SQLiteReals) throws(DatabaseFailure) {
        switch unsafe sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: row += Array("\(unsafe sqlite3_column_int64(statement, column))".utf8)
        case SQLITE_FLOAT: row += Array(try reals.text(real(column)).utf8)
        case SQLITE_TEXT: SQLiteLiteral.append(text: text(column), to: &row)
        case SQLITE_BLOB:
            let start = unsafe sqlite3_column_blob(statement, column)
            unsafe SQLiteLiteral.append(
                blob: Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))), to: &row)
        default: row += Array("NULL".utf8)
        }
    }

    /// Appends the canonical form of one value: see TableChecksum.
    func appendCanonical(_ column: Int32, to row: inout [UInt8]) {
        switch unsafe sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: CanonicalRow.append(integer: unsafe sqlite3_column_int64(statement, column), to: &row)
        case SQLITE_FLOAT: CanonicalRow.append(real: unsafe sqlite3_column_double(statement, column), to: &row)
        case SQLITE_TEXT:
            // The pointer first, then the length: asking for the text may convert it from UTF-16 and change its length.
            let start = unsafe UnsafeRawPointer(sqlite3_column_text(statement, column))
            unsafe CanonicalRow.append(
                text: UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))), to: &row)
        case SQLITE_BLOB:
            let start = unsafe sqlite3_column_blob(statement, column)
            unsafe CanonicalRow.append(
                blob: UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))), to: &row)
        default: CanonicalRow.appendNull(to: &row)
        }
    }
}
