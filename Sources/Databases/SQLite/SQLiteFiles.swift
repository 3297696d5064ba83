// SQLiteFiles: the files an SQLite database consists of, and what its first 100 bytes say.

package import Bytes
import HostOS

package enum SQLiteFiles {
    private static let suffixes = ["-wal", "-shm", "-journal"]

    /// The files SQLite keeps beside `database`. A backup of files must skip them *and* the database: opening them in a process that
    /// uses SQLite destroys its locks, and a copy made while somebody writes is broken anyway.
    package static func companions(of database: BytePath) -> [BytePath] { suffixes.map { database.adding($0) } }

    /// The database and its companions, under its name and, if that is a symbolic link, under the name it leads to.
    package static func family(of database: BytePath) -> [BytePath] {
        var family = [database] + companions(of: database)
        if let target = Directory.canonical(database), target != database { family += [target] + companions(of: target) }
        return family
    }

    /// A name beside `database` for a file that is to replace it: in the same directory, so that one rename does it.
    package static func stagingPath(beside database: BytePath) -> BytePath {
        hiddenPath(beside: Directory.canonical(database) ?? database, "restore")
    }

    /// `.<name>.lifeboat-<purpose>-<random>` in the database's directory.
    static func hiddenPath(beside database: BytePath, _ purpose: String) -> BytePath {
        let random = Hex.encode((0..<4).map { _ in UInt8.random(in: 0...255) })
        return database.parent.appending(Array(".".utf8) + database.name + Array(".lifeboat-\(purpose)-\(random)".utf8))
    }

    /// The path with every link resolved, of a regular file that is there and not empty.
    static func existing(_ database: BytePath, operation: String) throws(DatabaseFailure) -> (path: BytePath, status: FileStatus) {
        let status: FileStatus
        do {
            status = try FileStatus.following(database)
        } catch {
            if error.kind == .notFound || error.kind == .notDirectory {
                throw DatabaseFailure(.missing, operation, database, "there is no such file")
            }
            throw DatabaseFailure(error, operation, database)
        }
        guard status.kind == .regular else { throw DatabaseFailure(.notAFile, operation, database, "it is not a regular file") }
        guard status.size > 0 else { throw DatabaseFailure(.empty, operation, database, "the file is empty") }
        return (Directory.canonical(database) ?? database, status)
    }

    static func byteCount(_ path: BytePath) -> UInt64 { (try? FileStatus.ifExists(path))?.size ?? 0 }
}

/// What the first 100 bytes of a database file say. Read only while no connection to that file is open in this process.
struct SQLiteHeader {
    static let byteCount = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    let journalMode: DatabaseManifest.JournalMode
    let pageSize: Int

    static func read(_ database: BytePath, operation: String) throws(DatabaseFailure) -> SQLiteHeader {
        let bytes = try system(operation, database) { () throws(SystemError) in
            let file = try Descriptor.open(database, .read)
            return try [UInt8](byteCount: byteCount) { (span) throws(SystemError) in try file.readFully(into: &span, at: 0) }
        }
        guard bytes.count == byteCount, Array(bytes.prefix(16)) == magic else {
            throw DatabaseFailure(.notADatabase, operation, database, "it is not an SQLite database, or it is encrypted as a whole")
        }
        let stored = Int(bytes[16]) << 8 | Int(bytes[17])
        return SQLiteHeader(journalMode: bytes[19] == 2 ? .wal : .rollback, pageSize: stored == 1 ? 65_536 : stored)
    }
}

extension BytePath {
    package func adding(_ suffix: String) -> BytePath { BytePath(bytes + Array(suffix.utf8)) }
}
