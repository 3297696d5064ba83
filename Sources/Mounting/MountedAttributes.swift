// MountedAttributes: what stat is to say of a file of a snapshot, or of a folder that the mount itself makes.

package import Bytes
import RepositoryFormat

package struct MountedAttributes: Equatable, Sendable {
    package var inode: UInt64
    /// With the bits of the type.
    package var mode: UInt32
    package var linkCount: UInt32 = 1
    package var userID: UInt32 = 0
    package var groupID: UInt32 = 0
    package var size: UInt64 = 0
    package var device: UInt64 = 0
    package var accessed = Timestamp.zero
    package var modified = Timestamp.zero
    package var changed = Timestamp.zero

    package init(inode: UInt64, mode: UInt32) {
        self.inode = inode
        self.mode = mode
    }
}

extension MountedAttributes {
    /// The kernel refuses larger ones.
    static let maximumSize = UInt64(Int64.max)

    /// - Parameters:
    ///   - snapshot: where hard links belong together: the same numbers in two snapshots need not be the same file.
    ///   - path: in the mount.
    init(of node: Node, in snapshot: SnapshotID, at path: BytePath) {
        let isLinked = node.linkCount > 1 && node.kind != .directory
        self.init(
            inode: isLinked ? InodeNumber.ofLinked(node, in: snapshot) : InodeNumber.of(path),
            mode: node.kind.posixTypeBits | node.mode.posixPermissions)
        // 1 for a directory means that nobody counted: to count, each would have to be read.
        linkCount = isLinked ? UInt32(clamping: node.linkCount) : 1
        userID = node.userID
        groupID = node.groupID
        switch node.kind {
        case .file: size = min(node.size, MountedAttributes.maximumSize)
        case .symbolicLink: size = UInt64(node.linkTarget.count)
        case .blockDevice, .characterDevice: device = node.device
        default: break
        }
        accessed = node.accessTime
        modified = node.modificationTime
        changed = node.changeTime
    }

    /// A folder that only the mount knows.
    init(folderAt path: BytePath, time: Timestamp) {
        self.init(inode: InodeNumber.of(path), mode: 0o040555)
        setTimes(time)
    }

    init(linkAt path: BytePath, target: [UInt8], time: Timestamp) {
        self.init(inode: InodeNumber.of(path), mode: 0o120777)
        size = UInt64(target.count)
        setTimes(time)
    }

    private mutating func setTimes(_ time: Timestamp) {
        accessed = time
        modified = time
        changed = time
    }
}

/// Numbers by which programs recognise a file: FNV-1a over what makes it that file.
private enum InodeNumber {
    static func of(_ path: BytePath) -> UInt64 { finished(hashed(path.bytes)) }

    static func ofLinked(_ node: Node, in snapshot: SnapshotID) -> UInt64 {
        var hash = hashed(Array(snapshot.hex.utf8))
        for number in [node.deviceID, node.inode] {
            for shift in stride(from: 0, to: 64, by: 8) { hash = (hash ^ (number >> UInt64(shift) & 0xff)) &* 0x100_0000_01b3 }
        }
        return finished(hash)
    }

    private static func hashed(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }

    /// 0 means none, and 1 is the root of the mount.
    private static func finished(_ hash: UInt64) -> UInt64 { hash < 2 ? hash + 2 : hash }
}

extension Node.Kind {
    /// The bits of the type in `st_mode`; 0 for what no file system can show.
    var posixTypeBits: UInt32 {
        switch self {
        case .file: 0o100000
        case .directory: 0o040000
        case .symbolicLink: 0o120000
        case .blockDevice: 0o060000
        case .characterDevice: 0o020000
        case .namedPipe: 0o010000
        case .socket: 0o140000
        case .irregular, .unknown: 0
        }
    }
}
