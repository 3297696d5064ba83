// SettableClock: a clock that a test moves. Sleeping moves it too, and takes no time.

package import HostOS
import Synchronization

package final class SettableClock: Clock {
    private let nanosecondsSinceEpoch: Mutex<Int64>

    package init(seconds: Int64 = 1_700_000_000) { nanosecondsSinceEpoch = Mutex(seconds * 1_000_000_000) }

    package func now() -> FileTime {
        let now = nanosecondsSinceEpoch.withLock { $0 }
        return FileTime(seconds: now / 1_000_000_000, nanoseconds: Int32(now % 1_000_000_000))
    }

    package func sleep(nanoseconds: Int64) { nanosecondsSinceEpoch.withLock { $0 += nanoseconds } }

    package func advance(seconds: Int64) { sleep(nanoseconds: seconds * 1_000_000_000) }
}
