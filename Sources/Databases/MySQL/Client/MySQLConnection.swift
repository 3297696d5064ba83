// MySQLConnection: one connection to a MySQL or MariaDB server, the only file that calls libmariadb (with MySQLRow beside it).
//
// 1. Connect by socket or TCP with a password handed over in memory. Option files, MYSQL_PWD and the other variables the library
//    would look at are not consulted: user, password, address and database are always given.
// 2. The session speaks utf8mb4. Its sql_mode, time zone and the like are the business of whoever uses it.
// 3. Rows of `stream` are lent where the library received them: no copy, no allocation for a row.
// 4. A body that stops reading in the middle leaves rows in the pipe that nobody wants: the connection is cut rather than drained,
//    and unusable afterwards.
//
// The server is not trusted with our files: LOAD DATA LOCAL sends what `loadLocalInfile` was given, and nothing at any other time.
// Not promised: use by two threads at once. `interrupt` alone may come from another thread.

import Bytes
import CMariaDB
import HostOS

/// Values of one row of a small result, by number or by the name of the column.
package struct MySQLRecord: Sendable {
    package let names: [String]
    package let values: [[UInt8]?]

    package subscript(_ column: Int) -> [UInt8]? { column < values.count ? values[column] : nil }

    /// The value under a name, compared without regard to case; nil for NULL or if there is no such column.
    package subscript(_ name: String) -> [UInt8]? { names.firstIndex { $0.lowercased() == name.lowercased() }.flatMap { values[$0] } }

    package func text(_ column: Int) -> String { String(decoding: self[column] ?? [], as: UTF8.self) }
    package func text(_ name: String) -> String { String(decoding: self[name] ?? [], as: UTF8.self) }
    package func schemaText(_ column: Int) -> SchemaText { SchemaText(self[column] ?? []) }
    package func schemaText(_ name: String) -> SchemaText { SchemaText(self[name] ?? []) }
    package func unsigned(_ column: Int) -> UInt64? { self[column].flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } }
    package func unsigned(_ name: String) -> UInt64? { self[name].flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } }
}

