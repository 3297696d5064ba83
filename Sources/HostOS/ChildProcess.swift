// ChildProcess: another program that runs beside us for a while, and never longer than we do.
//
// 1. A thread of its own starts the program and waits for its end: the keeper. The program asks the kernel to be killed (SIGKILL) when
//    that thread is gone, so it does not survive us, however we die.
// 2. It gets a session of its own (Ctrl-C at our terminal is not its business), no descriptor but the ones named, default signals, and,
//    if asked, another user without further groups.
// 3. `stop` asks with SIGTERM, waits for a while, and kills.
//
// The keeper looks whether the program has ended before it takes its number back from the system: a signal never reaches a stranger
// that was given the same number. Not promised: that programs the program starts end with it.

package import Bytes
import CLinux
import Glibc
import Synchronization

package final class ChildProcess: Sendable {
    package struct User: Hashable, Sendable {
        package let userID: UInt32
        package let groupID: UInt32

        package init(userID: UInt32, groupID: UInt32) {
            self.userID = userID
            self.groupID = groupID
        }
    }

    /// What to start, and how.
    package struct Program: Sendable {
        /// With a slash: nothing is looked up.
        package var executable: BytePath
        package var arguments: [[UInt8]]
        /// NAME=VALUE, the whole of it.
        package var environment: [[UInt8]]
        package var directory: BytePath?
        /// Whom it runs as; only root may ask.
        package var user: User?

        package init(
            _ executable: BytePath, _ arguments: [[UInt8]], environment: [[UInt8]], directory: BytePath? = nil, user: User? = nil
        ) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.directory = directory
            self.user = user
        }
    }

    package let processID: Int32
    private let state: RunState
    private let keeper: Workers

    private init(_ processID: Int32, _ state: RunState, _ keeper: Workers) {
        self.processID = processID
        self.state = state
        self.keeper = keeper
    }

    /// A process that nobody stopped is killed.
    deinit {
        state.signal(processID, SIGKILL)
        try? keeper.join()
    }

    // MARK: Start

    /// Starts a program; returns when it runs (its own first instruction comes next).
    ///
    /// - Parameters:
    ///   - input: its standard input; see `devNull`.
    ///   - output: takes its standard output.
    ///   - errors: takes its standard error.
    /// - Throws: whatever kept the program from running, also what only the child could see (no such file, no permission).
    package static func start(
        _ program: Program, input: borrowing Descriptor, output: borrowing Descriptor, errors: borrowing Descriptor
    ) throws(SystemError) -> ChildProcess {
        try start(program, Streams(input: input.raw, output: output.raw, errors: errors.raw, extra: -1))
    }

    /// As above; `extra` becomes the program's descriptor 3.
    package static func start(
        _ program: Program, input: borrowing Descriptor, output: borrowing Descriptor, errors: borrowing Descriptor,
        extra: borrowing Descriptor
    ) throws(SystemError) -> ChildProcess {
        try start(program, Streams(input: input.raw, output: output.raw, errors: errors.raw, extra: extra.raw))
    }

    /// The caller's descriptors stay open until the keeper has answered.
    private static func start(_ program: Program, _ raw: Streams) throws(SystemError) -> ChildProcess {
        let started = BoundedQueue<Result<Int32, SystemError>>(limit: 1)
        let state = RunState(), keeper = Workers()
        keeper.start("child keeper") {
            let result = launch(program, raw)
            started.push(result)
            if case .success(let process) = result { state.waitForEnd(of: process) }
        }
        switch started.pop() {
        case .success(let process): return ChildProcess(process, state, keeper)
        case .failure(let error):
            // It has nothing left to do; unjoined, it would keep its stack.
            try? keeper.join()
            throw error
        case nil: throw SystemError(operation: "start", path: program.executable, kind: .other, reason: "its keeper died")
        }
    }

    /// Reads nothing, swallows everything.
    package static func devNull() throws(SystemError) -> Descriptor { try Descriptor.open("/dev/null", .update) }

    /// The two ends of a pipe, both closed on exec. Start the program with one end, then keep the other: that closes the program's end
    /// here, without which nobody would ever see the end of the data.
    package struct Pipe: ~Copyable, Sendable {
        package let read: Descriptor
        package let write: Descriptor

        /// - Parameter name: for error messages.
        package init(named name: BytePath) throws(SystemError) {
            var ends: [Int32] = [-1, -1]
            try retrying("make a pipe for", name) { unsafe lb_pipe_cloexec(&ends) }
            read = Descriptor(raw: ends[0], path: name)
            write = Descriptor(raw: ends[1], path: name)
        }

        package consuming func keepingRead() -> Descriptor { read }
        package consuming func keepingWrite() -> Descriptor { write }
    }

    private struct Streams: Sendable { let input, output, errors, extra: Int32 }

    private static func launch(_ program: Program, _ streams: Streams) -> Result<Int32, SystemError> {
        var child = unsafe lb_bound_child()
        unsafe child.input = streams.input
        unsafe child.output = streams.output
        unsafe child.errors = streams.errors
        unsafe child.extra = streams.extra
        if let user = program.user {
            unsafe child.changes_user = 1
            unsafe child.user = user.userID
            unsafe child.group = user.groupID
        }
        let process = unsafe Child.withCStrings([program.executable.bytes] + program.arguments) { arguments in
            unsafe Child.withCStrings(program.environment) { environment in
                unsafe program.executable.withCString { path in
                    unsafe child.path = path
                    unsafe child.arguments = arguments
                    unsafe child.environment = environment
                    guard let directory = program.directory else { return unsafe lb_start_bound_child(&child) }
                    return unsafe directory.withCString { name in
                        unsafe child.directory = name
                        return unsafe lb_start_bound_child(&child)
                    }
                }
            }
        }
        return process < 0 ? .failure(SystemError.last("start", program.executable)) : .success(process)
    }

    // MARK: End

    /// As a shell says it: the status, or 128 + the signal; nil while it runs.
    package var exitStatus: Int32? { state.exitStatus.withLock { $0 } }

    /// The exit status, or nil if it still runs after the time.
    package func waitForExit(limitNanoseconds: Int64) -> Int32? {
        let deadline = Host.monotonicNanoseconds() + limitNanoseconds
        var pause: Int64 = 500_000
        while true {
            if let status = exitStatus { return status }
            let left = deadline - Host.monotonicNanoseconds()
            if left <= 0 { return nil }
            SystemClock().sleep(nanoseconds: min(pause, left))
            pause = min(pause * 2, 20_000_000)
        }
    }

    /// Asks it to end, kills it if it has not within the time, and returns how it ended.
    @discardableResult
    package func stop(limitNanoseconds: Int64) -> Int32 {
        state.signal(processID, SIGTERM)
        if let status = waitForExit(limitNanoseconds: limitNanoseconds) { return status }
        return kill()
    }

    /// Kills it at once.
    @discardableResult
    package func kill() -> Int32 {
        state.signal(processID, SIGKILL)
        try? keeper.join()
        return exitStatus ?? 128 + SIGKILL
    }

    private final class RunState: Sendable {
        let exitStatus = Mutex<Int32?>(nil)

        /// Waits without taking the number back, then takes it back while nobody can send a signal.
        func waitForEnd(of process: pid_t) {
            var information = unsafe siginfo_t()
            while unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
            exitStatus.withLock { ended in
                var status: Int32 = 0
                while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
                ended = lb_exited(status) != 0 ? lb_exit_code(status) : 128 + lb_term_signal(status)
            }
        }

        func signal(_ process: pid_t, _ number: Int32) {
            exitStatus.withLock { ended in
                if ended == nil { _ = Glibc.kill(process, number) }
            }
        }
    }
}
