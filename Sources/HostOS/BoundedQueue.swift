// BoundedQueue: a first-in-first-out hand-over between threads that makes the faster side wait.

import CLinux
import Glibc
import Synchronization

/// Waits when full (push) and when empty (pop). `close` lets poppers drain and then get nil; `abandon` wakes everyone at once.
// Safe because: all state is behind one pthread mutex, whose addresses are stable for the life of the object.
@safe package final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    private var items: [Element] = []
    private var head = 0
    private let limit: Int
    private var closed = false, abandoned = false

    package init(limit: Int) {
        precondition(limit > 0)
        self.limit = limit
    }

    private var count: Int { items.count - head }

    /// False if the queue was closed or abandoned: the item was not taken.
    @discardableResult
    package func push(_ item: Element) -> Bool {
        monitor.locked { wait in
            while count >= limit && !closed && !abandoned { wait() }
            if closed || abandoned { return false }
            items.append(item)
            return true
        }
    }

    /// Takes the item only if there is room now.
    package func tryPush(_ item: Element) -> Bool {
        monitor.locked { _ in
            if count >= limit || closed || abandoned { return false }
            items.append(item)
            return true
        }
    }

    /// The next item; nil when closed and drained, or abandoned.
    package func pop() -> Element? {
        monitor.locked { wait in
            while count == 0 && !closed && !abandoned { wait() }
            return take()
        }
    }

    /// The next item if there is one now.
    package func tryPop() -> Element? { monitor.locked { _ in take() } }

    private func take() -> Element? {
        guard !abandoned, count > 0 else { return nil }
        let item = items[head]
        head += 1
        if head >= 64 && head * 2 >= items.count {
            items.removeFirst(head)
            head = 0
        }
        return item
    }

    package func close() { monitor.locked { _ in closed = true } }

    package func abandon() {
        monitor.locked { _ in
            abandoned = true
            items = []
            head = 0
        }
    }
}

/// A mutex with one condition; everyone waiting is woken after every critical section that may have changed something.
// Safe because: the pthread objects live in memory this object allocates once and frees in deinit.
@safe package final class Monitor: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` alone; it may call its argument to wait until another critical section has ended.
    package func locked<R, E: Error>(_ body: (_ wait: () -> Void) throws(E) -> R) throws(E) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }
        return try body { unsafe pthread_cond_wait(condition, mutex) }
    }

    /// Like `locked`, but the wait ends after `nanoseconds` at the latest and says whether it was woken.
    package func lockedWithTimeout<R>(_ body: (_ wait: (_ nanoseconds: Int64) -> Bool) -> R) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer {
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }
        return body { nanoseconds in
            var deadline = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &deadline)
            let total = Int64(deadline.tv_nsec) + nanoseconds
            deadline.tv_sec += Int(total / 1_000_000_000)
            deadline.tv_nsec = Int(total % 1_000_000_000)
            return unsafe pthread_cond_timedwait(condition, mutex, &deadline) == 0
        }
    }
}

/// State behind a monitor, for hand-overs that need more than a queue. Waiting is "look again after the next change".
// Safe because: the state is touched only inside the monitor's critical sections, and no access lasts across a wait.
@safe package final class Monitored<State>: @unchecked Sendable {
    private let monitor = Monitor()
    private var state: State

    package init(_ state: sending State) { self.state = state }

    /// Changes the state; everyone waiting looks again.
    package func update<R>(_ body: (inout State) -> R) -> R { monitor.locked { _ in body(&state) } }

    /// Waits until `body` gives an answer. It runs at once and again after every change.
    package func wait<R>(for body: (inout State) -> R?) -> R {
        monitor.locked { wait in
            while true {
                if let answer = body(&state) { return answer }
                wait()
            }
        }
    }
}
