// MeasureRepository: the verb `stats`: how much snapshots hold.

package import RepositoryEngine
package import Upkeep

package struct MeasureRepository {
    package var access: RepositoryAccess
    package var mode: RepositoryStatistics.Mode
    /// Ids, prefixes of them, or "latest"; empty: all that the filter matches.
    package var snapshots: [String]
    package var filter: SnapshotFilter

    package init(access: RepositoryAccess, mode: RepositoryStatistics.Mode, snapshots: [String], filter: SnapshotFilter) {
        self.access = access
        self.mode = mode
        self.snapshots = snapshots
        self.filter = filter
    }

    package func run(progress: @escaping UpkeepProgressHandler) throws -> RepositoryStatistics {
        try access.withIndex(.shared, onlyReading: true) { indexed, all in
            let chosen = try SnapshotCatalog.select(snapshots, in: all, filter: filter)
            return try RepositoryStatistics.compute(mode, of: chosen, in: indexed, progress: progress)
        }
    }
}

extension SnapshotCatalog {
    /// The named snapshots, or all that the filter matches if none is named.
    package static func select(_ names: [String], in snapshots: [CatalogedSnapshot], filter: SnapshotFilter) throws -> [CatalogedSnapshot] {
        if names.isEmpty { return snapshots.filter { filter.matches($0.snapshot) } }
        return try names.map { try resolve($0, in: snapshots, filter: filter).snapshot }
    }
}
