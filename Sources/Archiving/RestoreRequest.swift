// RestoreRequest: what to bring back and where; RestoreSummary: what became of it.

package import Bytes
package import FileTrees
package import RepositoryFormat

package struct RestoreRequest: Sendable {
    package enum Overwrite: String, Sendable, CaseIterable {
        /// Existing content is compared blob by blob and only what differs is written.
        case always
        /// Files of the same size and modification time are trusted to be right.
        case ifChanged = "if-changed"
        /// Only files older than the snapshot's are touched.
        case ifNewer = "if-newer"
        /// Existing files are left alone.
        case never
    }

    /// The root tree of the snapshot.
    package var tree: BlobID
    /// The directory inside the snapshot that becomes the target; "/" for all of it.
    package var subfolder: BytePath
    /// The directory restored into; created if missing.
    package var target: BytePath
    package var selection: Selection = .everything
    /// Only these paths below the subfolder ("/a/b"), with everything in them; nil for all. The target and directories on the way
    /// to them are made if they are missing and left as they are if not: neither their metadata nor what else is in them changes.
    package var onlyPaths: [BytePath]? = nil
    package var overwrite: Overwrite = .always
    /// Remove what the snapshot does not have, in restored directories.
    package var delete = false
    package var sparse = false
    package var ownershipByName = false
    /// Read every file back that was written, and compare it with the snapshot.
    package var verify = false

    package init(tree: BlobID, subfolder: BytePath = .root, target: BytePath) {
        self.tree = tree
        self.subfolder = subfolder
        self.target = target
    }
}

package struct RestoreProblem: Sendable {
    /// Below the target.
    package let path: BytePath
    package let failure: Failure
}

package struct RestoreSummary: Sendable {
    /// Restored items of every kind, directories included, as restic counts.
    package var itemsRestored: UInt64 = 0
    package var filesSkipped: UInt64 = 0
    package var itemsDeleted: UInt64 = 0
    package var totalItems: UInt64 = 0
    package var totalBytes: UInt64 = 0
    package var bytesRestored: UInt64 = 0
    package var bytesSkipped: UInt64 = 0
    /// Files read back and found equal.
    package var filesVerified: UInt64 = 0
    package var problems: [RestoreProblem] = []
    package var durationNanoseconds: Int64 = 0

    package init() {}

    /// What carrying out the plan would come to.
    package init(planned plan: RestorePlan) {
        totalItems = UInt64(plan.itemCount)
        totalBytes = plan.byteCount
        problems = plan.problems
    }
}