// Safe because: the handle is opened in init and closed in deinit; one thread at a time uses it, and is handed it by a lock or by
// being started. `interrupt` only shuts the socket down, which the library allows from any thread while the handle lives.
@safe package final class MySQLConnection: @unchecked Sendable {
    package let server: MySQLServer
    package let version: MySQLVersion
    private let handle: UnsafeMutablePointer<MYSQL>
    private let infile: LocalInfile

    /// The largest value or statement that may travel, and the most `query` takes into memory: what the protocol allows.
    package static let maximumPacketByteCount = 1 << 30

    /// - Parameters:
    ///   - password: of the account; empty for none.
    ///   - connectTimeoutSeconds: how long to wait for an answer at the address.
    ///   - timeoutSeconds: how long one read or write may take; a statement that computes sends nothing meanwhile.
    package init(
        _ server: MySQLServer, password: [UInt8], connectTimeoutSeconds: UInt32 = 10, timeoutSeconds: UInt32 = 6 * 3600
    ) throws(MySQLFailure) {
        guard mysqlLibraryIsReady, let handle = unsafe mysql_init(nil) else {
            throw MySQLFailure(.refused, "connect", server, "the client library has no memory")
        }
        self.server = server
        unsafe self.handle = handle
        infile = LocalInfile()
        unsafe Self.setOptions(handle, server, connectTimeoutSeconds, timeoutSeconds)
        unsafe infile.install(on: handle)
        let failure = unsafe Self.connect(handle, server, password)
        version = MySQLVersion(failure == nil ? unsafe Self.text(mysql_get_server_info(handle)) : "")
        if let failure { throw failure }
    }

    deinit { unsafe mysql_close(handle) }

    private static func setOptions(
        _ handle: UnsafeMutablePointer<MYSQL>, _ server: MySQLServer, _ connectTimeout: UInt32, _ timeout: UInt32
    ) {
        func set(_ option: mysql_option, _ value: UInt32) { unsafe withUnsafePointer(to: value) { _ = unsafe mysql_options(handle, option, $0) } }
        func set(_ option: mysql_option, _ text: [UInt8]) { unsafe withCharacters(text) { _ = unsafe mysql_options(handle, option, $0) } }
        func set(_ option: mysql_option, _ flag: Bool) {
            unsafe withUnsafePointer(to: my_bool(flag ? 1 : 0)) { _ = unsafe mysql_options(handle, option, $0) }
        }
        set(MYSQL_OPT_CONNECT_TIMEOUT, connectTimeout)
        set(MYSQL_OPT_READ_TIMEOUT, timeout)
        set(MYSQL_OPT_WRITE_TIMEOUT, timeout)
        set(MYSQL_SET_CHARSET_NAME, Array("utf8mb4".utf8))
        set(MYSQL_OPT_LOCAL_INFILE, UInt32(1))
        unsafe withUnsafePointer(to: UInt(maximumPacketByteCount)) { _ = unsafe mysql_options(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, $0) }
        switch server.encryption {
        case .plain: break
        case .encrypted: set(MYSQL_OPT_SSL_ENFORCE, true)
        case .verified(let authority):
            set(MYSQL_OPT_SSL_ENFORCE, true)
            set(MYSQL_OPT_SSL_VERIFY_SERVER_CERT, true)
            set(MYSQL_OPT_SSL_CA, authority.bytes)
        }
    }

    private static func connect(_ handle: UnsafeMutablePointer<MYSQL>, _ server: MySQLServer, _ password: [UInt8]) -> MySQLFailure? {
        var host: [UInt8] = [], socket: [UInt8] = [], port: UInt32 = 0, protocolNumber = MYSQL_PROTOCOL_TCP.rawValue
        switch server.address {
        case .socket(let path):
            socket = path.bytes
            protocolNumber = MYSQL_PROTOCOL_SOCKET.rawValue
        case .tcp(let name, let number):
            host = Array(name.utf8)
            port = UInt32(number)
        }
        unsafe withUnsafePointer(to: protocolNumber) { _ = unsafe mysql_options(handle, MYSQL_OPT_PROTOCOL, $0) }
        let database = server.database?.bytes ?? []
        let connected = unsafe withCharacters(host) { host in
            unsafe withCharacters(Array(server.user.utf8)) { user in
                unsafe withCharacters(password) { password in
                    unsafe withCharacters(socket) { socket in
                        unsafe withCharacters(database) { database in
                            unsafe mysql_real_connect(
                                handle, port == 0 ? nil : host, user, password, server.database == nil ? nil : database, port,
                                port == 0 ? socket : nil, 0) != nil
                        }
                    }
                }
            }
        }
        return connected ? nil : unsafe failure(of: handle, "connect", server)
    }

    /// Cuts the connection: whatever another thread waits for on it fails soon with `connectionLost`.
    package func interrupt() { _ = unsafe mariadb_cancel(handle) }

    /// The server's number of this connection, as in SHOW PROCESSLIST.
    package var connectionID: UInt { unsafe mysql_thread_id(handle) }

    /// Warnings of the last statement.
    package var warningCount: UInt32 { unsafe mysql_warning_count(handle) }

    // MARK: Statements

    /// Runs one statement; rows it may give are read and dropped. One that was chosen to end a deadlock is tried again, unless it is part
    /// of a transaction: MySQL 8 and later may choose statements that define something, when others define something else.
    ///
    /// - Parameter operation: what this is for, as it follows "could not".
    /// - Returns: the number of rows it changed.
    @discardableResult
    package func execute(_ sql: SQLText, to operation: String) throws(MySQLFailure) -> UInt64 {
        for attempt in 1..<Self.deadlockAttempts {
            let isInTransaction = unsafe handle.pointee.server_status & UInt32(SERVER_STATUS_IN_TRANS) != 0
            do throws(MySQLFailure) {
                return try executeOnce(sql, operation)
            } catch {
                guard error.number == Self.deadlockNumber, !isInTransaction else { throw error }
                SystemClock().sleep(nanoseconds: Int64.random(in: 10_000_000...50_000_000) * Int64(attempt))
            }
        }
        return try executeOnce(sql, operation)
    }

    private static let deadlockAttempts = 8
    /// ER_LOCK_DEADLOCK: the statement was undone as a whole.
    private static let deadlockNumber: UInt32 = 1213

    private func executeOnce(_ sql: SQLText, _ operation: String) throws(MySQLFailure) -> UInt64 {
        try send(sql, operation)
        while true {
            if let result = unsafe mysql_use_result(handle) {
                while unsafe mysql_fetch_row(result) != nil {}
                unsafe mysql_free_result(result)
            }
            try throwIfFailed(operation)
            if unsafe mysql_more_results(handle) == 0 { break }
            if unsafe mysql_next_result(handle) > 0 { throw failure(operation) }
        }
        let changed = unsafe mysql_affected_rows(handle)
        return changed == .max ? 0 : changed
    }

    /// Every row of a small result.
    ///
    /// - Parameter limit: more bytes than this are refused; meant for catalogues and definitions, not for data.
    package func query(_ sql: SQLText, to operation: String, limit: Int = 256 << 20) throws(MySQLFailure) -> [MySQLRecord] {
        var records: [MySQLRecord] = [], byteCount = 0
        let isWhole = try read(sql, operation) { (row, names) in
            let values = (0..<row.columnCount).map { row.bytes($0) }
            byteCount += values.reduce(names.count * 16) { $0 + ($1?.count ?? 0) }
            guard byteCount <= limit else { return false }
            records.append(MySQLRecord(names: names, values: values))
            return true
        }
        guard isWhole else { throw MySQLFailure(.unsupported, operation, server, "the answer has more than \(limit) bytes") }
        return records
    }

    /// Lends every row to `body` as it arrives. Memory: one row.
    ///
    /// - Throws: `MySQLFailure`, or what `body` throws: then the connection is cut.
    package func stream(_ sql: SQLText, to operation: String, _ body: (MySQLRow) throws -> Void) throws {
        var stopped: (any Error)? = nil
        _ = try read(sql, operation) { (row, _) in
            do {
                try body(row)
                return true
            } catch {
                stopped = error
                return false
            }
        }
        if let stopped { throw stopped }
    }

    /// Runs a LOAD DATA LOCAL statement whose file, whatever its name, is what `source` gives.
    ///
    /// - Parameter source: fills a buffer and says how many bytes it wrote; 0 at the end. What it throws is thrown here: the rows sent so far
    ///   may have been loaded.
    /// - Returns: the number of rows loaded.
    package func loadLocalInfile(
        _ sql: SQLText, to operation: String, from source: @escaping (inout MutableSpan<UInt8>) throws -> Int
    ) throws -> UInt64 {
        infile.open(source)
        defer { infile.close() }
        do {
            return try execute(sql, to: operation)
        } catch {
            throw infile.failure ?? error
        }
    }

    // MARK: Steps

    private func send(_ sql: SQLText, _ operation: String) throws(MySQLFailure) {
        let status = unsafe sql.bytes.withUnsafeBufferPointer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { unsafe mysql_real_query(handle, $0.baseAddress, UInt($0.count)) }
        }
        if status != 0 { throw failure(operation) }
    }

    /// Gives every row to `body` until it says false, which cuts the connection. Returns whether all were read.
    private func read(
        _ sql: SQLText, _ operation: String, _ body: (MySQLRow, [String]) -> Bool
    ) throws(MySQLFailure) -> Bool {
        try send(sql, operation)
        guard let result = unsafe mysql_use_result(handle) else {
            try throwIfFailed(operation)
            return true
        }
        defer { unsafe mysql_free_result(result) }
        let row = MySQLRow(columnCount: Int(unsafe mysql_num_fields(result)))
        defer { row.end() }
        let names = unsafe Self.names(of: result)
        while unsafe row.advance(result) {
            if body(row, names) { continue }
            _ = unsafe mariadb_cancel(handle)
            return false
        }
        try throwIfFailed(operation)
        return true
    }

    private static func names(of result: UnsafeMutablePointer<MYSQL_RES>) -> [String] {
        unsafe (0..<mysql_num_fields(result)).map { index in
            guard let field = unsafe mysql_fetch_field_direct(result, index) else { return "" }
            return unsafe text(field.pointee.name)
        }
    }

    private func throwIfFailed(_ operation: String) throws(MySQLFailure) {
        if unsafe mysql_errno(handle) != 0 { throw failure(operation) }
    }

    private func failure(_ operation: String) -> MySQLFailure { unsafe Self.failure(of: handle, operation, server) }

    private static func failure(of handle: UnsafeMutablePointer<MYSQL>, _ operation: String, _ server: MySQLServer) -> MySQLFailure {
        MySQLFailure(
            number: unsafe mysql_errno(handle), sqlState: unsafe text(mysql_sqlstate(handle)), text: unsafe text(mysql_error(handle)),
            operation, server)
    }

    private static func text(_ characters: UnsafePointer<CChar>?) -> String {
        guard let characters = unsafe characters else { return "" }
        return unsafe String(cString: characters)
    }
}

/// The library's own start, once for the process, before any thread could race for it.
private let mysqlLibraryIsReady: Bool = mysql_server_init(0, nil, nil) == 0

/// NUL-terminated for the length of a call.
private func withCharacters<R>(_ text: [UInt8], _ body: (UnsafePointer<CChar>?) -> R) -> R {
    unsafe (text + [0]).withUnsafeBufferPointer { buffer in
        unsafe buffer.withMemoryRebound(to: CChar.self) { unsafe body($0.baseAddress) }
    }
}
