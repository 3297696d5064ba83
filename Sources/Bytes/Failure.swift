// Failure: the one error a person sees. Says what could not be done, to which object, why, and what to do next.
//
// Rooms below Operations throw their own small typed errors; each converts itself into a Failure through FailureConvertible.

/// What became of a run, as the stable table of process exit statuses.
package enum FailureCode: Int32, Sendable, CaseIterable {
    case failed = 1
    case sourceIncomplete = 3
    case repositoryMissing = 10
    case locked = 11
    case wrongKey = 12
    case confirmationNeeded = 13
    case unreachable = 14
    case damaged = 20
    case drillFailed = 21
    case objectiveBreached = 22
    case usage = 64
    case skipped = 75
    case configInvalid = 78
    case cancelled = 130
}

/// A failure ready to be shown: lower case, no full stop, never a secret, never a bare errno.
package struct Failure: Error, Sendable, CustomStringConvertible {
    package let code: FailureCode
    /// What could not be done, to which object, and why, on one line.
    package let message: String
    /// What to do next, as an imperative; the next command to type where there is one.
    package let hint: String?

    package init(_ code: FailureCode = .failed, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { hint.map { "\(message)\nhint: \($0)" } ?? message }
}

/// An error that knows how it reads to a person.
package protocol FailureConvertible: Error {
    var failure: Failure { get }
}

extension Failure: FailureConvertible {
    package var failure: Failure { self }

    /// Any error as a Failure; unknown errors keep their own description.
    package init(describing error: any Error) {
        if let known = error as? any FailureConvertible {
            self = known.failure
        } else {
            self.init(.failed, "\(error)")
        }
    }
}
