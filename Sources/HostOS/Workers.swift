// Workers: named threads for blocking and computing work, joined before anyone goes on. The data plane runs here and nowhere else.

import CLinux
import Glibc
import Synchronization

/// A fixed group of threads. The first error thrown by a body is kept and rethrown by `join`.
package final class Workers: Sendable {
    private let threads = Mutex<[pthread_t]>([])
    private let firstError = Mutex<(any Error)?>(nil)

    package init() {}

    /// Starts one thread running `body`. A thrown error is kept; `onFailure` lets the body's owner wake everyone who would wait.
    package func start(_ name: String, onFailure: @escaping @Sendable () -> Void = {}, _ body: @escaping @Sendable () throws -> Void) {
        let box = unsafe Unmanaged.passRetained(
            Start(name: name) { [self] in
                do {
                    try body()
                } catch {
                    firstError.withLock { if $0 == nil { $0 = error } }
                    onFailure()
                }
            })
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        // Trees are walked recursively only as deep as paths are long; 4 MiB leaves room to spare.
        unsafe pthread_attr_setstacksize(&attributes, 4 << 20)
        let status = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                // Safe because: the argument is the retained Start passed just below, taken exactly once.
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                unsafe lb_name_this_thread(String(start.name.prefix(15)))
                start.body()
                return nil
            }, box.toOpaque())
        unsafe pthread_attr_destroy(&attributes)
        precondition(status == 0, "the system cannot start a thread")
        threads.withLock { $0.append(thread) }
    }

    /// Waits for every thread; throws the first error any of them threw.
    package func join() throws {
        for thread in threads.withLock({ threads in
            defer { threads = [] }; return threads
        }) { pthread_join(thread, nil) }
        if let error = firstError.withLock({ $0 }) { throw error }
    }

    package var failed: Bool { firstError.withLock { $0 != nil } }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
