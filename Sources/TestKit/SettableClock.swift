// SettableClock: a clock that a test moves. Sleeping moves it too, and takes no time. It can be set wrong, as real ones are.

package import HostOS
import Synchronization

package final class SettableClock: Clock {
    private struct State {
        var nanosecondsSinceEpoch: Int64
        var steadyNanoseconds: Int64 = 0
    }

    private let state: Mutex<State>

    package init(seconds: Int64 = 1_700_000_000) { state = Mutex(State(nanosecondsSinceEpoch: seconds * 1_000_000_000)) }

    package func now() -> FileTime {
        let now = state.withLock { $0.nanosecondsSinceEpoch }
        return FileTime(seconds: now / 1_000_000_000, nanoseconds: Int32(now % 1_000_000_000))
    }

    package func steadySeconds() -> Int64 { state.withLock { $0.steadyNanoseconds } / 1_000_000_000 }

    package func sleep(nanoseconds: Int64) {
        state.withLock { state in
            state.nanosecondsSinceEpoch += nanoseconds
            state.steadyNanoseconds += nanoseconds
        }
    }

    /// Time goes by.
    package func advance(seconds: Int64) { sleep(nanoseconds: seconds * 1_000_000_000) }

    /// Somebody sets the clock, forward or back. No time goes by.
    package func jump(seconds: Int64) { state.withLock { $0.nanosecondsSinceEpoch += seconds * 1_000_000_000 } }
}
