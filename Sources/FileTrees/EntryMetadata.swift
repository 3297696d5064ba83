// EntryMetadata: everything a snapshot says about an entry except its content, read from a scanned one.

package import HostOS

package struct EntryMetadata: Sendable, Hashable {
    package let kind: FileKind
    /// Permissions and set-id/sticky bits, POSIX (07777).
    package let mode: UInt32
    package let modificationTime: FileTime
    package let accessTime: FileTime
    package let changeTime: FileTime
    package let userID: UInt32
    package let groupID: UInt32
    /// Empty if the machine knows no name.
    package let userName: String
    package let groupName: String
    package let inode: UInt64
    package let device: UInt64
    package let size: UInt64
    package let linkCount: UInt64
    /// Empty for anything but a symbolic link.
    package let linkTarget: [UInt8]
    /// st_rdev; 0 for anything but a device.
    package let specialDevice: UInt64
    package let extendedAttributes: [ExtendedAttribute]

    /// - Parameter now: a fresher status, from opening the file, to use instead of the scan's.
    package init(
        _ entry: ScannedEntry, status now: FileStatus? = nil, attributes: [ExtendedAttribute], accounts: AccountNames
    ) {
        let status = now ?? entry.status
        kind = status.kind
        mode = status.mode
        modificationTime = status.modificationTime
        accessTime = status.accessTime
        changeTime = status.changeTime
        userID = status.userID
        groupID = status.groupID
        userName = accounts.user(status.userID)
        groupName = accounts.group(status.groupID)
        inode = status.inode
        device = status.device
        size = status.kind == .regular ? status.size : 0
        linkCount = status.linkCount
        linkTarget = entry.linkTarget ?? []
        specialDevice = status.kind == .blockDevice || status.kind == .characterDevice ? status.specialDevice : 0
        extendedAttributes = attributes
    }
}
