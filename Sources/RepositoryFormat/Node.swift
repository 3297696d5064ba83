// Node: one entry of a directory as a tree blob keeps it: name, metadata, and where its content is.

package import Bytes

package struct Node: Equatable, Sendable {
    /// The words of the `type` key.
    package enum Kind: Int, Sendable, CaseIterable {
        case file, directory, symbolicLink, blockDevice, characterDevice, namedPipe, socket, irregular
        /// A word this program does not know. Read, never written.
        case unknown

        /// The word of the format; empty for `unknown`.
        package var word: String { self == .unknown ? "" : Kind.words[rawValue] }

        static let words = ["file", "dir", "symlink", "dev", "chardev", "fifo", "socket", "irregular"]
    }

    package struct ExtendedAttribute: Equatable, Sendable {
        package var name: [UInt8]
        package var value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// The raw name, as the file system had it.
    package var name: [UInt8]
    package var kind: Kind
    package var mode = GoFileMode(rawValue: 0)
    package var modificationTime = Timestamp.zero
    package var accessTime = Timestamp.zero
    package var changeTime = Timestamp.zero
    package var userID: UInt32 = 0
    package var groupID: UInt32 = 0
    /// Names looked up on the source machine, "" if unknown there.
    package var userName = ""
    package var groupName = ""
    package var inode: UInt64 = 0
    /// The file system's device number; with `inode` and `linkCount` > 1 it identifies hard links.
    package var deviceID: UInt64 = 0
    /// Regular files: the number of bytes read.
    package var size: UInt64 = 0
    package var linkCount: UInt64 = 0
    /// The raw target of a symbolic link.
    package var linkTarget: [UInt8] = []
    /// In the order the operating system listed them.
    package var extendedAttributes: [ExtendedAttribute] = []
    /// Windows only: the JSON object as it was read, kept for rewriting.
    package var genericAttributes: [UInt8] = []
    /// Device number of a device node.
    package var device: UInt64 = 0
    /// A file's data blobs in order, empty for an empty file; nil for everything else.
    package var content: [BlobID]? = nil
    /// A directory's tree.
    package var subtree: BlobID? = nil
    /// Legacy.
    package var error = ""

    package init(name: [UInt8], kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// Whether the name can be one component of a path: not empty, `.` or `..`, and without `/` and NUL. Anything else comes from an
    /// attacker or from damage, and must never reach a file system.
    package var hasSafeName: Bool { Node.isSafeName(name) }

    package static func isSafeName(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name != [0x2e] && name != [0x2e, 0x2e] && !name.contains(BytePath.slash) && !name.contains(0)
    }

    /// For people, safe to print.
    package var displayName: String { BytePath.display(name) }
}

extension Node.Kind {
    /// From `st_mode` of Linux.
    package init(posix mode: UInt32) {
        switch mode & 0o170000 {
        case 0o100000: self = .file
        case 0o040000: self = .directory
        case 0o120000: self = .symbolicLink
        case 0o060000: self = .blockDevice
        case 0o020000: self = .characterDevice
        case 0o010000: self = .namedPipe
        case 0o140000: self = .socket
        default: self = .irregular
        }
    }
}
