// HostClock: the time, the zone, the machine and the process: everything a snapshot or a lock says about where it came from.

package import Bytes
import CLinux
import Glibc

/// Where time comes from; injected, so that a test can set it.
package protocol Clock: Sendable {
    /// Since 1970, UTC. Jumps, forward and back, when somebody sets it.
    func now() -> FileTime
    /// Seconds from some moment in the past. Never jumps, and goes on while the machine sleeps.
    func steadySeconds() -> Int64
    func sleep(nanoseconds: Int64)
}

extension Clock {
    /// Of a clock that nobody sets.
    package func steadySeconds() -> Int64 { now().seconds }
}

package struct SystemClock: Clock {
    package init() {}

    package func now() -> FileTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return FileTime(time)
    }

    package func steadySeconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec)
    }

    package func sleep(nanoseconds: Int64) {
        var rest = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var remaining = timespec()
        while unsafe nanosleep(&rest, &remaining) != 0 && errno == EINTR { rest = remaining }
    }
}

package enum Host {
    /// Nanoseconds of a clock that never jumps, for durations.
    package static func monotonicNanoseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Seconds east of UTC in the process's local time zone at an instant.
    package static func utcOffset(at seconds: Int64) -> Int32 {
        var instant = time_t(seconds)
        var fields = unsafe tm()
        guard unsafe localtime_r(&instant, &fields) != nil else { return 0 }
        return Int32(unsafe fields.tm_gmtoff)
    }

    package static func name() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, 255) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package static var userID: UInt32 { getuid() }
    package static var groupID: UInt32 { getgid() }
    package static var isRoot: Bool { geteuid() == 0 }
    package static var processID: Int32 { getpid() }
    package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Whether a process of this number runs on this machine. One that ended and was not yet waited for (a zombie, which may stay for
    /// ever in a container without an init) runs no more.
    package static func processExists(_ process: Int32) -> Bool {
        guard process > 0, kill(process, 0) == 0 || errno == EPERM else { return false }
        guard let status = try? AtomicFile.read(BytePath("/proc/\(process)/stat"), limit: 1 << 16) else { return true }
        // "30096 (name) Z 1 …": the name may hold anything, so the state follows its last parenthesis.
        guard let end = status.lastIndex(of: UInt8(ascii: ")")), end + 2 < status.count else { return true }
        return !"ZX".utf8.contains(status[end + 2])
    }

    /// The whole environment, each entry as NAME=VALUE.
    package static func environment() -> [[UInt8]] {
        var entries: [[UInt8]] = []
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            unsafe entries.append(Array(UnsafeBufferPointer(start: entry, count: strlen(entry))).map { UInt8(bitPattern: $0) })
            unsafe next += 1
        }
        return entries
    }

    /// Gives way to everything else on this machine, in processor time and at the disk: this thread and whatever it starts from now on.
    /// - Returns: whether the system agreed.
    @discardableResult
    package static func lowerPriority() -> Bool { lb_lower_priority() == 0 }

    package static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    package static func workingDirectory() -> BytePath {
        guard let path = unsafe getcwd(nil, 0) else { return .root }
        defer { unsafe free(path) }
        return BytePath(unsafe UnsafeBufferPointer(start: path, count: strlen(path)).map { UInt8(bitPattern: $0) })
    }

    /// Whether a standard stream is a terminal.
    package static func isTerminal(_ stream: Int32) -> Bool { isatty(stream) == 1 }

    /// Columns of the terminal on a stream; nil if it is none.
    package static func terminalColumns(_ stream: Int32) -> Int? {
        let columns = lb_terminal_columns(stream)
        return columns == 0 ? nil : Int(columns)
    }
}
