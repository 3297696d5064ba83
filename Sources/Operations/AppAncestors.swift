// AppAncestors: the directories above a restored path, made again where the disaster took them, as the snapshot knew them.

import Bytes
import HostOS

enum AppAncestors {
    struct Metadata {
        let mode: UInt32
        let userID: UInt32
        let groupID: UInt32
    }

    /// Makes `directory` and what is missing above it; what exists is not touched.
    /// - Parameter metadata: what a made directory was; nil gives 0755 and our own user.
    static func make(_ directory: BytePath, metadata: (BytePath) -> Metadata?) throws {
        if (try? FileStatus.following(directory))?.kind == .directory { return }
        if directory.parent != directory { try make(directory.parent, metadata: metadata) }
        guard try Directory.create(directory) else { return }
        let known = metadata(directory)
        let opened = try Descriptor.open(directory, .directory)
        if let known, Host.isRoot { try opened.setOwner(user: known.userID, group: known.groupID) }
        try opened.setMode(known?.mode ?? 0o755)
    }
}
