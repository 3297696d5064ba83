// DatabaseFailure: what could not be done to which database, and why. The one error of this room.
//
// It crosses the boundary between the worker process and its parent (SQLiteClient), so it is made of plain values only.

package import Bytes
import HostOS

package struct DatabaseFailure: Error, Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Nothing is at the path.
        case missing
        /// A directory, device or socket is at the path.
        case notAFile
        /// A file of zero bytes: SQLite would take it for an empty database, a person would not.
        case empty
        /// Not an SQLite file: garbage, or encrypted as a whole.
        case notADatabase
        /// Another process held a lock for longer than we were willing to wait.
        case busy
        /// Other processes have the database open, so that it may not be replaced under them.
        case inUse
        /// The file is an SQLite database and is broken.
        case damaged
        case denied
        case noSpace
        /// A restored file is not what its manifest says.
        case differs
        /// A table was asked for that the snapshot does not have.
        case noSuchTable
        /// Something SQLite or lifeboat cannot do with this database.
        case unsupported
        /// Any other refusal of the operating system or of SQLite.
        case system
        /// The worker process died or did not answer in its language.
        case worker
    }

    package let kind: Kind
    /// The verb: "copy", "open", "restore".
    package let operation: String
    package let path: BytePath
    /// Why, on one line.
    package let reason: String
    package let hint: String?

    package init(_ kind: Kind, _ operation: String, _ path: BytePath, _ reason: String, hint: String? = nil) {
        self.kind = kind
        self.operation = operation
        self.path = path
        self.reason = reason
        self.hint = hint ?? DatabaseFailure.usualHint(kind)
    }

    private static func usualHint(_ kind: Kind) -> String? {
        switch kind {
        case .missing: "check the database path in the configuration"
        case .empty: "create its tables first (in Laravel: `php artisan migrate`), or correct the path in the configuration"
        case .notADatabase: "check the path; a database encrypted as a whole (SQLCipher) can be backed up as a file only"
        case .busy: "try again when the application writes less, or put it into maintenance mode"
        case .inUse: "stop the application and its queue workers, or put it into maintenance mode"
        case .damaged: "restore the last good snapshot, or try `sqlite3 FILE .recover`"
        case .denied: "run lifeboat as the owner of the database or as root; its directory must be writable too"
        case .noSpace: "free some space there, or choose another place"
        case .notAFile, .differs, .noSuchTable, .unsupported, .system, .worker: nil
        }
    }
}

extension DatabaseFailure: FailureConvertible, CustomStringConvertible {
    package var description: String { "could not \(operation) the database '\(path)': \(reason)" }

    package var failure: Failure {
        switch kind {
        case .damaged, .differs: Failure(.damaged, description, hint: hint)
        case .noSpace: Failure(.unreachable, description, hint: hint)
        default: Failure(.failed, description, hint: hint)
        }
    }
}

extension DatabaseFailure {
    init(_ error: SystemError, _ operation: String, _ path: BytePath) {
        let kind: Kind =
            switch error.kind {
            case .noSpace: .noSpace
            case .permissionDenied, .readOnly: .denied
            case .notFound: .missing
            default: .system
            }
        let subject = error.path == path ? "" : " '\(error.path)'"
        self.init(kind, operation, path, "could not \(error.operation)\(subject): \(error.reason)")
    }
}

/// Runs a call of the operating system as a part of `operation` on the database at `path`.
func system<Value>(
    _ operation: String, _ path: BytePath, _ call: () throws(SystemError) -> Value
) throws(DatabaseFailure) -> Value {
    do {
        return try call()
    } catch {
        throw DatabaseFailure(error, operation, path)
    }
}
