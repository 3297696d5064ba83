// JournalFailure: the journal could not be read or written. Never a reason to stop a backup: callers say it as a warning and go on.

package import Bytes
import GRDB
import HostOS

package struct JournalFailure: Error, Hashable, Sendable, FailureConvertible, CustomStringConvertible {
    package enum Kind: Sendable {
        /// No permission, a read-only file system, or no space.
        case unwritable
        /// Other processes held the lock for too long.
        case busy
        /// The file is broken; opening the journal again moves it aside.
        case damaged
        /// Written by a newer lifeboat.
        case newer
        case other
    }

    package let kind: Kind
    package let path: BytePath
    /// On one line.
    package let reason: String

    package var description: String { "could not use the journal '\(path)': \(reason)" }

    package var failure: Failure {
        switch kind {
        case .unwritable: Failure(.failed, description, hint: "make its directory writable for the user lifeboat runs as")
        case .newer: Failure(.failed, description, hint: "update lifeboat on this machine")
        case .busy, .damaged, .other: Failure(.failed, description)
        }
    }

    init(_ kind: Kind, _ path: BytePath, _ reason: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
    }

    init(_ error: any Error, _ path: BytePath) {
        switch error {
        case let failure as JournalFailure: self = failure
        case let error as SystemError:
            let isUnwritable = [.permissionDenied, .readOnly, .noSpace, .notFound, .notDirectory, .exists].contains(error.kind)
            self.init(isUnwritable ? .unwritable : .other, path, error.description)
        case let error as DatabaseError:
            self.init(JournalFailure.kind(of: error.resultCode), path, error.message ?? "SQLite error \(error.resultCode.rawValue)")
        default: self.init(.other, path, "\(error)")
        }
    }

    private static func kind(of code: ResultCode) -> Kind {
        switch code.primaryResultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged
        case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_FULL: .unwritable
        default: .other
        }
    }
}
