// BeneathRoot: a directory out of which no operation can lead, whatever symbolic links lie below it.
//
// 1. The root itself is opened once, by its path; links on the way to it are the user's own and are followed.
// 2. A path below it is split into names; `.`, `..`, empty names and NUL bytes are refused.
// 3. Its parent directory is opened beneath the root without following any link: one openat2 with RESOLVE_BENEATH |
//    RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, or name by name with O_NOFOLLOW where the kernel lacks it.
// 4. The last name is then used in that directory by a call that does not follow it (the `*at` calls, O_NOFOLLOW).
//
// A link below the root is never followed, not even one that stays inside: a restored tree decides where its files go, links
// of the machine don't. So a restore into "/" cannot write *through* /var/run; it can only replace it if told to.
// Opened parents are kept (bounded) and reused; whoever moves a directory away during a restore moves its later files too.

package import Bytes
import CLinux
import Glibc
import Synchronization

/// Safe to use from several threads.
package final class BeneathRoot: Sendable {
    /// The root as it was given, for messages.
    package let path: BytePath
    private let root: OpenDirectory
    private let hasOpenat2: Bool
    private let parents = Mutex(Parents())

    /// Descriptors kept for parents at most.
    private static let parentLimit = 64

    /// A directory's descriptor (O_PATH), closed when its last user lets go.
    final class OpenDirectory: Sendable {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
        var raw: Int32 { descriptor.raw }
    }

    private struct Parents {
        var directories: [BytePath: (directory: OpenDirectory, lastUse: UInt64)] = [:]
        var clock: UInt64 = 0

        mutating func find(_ path: BytePath) -> OpenDirectory? {
            guard let directory = directories[path]?.directory else { return nil }
            clock += 1
            directories[path]?.lastUse = clock
            return directory
        }

        mutating func keep(_ directory: OpenDirectory, _ path: BytePath) {
            if directories.count >= BeneathRoot.parentLimit,
                let oldest = directories.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
            {
                directories[oldest] = nil
            }
            clock += 1
            directories[path] = (directory, clock)
        }
    }

    /// Opens the directory `path`, following links on the way to it.
    package convenience init(_ path: BytePath) throws(SystemError) { try self.init(path, usingOpenat2: true) }

    /// `usingOpenat2` false walks name by name, as on old kernels.
    package init(_ path: BytePath, usingOpenat2: Bool) throws(SystemError) {
        let raw = try retrying("open", path) { unsafe path.withCString { unsafe lb_open($0, lb_o_path | O_DIRECTORY | O_CLOEXEC, 0) } }
        self.path = path
        root = OpenDirectory(Descriptor(raw: raw, path: path))
        hasOpenat2 = usingOpenat2 && BeneathRoot.probe(raw)
    }

    /// The directory that is open already, wherever its name leads by now.
    package init(_ directory: borrowing Descriptor) throws(SystemError) {
        let parent = directory.raw
        let raw = try retrying("open", directory.path) { unsafe lb_openat(parent, ".", lb_o_path | O_DIRECTORY | O_CLOEXEC, 0) }
        path = directory.path
        root = OpenDirectory(Descriptor(raw: raw, path: path))
        hasOpenat2 = BeneathRoot.probe(raw)
    }

    /// Old kernels say ENOSYS, old container sandboxes EPERM.
    private static func probe(_ root: Int32) -> Bool {
        let raw = unsafe lb_openat_beneath(root, ".", lb_o_path | O_DIRECTORY | O_CLOEXEC, 0)
        if raw >= 0 { _ = Glibc.close(raw) }
        return raw >= 0
    }

    // MARK: Finding directories

    /// Whether `name` can stand for an entry of a directory and for nothing else.
    package static func isEntryName(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name != [0x2e] && name != [0x2e, 0x2e] && !name.contains(0) && !name.contains(BytePath.slash)
    }

    /// Where an entry lives: its parent, opened, and its name.
    struct Place {
        let parent: OpenDirectory
        let name: [UInt8]
        /// The whole path, for messages.
        let path: BytePath
    }

    /// The place of `relative` ("a/b"; a leading slash is allowed). The parent must exist.
    func place(_ relative: BytePath) throws(SystemError) -> Place {
        var names = try checkedNames(relative)
        guard let name = names.popLast() else { throw refusal(relative, "it names the target directory itself") }
        return Place(parent: try directory(names), name: name, path: message(relative))
    }

    private func checkedNames(_ relative: BytePath) throws(SystemError) -> [[UInt8]] {
        let names = relative.components
        for name in names where !BeneathRoot.isEntryName(name) { throw refusal(relative, "it would leave the target directory") }
        return names
    }

    private func refusal(_ relative: BytePath, _ reason: String) -> SystemError {
        SystemError(operation: "use the path", path: relative, kind: .invalid, reason: reason)
    }

    func message(_ relative: BytePath) -> BytePath { BytePath(path.bytes + [BytePath.slash] + relative.bytes).cleaned }

    private func directory(_ names: [[UInt8]]) throws(SystemError) -> OpenDirectory {
        if names.isEmpty { return root }
        let key = BytePath(names: names, absolute: false)
        if let known = parents.withLock({ $0.find(key) }) { return known }
        let opened = OpenDirectory(try open(names, key))
        parents.withLock { $0.keep(opened, key) }
        return opened
    }

    private func open(_ names: [[UInt8]], _ key: BytePath) throws(SystemError) -> Descriptor {
        let flags = lb_o_path | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, whole = message(key)
        if hasOpenat2 {
            let raw = try retrying("open", whole) { unsafe key.withCString { unsafe lb_openat_beneath(root.raw, $0, flags, 0) } }
            return Descriptor(raw: raw, path: whole)
        }
        var current = root
        for name in names {
            let raw = try retrying("open", whole) { unsafe name.withCString { unsafe lb_openat(current.raw, $0, flags, 0) } }
            current = OpenDirectory(Descriptor(raw: raw, path: whole))
        }
        // O_PATH descriptors are cheap to duplicate, and the caller wants one of its own.
        let raw = try retrying("open", whole) { lb_fcntl_int(current.raw, F_DUPFD_CLOEXEC, 0) }
        return Descriptor(raw: raw, path: whole)
    }

    /// Forgets kept parents: a directory was removed or replaced.
    func forgetParents() { parents.withLock { $0.directories.removeAll() } }

    // MARK: Opening and looking

    /// Opens a file; the mode never follows a link at the end.
    package func open(_ relative: BytePath, _ mode: Descriptor.Mode, permissions: UInt32 = 0o600) throws(SystemError) -> Descriptor {
        let place = try place(relative)
        if mode.leavesAccessTime { return try place.parent.descriptor.open(place.name, mode) }
        let raw = try retrying("open", place.path) {
            unsafe place.name.withCString { unsafe lb_openat(place.parent.raw, $0, mode.flags | O_NOFOLLOW, permissions) }
        }
        return Descriptor(raw: raw, path: place.path)
    }

    /// lstat.
    package func status(of relative: BytePath) throws(SystemError) -> FileStatus {
        let place = try place(relative)
        return try FileStatus.read(place.parent.raw, place.name, place.path, AT_SYMLINK_NOFOLLOW)
    }

    /// lstat; nil if nothing is there, or if what should be a parent is no directory (a link is none).
    package func statusIfExists(of relative: BytePath) throws(SystemError) -> FileStatus? {
        do {
            return try status(of: relative)
        } catch {
            switch error.kind {
            case .notFound, .notDirectory, .symbolicLink: return nil
            default: throw error
            }
        }
    }

    /// Where a symbolic link points.
    package func linkTarget(of relative: BytePath) throws(SystemError) -> [UInt8] {
        let place = try place(relative)
        return try place.parent.descriptor.linkTarget(of: place.name)
    }

    /// The entries of a directory below the root (or of the root: an empty path), sorted bytewise.
    package func entries(of relative: BytePath) throws(SystemError) -> [DirectoryEntry] {
        if relative.components.isEmpty { return try Directory.entries(of: reopened(root, [0x2e])) }
        let place = try place(relative)
        return try Directory.entries(of: reopened(place.parent, place.name))
    }

    /// A readable descriptor of a directory: O_PATH ones cannot list.
    private func reopened(_ parent: OpenDirectory, _ name: [UInt8]) throws(SystemError) -> Descriptor {
        let raw = try retrying("open", parent.descriptor.path.appending(name)) {
            unsafe name.withCString { unsafe lb_openat(parent.raw, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0) }
        }
        return Descriptor(raw: raw, path: parent.descriptor.path.appending(name))
    }
}
