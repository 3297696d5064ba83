// Which snapshots make up a recovery point.

import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Testing

@Suite struct `The snapshots of an application` {
    private func snapshot(_ number: UInt8, _ tags: String..., path: BytePath = "/srv/app/db.sqlite") -> CatalogedSnapshot {
        let file = SnapshotFile(
            time: Timestamp(seconds: 1000 + Int64(number)), tree: BlobID(.zero), paths: [path], tags: ["lifeboat", "app=school"] + tags)
        return CatalogedSnapshot(id: SnapshotID(Digest(Array(repeating: number, count: 32)) ?? .zero), snapshot: file)
    }

    private func numbers(_ snapshots: [CatalogedSnapshot]) -> [Int64] { snapshots.map { $0.snapshot.time.seconds - 1000 } }

    @Test func `are only those that carry its name`() {
        let other = CatalogedSnapshot(
            id: SnapshotID(.zero),
            snapshot: SnapshotFile(time: .zero, tree: BlobID(.zero), paths: ["/x"], tags: ["lifeboat", "app=school-2", "source=files"]))
        let stranger = CatalogedSnapshot(
            id: SnapshotID(.zero),
            snapshot: SnapshotFile(time: .zero, tree: BlobID(.zero), paths: ["/x"], tags: ["app=school", "source=files"]))
        let catalog = AppCatalog([other, stranger, snapshot(1, "source=files")], application: "school")
        #expect(numbers(catalog.all) == [1])
    }

    @Test func `a recovery point is the newest state at or before an instant`() {
        let catalog = AppCatalog([1, 2, 3].map { snapshot($0, "source=files") }, application: "school")
        #expect(catalog.newest(.files)?.snapshot.time.seconds == 1003)
        #expect(catalog.newest(.files, notAfter: Timestamp(seconds: 1002))?.snapshot.time.seconds == 1002)
        #expect(catalog.newest(.files, notAfter: Timestamp(seconds: 1002, nanoseconds: 5))?.snapshot.time.seconds == 1002)
        #expect(catalog.newest(.files, notAfter: Timestamp(seconds: 999)) == nil)
        #expect(catalog.newest(.config) == nil)
    }

    @Test func `safety backups and damaged captures are never chosen`() {
        let catalog = AppCatalog(
            [
                snapshot(1, "source=database", "run=a"), snapshot(2, "source=database", "run=b", "damaged"),
                snapshot(3, "safety", "replaced=database", "run=c"),
                snapshot(4, "safety", "source=database", "run=d"),
            ], application: "school")
        #expect(numbers(catalog.newestDatabases(known: [])) == [1])
        #expect(catalog.all.map(\.snapshot.heldSource) == [.database, .database, .database, .database])
        #expect(catalog.all.map(\.snapshot.isSafetyBackup) == [false, false, true, true])
    }

    @Test func `all databases of the newest run belong together, and a known one that it lacks is taken from before`() {
        let a: BytePath = "/srv/app/a.sqlite", b: BytePath = "/srv/app/b.sqlite", old: BytePath = "/srv/app/old.sqlite"
        let catalog = AppCatalog(
            [
                snapshot(1, "source=database", "run=1", path: old), snapshot(2, "source=database", "run=1", path: a),
                snapshot(3, "source=database", "run=1", path: b),
                snapshot(4, "source=database", "run=2", path: a),
            ], application: "school")
        #expect(numbers(catalog.newestDatabases(known: [a, b])) == [4, 3])
        // Nobody knows `old` any more: it is not brought back from the dead.
        #expect(numbers(catalog.newestDatabases(known: [a])) == [4])
        // After a disaster nothing is known: the newest run decides.
        #expect(numbers(catalog.newestDatabases(known: [])) == [4])
    }
}
