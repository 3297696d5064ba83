// Cancelled: what a person who pressed Ctrl-C has to know: what is kept, and what to do next.

import Bytes
import HostOS
import RepositoryEngine

enum Cancelled {
    /// Runs `body`; if it ends because the run was cancelled, says what that means for this verb.
    /// - Parameters:
    ///   - kept: what stays of what was done.
    ///   - next: what to do.
    static func explained<Value>(_ kept: @autoclosure () -> String, next: @autoclosure () -> String?, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            // Whatever the unwinding ran into, the reason is the person's wish. What explains itself already goes on as it is.
            guard isUnexplained(error) || (Interrupts.isRequested && !isExplained(error)) else { throw error }
            throw Failure(.cancelled, "cancelled: \(kept())", hint: next())
        }
    }

    private static func isUnexplained(_ error: any Error) -> Bool { if case RepositoryFailure.cancelled = error { true } else { false } }

    static func isExplained(_ error: any Error) -> Bool { (error as? Failure)?.code == .cancelled }
}
