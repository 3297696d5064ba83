// NodeMaking: from what the file system says to what a tree says.

package import Bytes
import FileTrees
package import HostOS
import RepositoryFormat

extension Node.Kind {
    init(_ kind: FileKind) {
        switch kind {
        case .regular: self = .file
        case .directory: self = .directory
        case .symbolicLink: self = .symbolicLink
        case .blockDevice: self = .blockDevice
        case .characterDevice: self = .characterDevice
        case .fifo: self = .namedPipe
        case .socket: self = .socket
        case .unknown: self = .irregular
        }
    }
}

extension FileKind {
    /// The type bits of st_mode.
    var posixTypeBits: UInt32 {
        switch self {
        case .regular: 0o100000
        case .directory: 0o040000
        case .symbolicLink: 0o120000
        case .blockDevice: 0o060000
        case .characterDevice: 0o020000
        case .fifo: 0o010000
        case .socket: 0o140000
        case .unknown: 0
        }
    }
}

/// Makes nodes in the time zone of this process, as the format wants them. Safe to share between threads.
package struct NodeMaker: Sendable {
    let accounts: AccountNames
    let zone: TimeZoneRules
    let withAccessTime: Bool

    package init(accounts: AccountNames = AccountNames(), zone: @escaping TimeZoneRules, withAccessTime: Bool = false) {
        self.accounts = accounts
        self.zone = zone
        self.withAccessTime = withAccessTime
    }

    /// A node without content or subtree.
    func node(_ entry: ScannedEntry, status: FileStatus? = nil, attributes: [ExtendedAttribute]) -> Node {
        node(EntryMetadata(entry, status: status, attributes: attributes, accounts: accounts), name: entry.name)
    }

    private func node(_ data: EntryMetadata, name: [UInt8]) -> Node {
        var node = Node(name: name, kind: Node.Kind(data.kind))
        node.mode = GoFileMode(posix: data.kind.posixTypeBits | data.mode)
        node.modificationTime = timestamp(data.modificationTime)
        node.accessTime = withAccessTime ? timestamp(data.accessTime) : node.modificationTime
        node.changeTime = timestamp(data.changeTime)
        node.userID = data.userID
        node.groupID = data.groupID
        node.userName = data.userName
        node.groupName = data.groupName
        node.inode = data.inode
        node.deviceID = data.device
        if data.kind != .directory && data.kind != .fifo { node.linkCount = data.linkCount }
        node.linkTarget = data.linkTarget
        node.device = data.specialDevice
        node.extendedAttributes = data.extendedAttributes.map { Node.ExtendedAttribute(name: $0.name, value: $0.value) }
        return node
    }

    func timestamp(_ time: FileTime) -> Timestamp { Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds, in: zone) }
}
