// FileStatus: what lstat knows of a file, as values.

package import Bytes
import CLinux
import Glibc

package struct FileTime: Hashable, Sendable {
    package let seconds: Int64
    package let nanoseconds: Int32
    package init(seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

package enum FileKind: Sendable, Hashable {
    case regular, directory, symbolicLink, blockDevice, characterDevice, fifo, socket, unknown

    init(mode: UInt32) {
        switch mode & S_IFMT {
        case S_IFREG: self = .regular
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symbolicLink
        case S_IFBLK: self = .blockDevice
        case S_IFCHR: self = .characterDevice
        case S_IFIFO: self = .fifo
        case S_IFSOCK: self = .socket
        default: self = .unknown
        }
    }
}

/// One file as lstat saw it. `mode` holds permissions and set-id/sticky bits only (07777).
package struct FileStatus: Sendable, Hashable {
    package let kind: FileKind
    package let mode: UInt32
    package let inode: UInt64
    package let device: UInt64
    package let linkCount: UInt64
    package let userID: UInt32
    package let groupID: UInt32
    package let size: UInt64
    /// st_rdev of a device file.
    package let specialDevice: UInt64
    package let accessTime: FileTime
    package let modificationTime: FileTime
    package let changeTime: FileTime
    /// 512-byte units on disk; fewer than the size says means holes.
    package let blockCount: UInt64

    init(_ raw: stat) {
        kind = FileKind(mode: raw.st_mode)
        mode = raw.st_mode & 0o7777
        inode = UInt64(raw.st_ino)
        device = UInt64(raw.st_dev)
        linkCount = UInt64(raw.st_nlink)
        userID = raw.st_uid
        groupID = raw.st_gid
        size = UInt64(max(raw.st_size, 0))
        specialDevice = UInt64(raw.st_rdev)
        accessTime = FileTime(raw.st_atim)
        modificationTime = FileTime(raw.st_mtim)
        changeTime = FileTime(raw.st_ctim)
        blockCount = UInt64(max(raw.st_blocks, 0))
    }

    /// lstat: does not follow a symbolic link at the end of `path`.
    package static func of(_ path: BytePath) throws(SystemError) -> FileStatus { try read(AT_FDCWD, path.bytes, path, AT_SYMLINK_NOFOLLOW) }

    /// stat: follows symbolic links.
    package static func following(_ path: BytePath) throws(SystemError) -> FileStatus { try read(AT_FDCWD, path.bytes, path, 0) }

    /// Like `of`, nil when nothing is there.
    package static func ifExists(_ path: BytePath) throws(SystemError) -> FileStatus? {
        do {
            return try of(path)
        } catch {
            if error.kind == .notFound || error.kind == .notDirectory { return nil }
            throw error
        }
    }

    static func read(_ directory: Int32, _ name: [UInt8], _ path: BytePath, _ flags: Int32) throws(SystemError) -> FileStatus {
        var raw = stat()
        try retrying("read the status of", path) {
            unsafe name.withCString { unsafe fstatat(directory, $0, &raw, flags) }
        }
        return FileStatus(raw)
    }
}

extension FileTime {
    init(_ raw: timespec) { self.init(seconds: Int64(raw.tv_sec), nanoseconds: Int32(raw.tv_nsec)) }
    var raw: timespec { timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }
}
