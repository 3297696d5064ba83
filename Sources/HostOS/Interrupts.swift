// Interrupts: SIGINT and SIGTERM become a flag that loops look at; SIGUSR1 asks for one status line; SIGHUP, SIGPIPE and SIGXFSZ are ignored,
// so that a closed terminal ends no backup. A second SIGINT or SIGTERM ends the process at once; a lock left behind is stale then.

import CLinux
import Glibc
import Synchronization

package enum Interrupts {
    private static let signalNumber = Atomic<Int32>(0)
    private static let statusRequested = Atomic(false)

    /// Call once, before any thread is started.
    package static func install() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        // A file size limit then shows as an error of the write, like a full disk.
        signal(SIGXFSZ, SIG_IGN)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interrupts.signalNumber.store(number, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
        signal(SIGUSR1) { _ in Interrupts.statusRequested.store(true, ordering: .relaxed) }
    }

    /// Whether the user or the system asked the program to end.
    package static var isRequested: Bool { signalNumber.load(ordering: .relaxed) != 0 }

    /// True once for every SIGUSR1.
    package static func takeStatusRequest() -> Bool { statusRequested.exchange(false, ordering: .relaxed) }
}
