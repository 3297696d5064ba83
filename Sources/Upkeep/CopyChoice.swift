// CopyChoice: which snapshots of one repository are missing in another.
//
// A copy remembers the first id of what it is a copy of (`original`), so that it is recognised whatever its own id is. It counts as a copy
// only while it says the same: a snapshot whose tags or host were changed since is copied again, as restic does.

package import RepositoryEngine
package import RepositoryFormat

package struct CopyChoice: Sendable {
    /// In the order given.
    package private(set) var missing: [CatalogedSnapshot] = []
    package private(set) var present: [(source: CatalogedSnapshot, destination: SnapshotID)] = []

    package init(of source: [CatalogedSnapshot], missingIn destination: [CatalogedSnapshot]) {
        var copies: [SnapshotID: [CatalogedSnapshot]] = [:]
        for entry in destination {
            copies[entry.id, default: []].append(entry)
            if let original = entry.snapshot.original { copies[original, default: []].append(entry) }
        }
        for entry in source {
            let candidates = copies[entry.snapshot.original ?? entry.id] ?? []
            if let copy = candidates.first(where: { CopyChoice.say(entry.snapshot, theSameAs: $0.snapshot) }) {
                present.append((entry, copy.id))
            } else {
                missing.append(entry)
            }
        }
    }

    /// Whether all but parent, original, summary and program are the same; tags and paths in any order.
    static func say(_ a: SnapshotFile, theSameAs b: SnapshotFile) -> Bool {
        a.time == b.time && a.tree == b.tree && a.hostName == b.hostName && a.userName == b.userName && a.userID == b.userID
            && a.groupID == b.groupID && a.excludes == b.excludes && a.tags.sorted() == b.tags.sorted() && a.paths.sorted() == b.paths.sorted()
    }

    /// The snapshot file of a copy. A parent means nothing in another repository.
    package static func copy(of entry: CatalogedSnapshot) -> SnapshotFile {
        var snapshot = entry.snapshot
        snapshot.parent = nil
        snapshot.original = snapshot.original ?? entry.id
        return snapshot
    }
}
