// Descriptor: an open file, closed exactly once. Every blocking call of the data plane is here.

package import Bytes
import CLinux
import Glibc

/// An open file descriptor that closes itself. `path` is kept for error messages only.
package struct Descriptor: ~Copyable, Sendable {
    let raw: Int32
    package let path: BytePath

    /// How to open; every mode sets O_CLOEXEC.
    package enum Mode: Sendable {
        /// Reading; follows a final symbolic link.
        case read
        /// Reading a file found by a scan: O_NOFOLLOW, O_NONBLOCK (a fifo cannot hang us), O_NOATIME where permitted.
        case readUnfollowed
        /// A directory, not through a final symbolic link.
        case directory
        /// A directory found by a scan: as `directory`, with O_NOATIME where permitted.
        case scannedDirectory
        /// Writing a new file; fails if the name exists, never follows a link.
        case createNew
        /// Reading and writing an existing file, O_NOFOLLOW.
        case update
        /// Appending, created if missing.
        case append
        /// Reading and writing, created if missing, O_NOFOLLOW (lock files).
        case openOrCreate

        var flags: Int32 {
            switch self {
            case .read: O_RDONLY | O_CLOEXEC
            case .readUnfollowed: O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
            case .directory, .scannedDirectory: O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW
            case .createNew: O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL | O_NOFOLLOW
            case .update: O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
            case .append: O_WRONLY | O_CLOEXEC | O_APPEND | O_CREAT | O_NOFOLLOW
            case .openOrCreate: O_RDWR | O_CLOEXEC | O_CREAT | O_NOFOLLOW
            }
        }

        var leavesAccessTime: Bool {
            switch self {
            case .readUnfollowed, .scannedDirectory: true
            default: false
            }
        }
    }

    init(raw: Int32, path: BytePath) {
        precondition(raw >= 0)
        self.raw = raw
        self.path = path
    }

    deinit { _ = Glibc.close(raw) }

    package static func open(_ path: BytePath, _ mode: Mode, permissions: UInt32 = 0o600) throws(SystemError) -> Descriptor {
        try open(in: AT_FDCWD, path.bytes, mode, permissions, path: path)
    }

    /// Opens `name` relative to this directory.
    package func open(_ name: [UInt8], _ mode: Mode, permissions: UInt32 = 0o600) throws(SystemError) -> Descriptor {
        try Descriptor.open(in: raw, name, mode, permissions, path: path.appending(name))
    }

    private static func open(
        in directory: Int32, _ name: [UInt8], _ mode: Mode, _ permissions: UInt32, path: BytePath
    ) throws(SystemError) -> Descriptor {
        func attempt(_ flags: Int32) throws(SystemError) -> Int32 {
            try retrying("open", path) { unsafe name.withCString { unsafe lb_openat(directory, $0, flags, permissions) } }
        }
        if mode.leavesAccessTime {
            do {
                return Descriptor(raw: try attempt(mode.flags | lb_o_noatime), path: path)
            } catch {
                // O_NOATIME is refused with EPERM for files of other owners: then read with it off.
                if error.kind != .permissionDenied { throw error }
            }
        }
        return Descriptor(raw: try attempt(mode.flags), path: path)
    }

    /// A descriptor of our own for a standard stream: 0, 1 or 2.
    package static func standard(_ stream: Int32) throws(SystemError) -> Descriptor {
        let path = BytePath(["standard input", "standard output", "standard error"][Int(stream)])
        return Descriptor(raw: try retrying("open", path) { lb_fcntl_int(stream, F_DUPFD_CLOEXEC, 3) }, path: path)
    }

    // MARK: Reading

    /// Waits until there is something to read, or the end. False once the program was asked to end: a read would go on waiting.
    package func waitForInput() -> Bool { Descriptor.waitForInput(raw) }

    /// In short steps, because a signal may come just before a wait.
    static func waitForInput(_ raw: Int32) -> Bool {
        var input = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        while !Interrupts.isRequested {
            let ready = unsafe poll(&input, 1, 100)
            // What is wrong with the stream, the read will tell.
            if ready > 0 || (ready < 0 && errno != EINTR) { return true }
        }
        return false
    }

    /// Content in pieces of this size passes through once: it leaves the system's cache again, and what the protected application has there
    /// stays. Whatever was cached before remains so.
    private static let onceByteCount = 256 << 10
    /// As an offset: wherever the file position is.
    private static let filePosition: off_t = -1

    /// Reads up to `buffer.count` bytes at the file position; 0 only at the end of the file.
    package func read(into buffer: inout MutableSpan<UInt8>) throws(SystemError) -> Int {
        try read(into: &buffer, from: 0, at: Descriptor.filePosition)
    }

    /// Fills `buffer` unless the file ends first; returns the bytes read.
    package func readFully(into buffer: inout MutableSpan<UInt8>, at offset: UInt64) throws(SystemError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let got = try read(into: &buffer, from: filled, at: off_t(offset) + off_t(filled))
            if got == 0 { break }
            filled += got
        }
        return filled
    }

    /// One call, into the buffer from `start`.
    private func read(into buffer: inout MutableSpan<UInt8>, from start: Int, at offset: off_t) throws(SystemError) -> Int {
        let raw = self.raw, count = buffer.count - start
        return try retrying("read", path) {
            unsafe buffer.withUnsafeMutableBytes {
                let address = unsafe $0.baseAddress.map { unsafe $0 + start }
                if count >= Descriptor.onceByteCount { return unsafe lb_read_once(raw, address, count, offset) }
                return offset == Descriptor.filePosition ? unsafe Glibc.read(raw, address, count) : unsafe pread(raw, address, count, offset)
            }
        }
    }

    /// The whole rest of the file, refused if larger than `limit`.
    package func readToEnd(limit: Int) throws(SystemError) -> [UInt8] {
        var content: [UInt8] = []
        while true {
            let piece = try [UInt8](byteCount: min(1 << 16, limit - content.count + 1)) { (span) throws(SystemError) in try read(into: &span) }
            if piece.isEmpty { return content }
            content += piece
            if content.count > limit {
                throw SystemError(operation: "read", path: path, kind: .outOfRange, reason: "larger than the limit of \(limit) bytes")
            }
        }
    }

    // MARK: Writing

    /// Writes every byte at the file position.
    package func write(_ bytes: Span<UInt8>) throws(SystemError) {
        var written = 0
        while written < bytes.count { written += try write(bytes, from: written, at: Descriptor.filePosition) }
    }

    /// Writes every byte at `offset`, leaving the file position alone.
    package func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(SystemError) {
        var written = 0
        while written < bytes.count { written += try write(bytes, from: written, at: off_t(offset) + off_t(written)) }
    }

    /// One call, of the bytes from `start`.
    private func write(_ bytes: Span<UInt8>, from start: Int, at offset: off_t) throws(SystemError) -> Int {
        let raw = self.raw, count = bytes.count - start
        return try retrying("write", path) {
            unsafe bytes.withUnsafeBytes {
                let address = unsafe $0.baseAddress.map { unsafe $0 + start }
                if count >= Descriptor.onceByteCount { return unsafe lb_write_once(raw, address, count, offset) }
                return offset == Descriptor.filePosition ? unsafe Glibc.write(raw, address, count) : unsafe pwrite(raw, address, count, offset)
            }
        }
    }

    /// fsync; a file system that cannot is tolerated.
    package func synchronize() throws(SystemError) {
        let raw = self.raw
        do {
            try retrying("flush to disk", path) { fsync(raw) }
        } catch {
            if error.kind != .notSupported && error.kind != .invalid { throw error }
        }
    }

    package func truncate(to size: UInt64) throws(SystemError) {
        let raw = self.raw
        try retrying("set the size of", path) { ftruncate(raw, off_t(size)) }
    }

    /// Reserves disk space, best effort except that a full disk is reported.
    package func reserve(_ size: UInt64) throws(SystemError) {
        guard size > 0 else { return }
        if lb_fallocate_keep_size(raw, off_t(size)) != 0 && errno == ENOSPC { throw SystemError.last("reserve space for", path) }
    }

    package func setMode(_ mode: UInt32) throws(SystemError) {
        let raw = self.raw
        try retrying("set the mode of", path) { fchmod(raw, mode) }
    }

    package func setOwner(user: UInt32, group: UInt32) throws(SystemError) {
        let raw = self.raw
        try retrying("set the owner of", path) { fchown(raw, user, group) }
    }

    package func status() throws(SystemError) -> FileStatus {
        let raw = self.raw
        var result = stat()
        try retrying("read the status of", path) { unsafe fstat(raw, &result) }
        return FileStatus(result)
    }

    /// lstat of `name` in this directory.
    package func status(of name: [UInt8]) throws(SystemError) -> FileStatus {
        try FileStatus.read(raw, name, path.appending(name), AT_SYMLINK_NOFOLLOW)
    }

    /// Where the symbolic link `name` in this directory points.
    package func linkTarget(of name: [UInt8]) throws(SystemError) -> [UInt8] {
        let raw = self.raw
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try retrying("read link", path.appending(name)) {
            unsafe name.withCString { unsafe readlinkat(raw, $0, &buffer, buffer.count) }
        }
        return buffer.prefix(count).map { UInt8(bitPattern: $0) }
    }

    /// Sets access and modification time to the nanosecond.
    package func setTimes(access: FileTime, modification: FileTime) throws(SystemError) {
        let raw = self.raw
        let times = [access.raw, modification.raw]
        try retrying("set the times of", path) { unsafe futimens(raw, times) }
    }

    /// Takes the advisory whole-file lock without waiting; false if another process holds it.
    package func tryLock() -> Bool { flock(raw, LOCK_EX | LOCK_NB) == 0 }

    /// Waits for the advisory whole-file lock.
    package func lock() throws(SystemError) {
        let raw = self.raw
        try retrying("lock", path) { flock(raw, LOCK_EX) }
    }
}
