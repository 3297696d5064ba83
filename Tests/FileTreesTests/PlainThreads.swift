// PlainThreads: a few plain threads for tests of shared state.

import Foundation

enum PlainThreads {
    /// Runs `body` with 0..<count, each on a thread of its own, and waits for all.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let finished = DispatchSemaphore(value: 0)
        for lane in 0..<count {
            Thread.detachNewThread {
                body(lane)
                finished.signal()
            }
        }
        for _ in 0..<count { finished.wait() }
    }
}
