// SnapshotReplacement: a snapshot file that takes the place of another.
//
// The new file is durable before the old one is deleted: a crash in between leaves both, which say the same about the same data.
// Not promised: keys in a snapshot file that other programs added and this one does not know are not carried over, as with restic.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores

enum SnapshotReplacement {
    /// What became of one replacement.
    struct Result {
        let id: SnapshotID
        /// Why the old one is still there; nil if it is gone.
        let remains: String?
    }

    /// - Parameter repository: the one an exclusive lock guards.
    static func replace(_ old: SnapshotID, with snapshot: SnapshotFile, in repository: Repository) throws -> Result {
        let id = try SnapshotCatalog.save(snapshot, in: repository)
        // Names are hashes of sealed bytes, and every seal is new.
        precondition(id != old, "a new snapshot file has a name of its own")
        do {
            try SnapshotCatalog.delete(old, in: repository)
            return Result(id: id, remains: nil)
        } catch let error as StoreFailure {
            return Result(id: id, remains: error.message)
        }
    }
}
