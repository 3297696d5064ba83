// BackupFiles: the verb `backup files`: paths into a snapshot, without any configuration.

package import Archiving
import Bytes
import HostOS
import RepositoryEngine

package struct BackupFiles {
    /// How the parent snapshot is chosen.
    package enum ParentChoice: Sendable {
        case automatic
        case none
        /// An id, a prefix of one, or "latest".
        case named(String)
    }

    package var access: RepositoryAccess
    package var request: BackupRequest
    package var parent: ParentChoice = .automatic

    package init(access: RepositoryAccess, request: BackupRequest) {
        self.access = access
        self.request = request
    }

    package func run(progress: Progress = Progress(), cancellation: Cancellation = Cancellation()) throws -> BackupSummary {
        // A dry run writes nothing, so it takes no lock either.
        var access = access
        access.withoutLock = request.dryRun
        return try Cancelled.explained("no snapshot was made", next: "run it again: what is stored already need not be stored again") {
            try access.withIndexForAdding { indexed, snapshots in
                var request = request
                switch parent {
                case .automatic: break
                case .none: request.parent = .none
                case .named(let text): request.parent = .snapshot(try SnapshotCatalog.resolve(text, in: snapshots).snapshot)
                }
                let summary = try BackupRun(indexed, request, zone: Host.utcOffset, progress: progress, cancellation: cancellation).run(
                    snapshots: snapshots)
                if !request.dryRun { ParityUpkeep.follow(indexed.repository, access) }
                return summary
            }
        }
    }
}
