// StoreFailure: why a store could not do it, and whether trying again can help.

package import Bytes

package struct StoreFailure: Error, FailureConvertible, CustomStringConvertible {
    package enum Kind: Sendable {
        /// No such file.
        case missing
        /// The store refuses; trying again does not help.
        case denied
        /// The place is full.
        case noSpace
        /// Trying again may help.
        case transient
        /// The file is there and wrong: too short, too large.
        case corrupt
        /// The place itself cannot be reached or used.
        case unreachable
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }

    package var failure: Failure {
        switch kind {
        case .missing, .corrupt: Failure(.damaged, message, hint: "`lifeboat check --read-data` lists everything that is damaged")
        case .denied: Failure(.unreachable, message, hint: "run lifeboat as a user that may read and write the repository")
        case .noSpace: Failure(.unreachable, message, hint: "free a little space there first; then `lifeboat forget --prune` can drop old snapshots")
        case .transient, .unreachable: Failure(.unreachable, message, hint: "check that the place is mounted and reachable, then try again")
        }
    }
}
