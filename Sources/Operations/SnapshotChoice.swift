// SnapshotChoice: which whole snapshots a verb works on: those named, each once, or all that a filter matches.

import Bytes
package import RepositoryEngine
import RepositoryFormat

package struct SnapshotChoice: Sendable {
    /// Ids, prefixes of them, or "latest"; empty: all that the filter matches.
    package var names: [String]
    package var filter: SnapshotFilter

    package init(names: [String] = [], filter: SnapshotFilter = SnapshotFilter()) {
        self.names = names
        self.filter = filter
    }

    /// Oldest first.
    /// - Throws: if a name fits no snapshot or several, or names a part of one.
    package func chosen(from snapshots: [CatalogedSnapshot]) throws -> [CatalogedSnapshot] {
        if let name = names.first(where: { $0.contains(":") }) {
            throw Failure(.usage, "'\(name)' is a part of a snapshot, and this works on whole ones", hint: "leave out what follows the colon")
        }
        let chosen = Set(try SnapshotCatalog.select(names, in: snapshots, filter: filter).map(\.id))
        return snapshots.filter { chosen.contains($0.id) }
    }
}
