// BeneathRoot+Changes: making, removing and adorning entries below the root. None of these calls follows a link at the end of its path.

package import Bytes
import CLinux
import Glibc

extension BeneathRoot {
    // MARK: Making

    package func createDirectory(_ relative: BytePath, mode: UInt32 = 0o700) throws(SystemError) {
        let place = try place(relative)
        try retrying("create directory", place.path) { unsafe place.name.withCString { unsafe mkdirat(place.parent.raw, $0, mode) } }
    }

    package func createSymbolicLink(_ relative: BytePath, to target: [UInt8]) throws(SystemError) {
        let place = try place(relative)
        try retrying("create link", place.path) {
            unsafe target.withCString { target in unsafe place.name.withCString { unsafe symlinkat(target, place.parent.raw, $0) } }
        }
    }

    /// A second name for the file at `existing`; a symbolic link there is linked itself, not followed.
    package func createHardLink(_ relative: BytePath, to existing: BytePath) throws(SystemError) {
        let place = try place(relative), source = try self.place(existing)
        try retrying("link to '\(source.path)'", place.path) {
            unsafe source.name.withCString { from in
                unsafe place.name.withCString { unsafe linkat(source.parent.raw, from, place.parent.raw, $0, 0) }
            }
        }
    }

    /// mknod for devices and fifos, with permissions 0600. Other kinds are refused.
    package func createSpecialFile(_ relative: BytePath, kind: FileKind, device: UInt64) throws(SystemError) {
        let place = try place(relative), type: UInt32
        switch kind {
        case .blockDevice: type = S_IFBLK
        case .characterDevice: type = S_IFCHR
        case .fifo: type = S_IFIFO
        default: throw SystemError(operation: "create", path: place.path, kind: .invalid, reason: "it is neither a device nor a fifo")
        }
        try retrying("create", place.path) {
            unsafe place.name.withCString { unsafe mknodat(place.parent.raw, $0, type | 0o600, dev_t(device)) }
        }
    }

    // MARK: Removing

    /// Removes anything but a directory.
    package func remove(_ relative: BytePath) throws(SystemError) {
        let place = try place(relative)
        try retrying("remove", place.path) { unsafe place.name.withCString { unsafe unlinkat(place.parent.raw, $0, 0) } }
    }

    /// Removes an empty directory.
    package func removeEmptyDirectory(_ relative: BytePath) throws(SystemError) {
        let place = try place(relative)
        try retrying("remove directory", place.path) {
            unsafe place.name.withCString { unsafe unlinkat(place.parent.raw, $0, AT_REMOVEDIR) }
        }
        forgetParents()
    }

    /// Removes what is at `relative` with everything below it, following nothing. Nothing there is fine. Holds no descriptor
    /// per level and no stack frame per level, so that depth is no obstacle.
    package func removeTree(_ relative: BytePath) throws(SystemError) {
        guard let status = try statusIfExists(of: relative) else { return }
        guard status.kind == .directory else { return try remove(relative) }
        var pending = [relative]
        while let directory = pending.last {
            var subdirectories: [BytePath] = []
            for entry in try entries(of: directory) {
                let path = directory.appending(entry.name)
                let kind = entry.kind == .unknown ? try self.status(of: path).kind : entry.kind
                if kind == .directory { subdirectories.append(path) } else { try remove(path) }
            }
            if subdirectories.isEmpty {
                try removeEmptyDirectory(directory)
                pending.removeLast()
            } else {
                pending += subdirectories
            }
        }
    }

    // MARK: Adorning

    /// lchown.
    package func setOwner(of relative: BytePath, user: UInt32, group: UInt32) throws(SystemError) {
        let place = try place(relative)
        try retrying("set the owner of", place.path) {
            unsafe place.name.withCString { unsafe fchownat(place.parent.raw, $0, user, group, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Access and modification time to the nanosecond, of a link itself if it is one.
    package func setTimes(of relative: BytePath, access: FileTime, modification: FileTime) throws(SystemError) {
        let place = try place(relative), times = [access.raw, modification.raw]
        try retrying("set the times of", place.path) {
            unsafe place.name.withCString { unsafe utimensat(place.parent.raw, $0, times, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// chmod of anything but a symbolic link, which is refused as not supported.
    package func setMode(of relative: BytePath, _ mode: UInt32) throws(SystemError) {
        let place = try place(relative)
        try retrying("set the mode of", place.path) {
            unsafe place.name.withCString { unsafe fchmodat(place.parent.raw, $0, mode, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Runs `body` with a path to the entry for the calls that take no directory descriptor (extended attributes). The path
    /// goes through the opened parent, so nothing above the entry can be exchanged; the caller must not follow its last name.
    package func withPath<R>(of relative: BytePath, _ body: (BytePath) throws(SystemError) -> R) throws(SystemError) -> R {
        let place = try place(relative)
        let parent = place.parent
        do {
            let result = try body(BytePath("/proc/self/fd/\(parent.raw)").appending(place.name))
            withExtendedLifetime(parent) {}
            return result
        } catch {
            throw SystemError(operation: error.operation, path: place.path, kind: error.kind, reason: error.reason)
        }
    }
}
