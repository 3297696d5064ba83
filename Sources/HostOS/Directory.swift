// Directory: the names in a directory, sorted by bytes; and the few calls that change directory entries.

package import Bytes
import CLinux
import Glibc

package struct DirectoryEntry: Sendable, Hashable {
    package let name: [UInt8]
    /// The kind if the file system told, else `unknown`: then ask lstat.
    package let kind: FileKind
}

package enum Directory {
    /// Every entry but `.` and `..`, sorted bytewise.
    package static func entries(of path: BytePath) throws(SystemError) -> [DirectoryEntry] {
        try entries(of: Descriptor.open(path, .read))
    }

    /// Every entry but `.` and `..`, sorted bytewise. Reads from the descriptor's position: use a fresh one.
    package static func entries(of directory: borrowing Descriptor) throws(SystemError) -> [DirectoryEntry] {
        var entries: [DirectoryEntry] = []
        var buffer = [UInt8](repeating: 0, count: 32768)
        let raw = directory.raw
        while true {
            let byteCount = try retrying("list", directory.path) { unsafe lb_getdents64(raw, &buffer, 32768) }
            if byteCount == 0 { break }
            append(buffer.span, byteCount, to: &entries)
        }
        entries.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return entries
    }

    /// linux_dirent64: ino u64, off s64, reclen u16, type u8, name.
    private static func append(_ buffer: Span<UInt8>, _ byteCount: Int, to entries: inout [DirectoryEntry]) {
        var offset = 0
        while offset + 19 < byteCount {
            let length = Int(buffer[offset + 16]) | Int(buffer[offset + 17]) << 8
            guard length > 19, offset + length <= byteCount else { return }
            var end = offset + 19
            while end < offset + length, buffer[end] != 0 { end += 1 }
            let name = [UInt8](copying: buffer.extracting(offset + 19..<end))
            if name != [0x2e] && name != [0x2e, 0x2e] { entries.append(DirectoryEntry(name: name, kind: kind(buffer[offset + 18]))) }
            offset += length
        }
    }

    private static func kind(_ type: UInt8) -> FileKind {
        switch Int(type) {
        case DT_REG: .regular
        case DT_DIR: .directory
        case DT_LNK: .symbolicLink
        case DT_BLK: .blockDevice
        case DT_CHR: .characterDevice
        case DT_FIFO: .fifo
        case DT_SOCK: .socket
        default: .unknown
        }
    }

    /// mkdir; true if made, false if a directory was already there.
    @discardableResult
    package static func create(_ path: BytePath, mode: UInt32 = 0o700) throws(SystemError) -> Bool {
        do {
            try retrying("create directory", path) { unsafe path.withCString { unsafe mkdir($0, mode) } }
            return true
        } catch {
            if error.kind == .exists, let status = try? FileStatus.following(path), status.kind == .directory { return false }
            throw error
        }
    }

    /// mkdir -p.
    package static func createAll(_ path: BytePath, mode: UInt32 = 0o700) throws(SystemError) {
        do {
            try create(path, mode: mode)
        } catch {
            guard error.kind == .notFound, path.parent != path else { throw error }
            try createAll(path.parent, mode: mode)
            try create(path, mode: mode)
        }
    }

    /// mkdir -p that survives a power cut: each directory that is made is flushed into the one it is in, as far as that may be opened.
    package static func createAllDurably(_ path: BytePath, mode: UInt32 = 0o700) throws(SystemError) {
        if path.isEmpty { return }
        if let status = try? FileStatus.following(path), status.kind == .directory { return }
        if path.parent != path { try createAllDurably(path.parent, mode: mode) }
        try create(path, mode: mode)
        do {
            try synchronize(path.parent)
        } catch {
            if error.kind != .permissionDenied { throw error }
        }
    }

    /// Removes a file, link or anything but a directory.
    package static func remove(_ path: BytePath) throws(SystemError) {
        try retrying("remove", path) { unsafe path.withCString { unsafe unlink($0) } }
    }

    /// Removes an empty directory.
    package static func removeEmpty(_ path: BytePath) throws(SystemError) {
        try retrying("remove directory", path) { unsafe path.withCString { unsafe rmdir($0) } }
    }

    /// Removes whatever is at `path`, with everything below it, without following links. Nothing there is fine.
    package static func removeTree(_ path: BytePath) throws(SystemError) {
        guard let status = try FileStatus.ifExists(path) else { return }
        guard status.kind == .directory else { return try remove(path) }
        for entry in try entries(of: path) { try removeTree(path.appending(entry.name)) }
        try removeEmpty(path)
    }

    /// rename(2): atomic, replaces a file at `target`. Durable only after `synchronize` of the parent.
    package static func rename(_ source: BytePath, to target: BytePath) throws(SystemError) {
        try retrying("rename to '\(target)'", source) {
            unsafe source.withCString { from in unsafe target.withCString { to in unsafe Glibc.rename(from, to) } }
        }
    }

    /// Swaps the names of two existing files in one atomic step (RENAME_EXCHANGE); `notSupported` or `invalid` where the file
    /// system cannot.
    package static func exchange(_ first: BytePath, with second: BytePath) throws(SystemError) {
        try retrying("exchange with '\(second)'", first) {
            unsafe first.withCString { a in unsafe second.withCString { b in unsafe lb_renameat2(AT_FDCWD, a, AT_FDCWD, b, 2) } }
        }
    }

    /// Flushes the directory's entries to disk, so that a rename in it survives a power cut.
    package static func synchronize(_ path: BytePath) throws(SystemError) {
        do {
            try Descriptor.open(path, .read).synchronize()
        } catch {
            if error.kind != .notFound { throw error }
        }
    }

    package static func setMode(_ path: BytePath, _ mode: UInt32) throws(SystemError) {
        try retrying("set the mode of", path) { unsafe path.withCString { unsafe chmod($0, mode) } }
    }

    /// Where a symbolic link points, as bytes.
    package static func linkTarget(_ path: BytePath) throws(SystemError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try retrying("read link", path) { unsafe path.withCString { unsafe readlink($0, &buffer, buffer.count) } }
        return buffer.prefix(count).map { UInt8(bitPattern: $0) }
    }

    /// The canonical path with every symbolic link resolved; nil if something on the way is missing.
    package static func canonical(_ path: BytePath) -> BytePath? {
        unsafe path.withCString { text in
            guard let resolved = unsafe realpath(text, nil) else { return nil }
            defer { unsafe free(resolved) }
            return BytePath(
                unsafe String(cString: resolved).isEmpty ? [] : Array(unsafe UnsafeBufferPointer(start: resolved, count: strlen(resolved))).map { UInt8(bitPattern: $0) })
        }
    }

    /// Whether the file system is one that this machine alone has mounted, so that all its processes see the same at the same time. False
    /// for network file systems, for those we do not know and where it cannot be found out.
    package static func isOnLocalFileSystem(_ path: BytePath) -> Bool {
        var result = statfs()
        guard unsafe path.withCString({ unsafe statfs($0, &result) }) == 0 else { return false }
        // The magic numbers of linux/magic.h: ext2-4, xfs, btrfs, f2fs, tmpfs, zfs, bcachefs, overlayfs.
        let known: Set<UInt32> = [
            0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0x0102_1994, 0x2FC1_2FC1, 0xCA45_1A4E, 0x794C_7630,
        ]
        return known.contains(UInt32(truncatingIfNeeded: result.f_type))
    }

    /// Bytes free for an unprivileged user on the file system of `path`.
    package static func freeSpace(at path: BytePath) throws(SystemError) -> UInt64 {
        var result = statvfs()
        try retrying("read the free space of", path) { unsafe path.withCString { unsafe statvfs($0, &result) } }
        return UInt64(result.f_bavail) * UInt64(result.f_frsize)
    }
}
