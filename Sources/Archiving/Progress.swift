// Progress: counters that workers bump and a face samples. No callbacks from the data plane.

import HostOS
import Synchronization

/// What a run has done so far. Every field only grows.
package final class Progress: Sendable {
    package struct Counts: Sendable {
        package var files: UInt64 = 0
        package var bytes: UInt64 = 0
        package var problems: UInt64 = 0
        /// What is expected in total, 0 while unknown: of several runs that share the counters, those so far.
        package var expectedFiles: UInt64 = 0
        package var expectedBytes: UInt64 = 0
    }

    private let state = Mutex(Counts())

    package init() {}

    package var counts: Counts { state.withLock { $0 } }

    /// - Parameters: what is still to come.
    package func expect(files: UInt64, bytes: UInt64) {
        state.withLock { counts in
            counts.expectedFiles = counts.files + files
            counts.expectedBytes = counts.bytes + bytes
        }
    }

    package func add(files: UInt64 = 0, bytes: UInt64 = 0, problems: UInt64 = 0) {
        state.withLock { counts in
            counts.files += files
            counts.bytes += bytes
            counts.problems += problems
        }
    }
}

/// Set once, from a signal handler's thread or another; seen by every loop of the data plane.
package final class Cancellation: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package func cancel() { flag.store(true, ordering: .relaxed) }
    package var isCancelled: Bool { flag.load(ordering: .relaxed) || Interrupts.isRequested }
}
