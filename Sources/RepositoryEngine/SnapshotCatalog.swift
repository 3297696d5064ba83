// SnapshotCatalog: the snapshots of a repository: list, select, find by id or "latest", choose a parent, save, delete.

package import Bytes
import HostOS
package import RepositoryFormat
import Stores
import Synchronization

package struct CatalogedSnapshot: Sendable {
    package let id: SnapshotID
    package let snapshot: SnapshotFile

    package init(id: SnapshotID, snapshot: SnapshotFile) {
        self.id = id
        self.snapshot = snapshot
    }
}

/// Which snapshots are meant. Empty means all.
package struct SnapshotFilter: Sendable {
    /// Any of these hosts.
    package var hosts: [String]
    /// Alternatives; of one list all tags must be there; an empty list means "without tags".
    package var tagLists: [[String]]
    /// All of these, compared exactly.
    package var paths: [BytePath]

    package init(hosts: [String] = [], tagLists: [[String]] = [], paths: [BytePath] = []) {
        self.hosts = hosts
        self.tagLists = tagLists
        self.paths = paths
    }

    package var isEmpty: Bool { hosts.isEmpty && tagLists.isEmpty && paths.isEmpty }

    package func matches(_ snapshot: SnapshotFile) -> Bool {
        (hosts.isEmpty || hosts.contains { Array($0.utf8) == Array(snapshot.hostName.utf8) })
            && (tagLists.isEmpty || tagLists.contains { SnapshotFilter.hasTags(snapshot, $0) })
            && paths.allSatisfy(snapshot.paths.contains)
    }

    package static func hasTags(_ snapshot: SnapshotFile, _ tags: [String]) -> Bool {
        if tags.isEmpty || tags == [""] { return snapshot.tags.isEmpty }
        return tags.allSatisfy(snapshot.tags.contains)
    }
}

package enum SnapshotCatalog {
    /// Every snapshot, oldest first. One that cannot be loaded is an error; `onDamaged` may take it instead.
    package static func load(
        _ repository: Repository, onDamaged: ((SnapshotID, any Error) throws -> Void)? = nil
    ) throws -> [CatalogedSnapshot] {
        var snapshots: [CatalogedSnapshot] = []
        for entry in try repository.store.list(.snapshot) {
            let id = SnapshotID(entry.name)
            do {
                snapshots.append(CatalogedSnapshot(id: id, snapshot: try load(id, repository)))
            } catch let error as StoreFailure where error.kind == .missing {
                // Forgotten by another process since the listing.
                continue
            } catch {
                guard let onDamaged else { throw error }
                try onDamaged(id, error)
            }
        }
        return snapshots.sorted { ($0.snapshot.time, $0.id) < ($1.snapshot.time, $1.id) }
    }

    package static func load(_ id: SnapshotID, _ repository: Repository) throws -> SnapshotFile {
        let json = try repository.loadFile(StoreKey(.snapshot, id.digest))
        do {
            return try SnapshotFile(parsing: json)
        } catch let error where error.kind == .unsupported {
            throw FormatError(.unsupported, "snapshot \(id.short)", error.detail)
        } catch {
            throw RepositoryFailure.damaged(object: "snapshot \(id.short)", detail: Failure(describing: error).message)
        }
    }

    /// Stores a snapshot. Everything it refers to must be durable and indexed before.
    package static func save(_ snapshot: SnapshotFile, in repository: Repository) throws -> SnapshotID {
        SnapshotID(try repository.saveFile(.snapshot, json: snapshot.json))
    }

    package static func delete(_ id: SnapshotID, in repository: Repository) throws {
        try repository.store.delete(StoreKey(.snapshot, id.digest))
    }

    /// A snapshot and, after a colon, a directory or file inside: `latest`, `4f2a91c0`, `4f2a91c0:/etc`.
    package struct Reference: Sendable {
        package let snapshot: CatalogedSnapshot
        /// Cleaned, absolute, "/" if none was given.
        package let path: BytePath
    }

    /// Finds what a person wrote. Filters apply to `latest` only.
    package static func resolve(_ text: String, in snapshots: [CatalogedSnapshot], filter: SnapshotFilter = SnapshotFilter()) throws -> Reference {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts.first ?? "")
        let path = parts.count > 1 ? BytePath("/" + parts[1]).cleaned : BytePath.root
        if name == "latest" {
            guard let newest = snapshots.last(where: { filter.matches($0.snapshot) }) else { throw RepositoryFailure.noSuchSnapshot(name) }
            return Reference(snapshot: newest, path: path)
        }
        guard !name.isEmpty else { throw RepositoryFailure.noSuchSnapshot(text) }
        let matches = snapshots.filter { $0.id.hex.hasPrefix(name) }
        guard let match = matches.first else { throw RepositoryFailure.noSuchSnapshot(name) }
        guard matches.count == 1 else { throw RepositoryFailure.ambiguousSnapshot(name, matches.map(\.id)) }
        return Reference(snapshot: match, path: path)
    }

    /// The newest snapshot that the filter matches and that is not newer than `time`.
    package static func newest(
        in snapshots: [CatalogedSnapshot], matching filter: SnapshotFilter, notAfter time: Timestamp
    ) -> CatalogedSnapshot? {
        snapshots.last { $0.snapshot.time <= time && filter.matches($0.snapshot) }
    }
}
