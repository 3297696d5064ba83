// Child: another program run to its end, its output collected through our own pipes with a bound.
//
// posix_spawn with close-on-exec everywhere; standard input is a prepared text or /dev/null. The child dies with us only if it
// reads its closed pipe; callers that need more give it a time limit. Not for streaming large output.

package import Bytes
import CLinux
import Glibc

package enum Child {
    package struct Result: Sendable {
        /// The exit status, or 128 + the signal that ended it, as a shell says it.
        package let exitStatus: Int32
        package let output: [UInt8]
        package let errorOutput: [UInt8]

        package init(exitStatus: Int32, output: [UInt8], errorOutput: [UInt8]) {
            self.exitStatus = exitStatus
            self.output = output
            self.errorOutput = errorOutput
        }

        package var outputText: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
    }

    /// Runs `executable` (looked up in PATH if it has no slash) and waits for it.
    ///
    /// - Parameters:
    ///   - environment: the whole environment of the child as NAME=VALUE, or nil to hand down ours.
    ///   - outputLimit: more bytes than this on either stream end the child and throw.
    ///   - timeLimit: after it the child and whatever it started are killed, and this throws. Such a child is in a process group of its own.
    ///   - onErrorOutput: sees stderr while it arrives (progress of a worker), from the calling thread.
    package static func run(
        _ executable: BytePath, _ arguments: [[UInt8]], environment: [[UInt8]]? = nil, directory: BytePath? = nil,
        standardInput: [UInt8] = [], outputLimit: Int = 1 << 28, timeLimit: Duration? = nil, onErrorOutput: ((Span<UInt8>) -> Void)? = nil
    ) throws(SystemError) -> Result {
        let input = try pipe(executable), output = try pipe(executable), errors = try pipe(executable)
        let process = try spawn(
            executable, arguments, environment, directory, isGroupLeader: timeLimit != nil, input: input.read.raw, output: output.write.raw,
            errors: errors.write.raw)
        let collector = Collector(limit: outputLimit, timeLimit: timeLimit)
        try exchange(
            process, standardInput, input: input.closingRead(), output: output.closingWrite(), errors: errors.closingWrite(), collector,
            onErrorOutput)
        let status = try end(of: process, executable, collector)
        let exitStatus = lb_exited(status) != 0 ? lb_exit_code(status) : 128 + lb_term_signal(status)
        if collector.isLate, let timeLimit {
            throw SystemError(operation: "run", path: executable, kind: .outOfRange, reason: "it took longer than \(timeLimit.components.seconds) s")
        }
        if collector.overflowed {
            throw SystemError(operation: "run", path: executable, kind: .outOfRange, reason: "it printed more than \(outputLimit) bytes")
        }
        return Result(exitStatus: exitStatus, output: collector.output, errorOutput: collector.errors)
    }

    package static func run(
        _ executable: String, _ arguments: [String], environment: [String]? = nil, directory: BytePath? = nil,
        standardInput: [UInt8] = [], outputLimit: Int = 1 << 28
    ) throws(SystemError) -> Result {
        try run(
            BytePath(executable), arguments.map { Array($0.utf8) }, environment: environment?.map { Array($0.utf8) }, directory: directory,
            standardInput: standardInput, outputLimit: outputLimit)
    }

    /// Waits for the exit; a child that has closed its outputs and goes on has its time limit still.
    private static func end(of process: pid_t, _ executable: BytePath, _ collector: Collector) throws(SystemError) -> Int32 {
        var status: Int32 = 0
        while collector.hasDeadline && !collector.isLate {
            let ended = try retrying("wait for", executable) { unsafe waitpid(process, &status, WNOHANG) }
            if ended == process { return status }
            usleep(5_000)
            collector.enforce(on: process)
        }
        try retrying("wait for", executable) { unsafe waitpid(process, &status, 0) }
        return status
    }

    /// The running program's own file, to start ourselves as a worker.
    package static func ownExecutable() throws(SystemError) -> BytePath {
        BytePath(try Directory.linkTarget(BytePath("/proc/self/exe")))
    }

    private final class Collector {
        var output: [UInt8] = [], errors: [UInt8] = []
        var overflowed = false
        let limit: Int
        private(set) var isLate = false
        private let deadline: Int64?

        init(limit: Int, timeLimit: Duration?) {
            self.limit = limit
            deadline = timeLimit.map { Host.monotonicNanoseconds() + $0.components.seconds * 1_000_000_000 + $0.components.attoseconds / 1_000_000_000 }
        }

        var hasDeadline: Bool { deadline != nil }

        /// How long to wait for output at most, in milliseconds; −1 for ever.
        var patience: Int32 {
            guard let deadline else { return -1 }
            return Int32(clamping: max(0, deadline - Host.monotonicNanoseconds()) / 1_000_000 + 1)
        }

        /// Kills the child and its children once its time is over.
        func enforce(on process: pid_t) {
            guard let deadline, !isLate, Host.monotonicNanoseconds() >= deadline else { return }
            isLate = true
            kill(-process, SIGKILL)
        }
    }

    private struct Pipe: ~Copyable {
        let read: Descriptor
        let write: Descriptor
        consuming func closingRead() -> Descriptor { write }
        consuming func closingWrite() -> Descriptor { read }
    }

    private static func pipe(_ executable: BytePath) throws(SystemError) -> Pipe {
        var ends: [Int32] = [-1, -1]
        try retrying("make a pipe for", executable) { unsafe lb_pipe_cloexec(&ends) }
        return Pipe(read: Descriptor(raw: ends[0], path: executable), write: Descriptor(raw: ends[1], path: executable))
    }

    private static func spawn(
        _ executable: BytePath, _ arguments: [[UInt8]], _ environment: [[UInt8]]?, _ directory: BytePath?, isGroupLeader: Bool,
        input: Int32, output: Int32, errors: Int32
    ) throws(SystemError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2)
        if let directory { _ = unsafe directory.withCString { unsafe lb_spawn_addchdir(&actions, $0) } }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        resetSignals(&attributes, isGroupLeader: isGroupLeader)
        var process: pid_t = 0
        let failed = unsafe withCStrings([executable.bytes] + arguments) { argv in
            unsafe executable.withCString { path in
                guard let environment else { return unsafe posix_spawnp(&process, path, &actions, &attributes, argv, environ) }
                return unsafe withCStrings(environment) { unsafe posix_spawnp(&process, path, &actions, &attributes, argv, $0) }
            }
        }
        if failed != 0 { throw SystemError.make("start", executable, failed) }
        return process
    }

    /// A child hears every signal, even if the thread that starts it has them blocked, and it does not inherit that we ignore a closed
    /// pipe: `sh -c 'producer | head'` must end.
    private static func resetSignals(_ attributes: inout posix_spawnattr_t, isGroupLeader: Bool) {
        var none = sigset_t(), restored = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigemptyset(&restored)
        for number in [SIGPIPE, SIGXFSZ] { unsafe sigaddset(&restored, number) }
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &restored)
        let group = isGroupLeader ? POSIX_SPAWN_SETPGROUP : 0
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group))
    }

    /// A NULL-terminated array of C strings for the length of a call.
    static func withCStrings<R>(
        _ strings: [[UInt8]], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { text in unsafe text.withCString { unsafe strdup($0) } }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress.unsafelyUnwrapped) }
    }

    /// Feeds the input and drains both outputs until they close, so that no full pipe can stop the child.
    private static func exchange(
        _ process: pid_t, _ text: [UInt8], input: consuming Descriptor, output: consuming Descriptor, errors: consuming Descriptor,
        _ collector: Collector, _ onErrorOutput: ((Span<UInt8>) -> Void)?
    ) throws(SystemError) {
        var pendingInput: Descriptor? = text.isEmpty ? nil : consume input
        if let raw = pendingInput?.raw { _ = lb_fcntl_int(raw, F_SETFL, O_NONBLOCK) }
        var written = 0, outputOpen = true, errorsOpen = true
        // After too much output the pipes are closed at once: what the child started may still write into them.
        while (outputOpen || errorsOpen) && !collector.overflowed && !collector.isLate {
            var polls = [
                pollfd(fd: outputOpen ? output.raw : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: errorsOpen ? errors.raw : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pendingInput?.raw ?? -1, events: Int16(POLLOUT), revents: 0),
            ]
            try retrying("wait for", output.path) { unsafe poll(&polls, 3, collector.patience) }
            collector.enforce(on: process)
            if polls[0].revents != 0 { outputOpen = try drain(output, into: &collector.output, collector, process, nil) }
            if polls[1].revents != 0 { errorsOpen = try drain(errors, into: &collector.errors, collector, process, onErrorOutput) }
            if polls[2].revents != 0, let raw = pendingInput?.raw {
                let count = unsafe text.withUnsafeBytes {
                    unsafe Glibc.write(raw, $0.baseAddress.map { unsafe $0 + written }, $0.count - written)
                }
                if count > 0 { written += count }
                if written == text.count || (count < 0 && errno != EAGAIN && errno != EINTR) { pendingInput = nil }
            }
        }
    }

    private static func drain(
        _ source: borrowing Descriptor, into bytes: inout [UInt8], _ collector: Collector, _ process: pid_t,
        _ observer: ((Span<UInt8>) -> Void)?
    ) throws(SystemError) -> Bool {
        let piece = try [UInt8](byteCount: 1 << 16) { (span) throws(SystemError) in try source.read(into: &span) }
        observer?(piece.span)
        if bytes.count + piece.count > collector.limit {
            collector.overflowed = true
            kill(process, SIGKILL)
        } else {
            bytes += piece
        }
        return !piece.isEmpty
    }
}
