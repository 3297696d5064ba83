// BackupRequest: what to save and how; BackupSummary: what became of it.

package import Bytes
package import FileTrees
package import RepositoryEngine
package import RepositoryFormat

/// What the snapshot that becomes the parent must have in common with the new one.
package struct ParentLikeness: Sendable, Equatable {
    package var host: Bool
    /// All of the new one's paths.
    package var paths: Bool
    /// All of the new one's tags.
    package var tags: Bool

    package init(host: Bool = true, paths: Bool = true, tags: Bool = false) {
        self.host = host
        self.paths = paths
        self.tags = tags
    }
}

package struct BackupRequest: Sendable {
    package enum Parent: Sendable {
        /// The newest snapshot that is alike: see `parentLikeness`.
        case automatic
        /// Read everything.
        case none
        case snapshot(CatalogedSnapshot)
    }

    package var targets: [BytePath]
    package var workingDirectory: BytePath
    package var exclusions: Exclusions = .none
    /// Absolute paths that are never opened: live databases and their companions.
    package var skipping: Set<BytePath> = []
    /// The patterns as the user gave them, for the snapshot's record.
    package var excludePatterns: [String] = []
    package var tags: [String] = []
    package var hostName: String
    package var userName: String
    package var userID: UInt32 = 0
    package var groupID: UInt32 = 0
    package var time: Timestamp
    package var parent: Parent = .automatic
    package var parentLikeness = ParentLikeness()
    package var ignoreChangeTime = false
    package var ignoreInode = false
    package var withAccessTime = false
    package var skipIfUnchanged = false
    package var dryRun = false
    package var writer = WriterOptions()
    /// How many threads read, at least two; nil for one for each processor.
    package var threadCount: Int?
    package var programVersion: String

    package init(
        targets: [BytePath], workingDirectory: BytePath, hostName: String, userName: String, time: Timestamp, programVersion: String
    ) {
        self.targets = targets
        self.workingDirectory = workingDirectory
        self.hostName = hostName
        self.userName = userName
        self.time = time
        self.programVersion = programVersion
    }

    /// The targets as the snapshot records them: absolute and cleaned, in the order given.
    package var snapshotPaths: [BytePath] { targets.map { BytePath.resolve($0, in: workingDirectory) } }

    /// Which snapshots can be the parent.
    var parentFilter: SnapshotFilter {
        SnapshotFilter(
            hosts: parentLikeness.host ? [hostName] : [], tagLists: parentLikeness.tags && !tags.isEmpty ? [tags] : [],
            paths: parentLikeness.paths ? snapshotPaths : [])
    }
}

extension BackupRequest {
    /// The snapshot to save once everything it refers to is durable.
    func snapshot(_ tree: BlobID, _ parent: CatalogedSnapshot?, _ figures: SnapshotSummary) -> SnapshotFile {
        SnapshotFile(
            time: time, tree: tree, paths: snapshotPaths, hostName: hostName, userName: userName, userID: userID, groupID: groupID,
            excludes: excludePatterns, tags: tags, parent: parent?.id, programVersion: programVersion, summary: figures)
    }
}

extension SnapshotSummary {
    mutating func add(_ statistics: WriterStatistics) {
        dataBlobs += statistics.dataBlobs
        treeBlobs += statistics.treeBlobs
        dataAdded += statistics.dataAdded
        dataAddedPacked += statistics.dataAddedPacked
    }
}

package struct BackupSummary: Sendable {
    /// Nil for a dry run, or when nothing changed and that was to be skipped.
    package var snapshotID: SnapshotID?
    package var parent: SnapshotID?
    package var tree: BlobID
    package var figures: SnapshotSummary
    /// Items that could not be read and are missing from the snapshot.
    package var problems: [ScanProblem]
    package var durationNanoseconds: Int64

    /// Whether everything asked for is in the snapshot.
    package var isComplete: Bool { !problems.contains { $0.effect == .itemLeftOut } }
}
