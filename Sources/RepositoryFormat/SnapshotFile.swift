// SnapshotFile: one backup: when, of what, by whom, and the root of its trees. JSON inside an encoded file.
//
// Keys in restic's order, empty ones omitted, no newline. Keys other programs add are passed over, and would be lost on rewriting.

package import Bytes

package struct SnapshotFile: Equatable, Sendable {
    package var time: Timestamp
    package var parent: SnapshotID?
    package var tree: BlobID
    /// Absolute paths of the targets, in the order they were given.
    package var paths: [BytePath]
    package var hostName: String
    package var userName: String
    package var userID: UInt32
    package var groupID: UInt32
    package var excludes: [String]
    package var tags: [String]
    /// The first known id of a snapshot that was changed since.
    package var original: SnapshotID?
    package var programVersion: String
    package var summary: SnapshotSummary?

    /// The largest snapshot JSON that is read.
    package static let maximumByteCount = 64 << 20

    package init(
        time: Timestamp, tree: BlobID, paths: [BytePath], hostName: String = "", userName: String = "", userID: UInt32 = 0,
        groupID: UInt32 = 0, excludes: [String] = [], tags: [String] = [], parent: SnapshotID? = nil, original: SnapshotID? = nil,
        programVersion: String = "", summary: SnapshotSummary? = nil
    ) {
        self.time = time
        self.parent = parent
        self.tree = tree
        self.paths = paths
        self.hostName = hostName
        self.userName = userName
        self.userID = userID
        self.groupID = groupID
        self.excludes = excludes
        self.tags = tags
        self.original = original
        self.programVersion = programVersion
        self.summary = summary
    }
}

/// What a backup did, as counted by it. All counters are written even if zero.
package struct SnapshotSummary: Equatable, Sendable {
    package var backupStart = Timestamp.zero
    package var backupEnd = Timestamp.zero
    package var filesNew: UInt64 = 0
    package var filesChanged: UInt64 = 0
    package var filesUnmodified: UInt64 = 0
    package var directoriesNew: UInt64 = 0
    package var directoriesChanged: UInt64 = 0
    package var directoriesUnmodified: UInt64 = 0
    /// Newly stored blobs.
    package var dataBlobs: UInt64 = 0
    package var treeBlobs: UInt64 = 0
    /// Plain bytes of the newly stored blobs, and the bytes they took in packs.
    package var dataAdded: UInt64 = 0
    package var dataAddedPacked: UInt64 = 0
    package var totalFilesProcessed: UInt64 = 0
    package var totalBytesProcessed: UInt64 = 0

    package init() {}

    /// The counters with their keys, in the order of the format.
    static let counters: [(key: String, field: any WritableKeyPath<SnapshotSummary, UInt64> & Sendable)] = [
        ("files_new", \.filesNew), ("files_changed", \.filesChanged), ("files_unmodified", \.filesUnmodified),
        ("dirs_new", \.directoriesNew), ("dirs_changed", \.directoriesChanged), ("dirs_unmodified", \.directoriesUnmodified),
        ("data_blobs", \.dataBlobs), ("tree_blobs", \.treeBlobs), ("data_added", \.dataAdded),
        ("data_added_packed", \.dataAddedPacked), ("total_files_processed", \.totalFilesProcessed),
        ("total_bytes_processed", \.totalBytesProcessed),
    ]
}

extension SnapshotFile {
    /// Appends the tags that are missing, in order.
    package mutating func add(tags newTags: [String]) {
        for tag in newTags where !tags.contains(tag) { tags.append(tag) }
    }

    /// Removes tags; each freed place is taken by the last tag, as restic does.
    package mutating func remove(tags unwanted: [String]) {
        for tag in unwanted {
            guard let place = tags.firstIndex(of: tag) else { continue }
            tags.swapAt(place, tags.count - 1)
            tags.removeLast()
        }
    }

    /// Replaces all tags; a single empty text clears them.
    package mutating func set(tags newTags: [String]) {
        tags = newTags == [""] ? [] : newTags
    }
}
