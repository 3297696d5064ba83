// DiffSnapshots: the verb `diff`: what became of the files between two snapshots.

import Archiving
import Bytes
package import RepositoryEngine
import RepositoryFormat
package import Upkeep

package struct DiffSnapshots {
    package var access: RepositoryAccess
    /// Each `latest`, an id or a prefix of one, optionally followed by `:/directory`.
    package var before: String
    package var after: String
    /// What `latest` is the latest of.
    package var filter = SnapshotFilter()
    package var showsMetadata = false

    package init(access: RepositoryAccess, before: String, after: String) {
        self.access = access
        self.before = before
        self.after = after
    }

    package struct Outcome: Sendable {
        package let statistics: DiffStatistics
        /// Trees that could not be read, and so were not compared.
        package let unreadable: [String]
    }

    /// - Parameters:
    ///   - onSnapshots: the two, before the first change.
    ///   - onChange: in the order of a listing.
    package func run(
        onSnapshots: (CatalogedSnapshot, CatalogedSnapshot) -> Void, onChange: @escaping (DiffChange) throws -> Void
    ) throws -> Outcome {
        try access.withIndex(.shared, onlyReading: true) { indexed, snapshots in
            let old = try SnapshotCatalog.resolve(before, in: snapshots, filter: filter)
            let new = try SnapshotCatalog.resolve(after, in: snapshots, filter: filter)
            onSnapshots(old.snapshot, new.snapshot)
            let reader = BlobReader(indexed)
            let trees = try [old, new].map { try SnapshotPath.directory($0.path, of: $0.snapshot, reader: reader) }
            var unreadable: [String] = []
            let diff = SnapshotDiff(indexed, showsMetadata: showsMetadata, onChange: onChange) { unreadable.append($0) }
            return Outcome(statistics: try diff.run(trees[0], trees[1]), unreadable: unreadable)
        }
    }
}
