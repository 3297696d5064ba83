// ListSnapshots: the verb `snapshots`: what a repository holds, oldest first.

package import Bytes
package import RepositoryEngine
import RepositoryFormat

package struct ListSnapshots {
    package var access: RepositoryAccess
    /// Ids, prefixes of them, or "latest"; empty: all that the filter matches.
    package var names: [String]
    package var filter: SnapshotFilter

    package init(access: RepositoryAccess, names: [String], filter: SnapshotFilter) {
        self.access = access
        self.names = names
        self.filter = filter
    }

    package struct Listing: Sendable {
        package let snapshots: [CatalogedSnapshot]
        /// Snapshots that cannot be read, and why.
        package let damage: [Failure]
    }

    package func run() throws -> Listing {
        try access.with(.shared, onlyReading: true) { repository in
            var damage: [Failure] = []
            let all = try SnapshotCatalog.load(repository) { _, error in damage.append(try RepositoryAccess.damage(error)) }
            return Listing(snapshots: try SnapshotCatalog.select(names, in: all, filter: filter), damage: damage)
        }
    }
}
