// AppTreeRestore: the paths of files or configuration on their way back to where they were, each by a restore of its own, so that
// nothing around them is touched: not the directories above, not their neighbours.

import Archiving
import Bytes
import Databases
import FileTrees
import HostOS
import RepositoryEngine
import RepositoryFormat
import Settings

struct AppTreeRestore {
    let workbench: AppWorkbench
    let indexed: IndexedRepository
    let tree: AppRestorePlan.Tree
    /// Absolute paths that are restored already, or must stay as they are.
    let settled: [BytePath]
    let delete: Bool
    let progress: Progress
    let cancellation: Cancellation

    func run() throws -> RestoreSummary {
        var total = RestoreSummary()
        for path in tree.paths {
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            try makeParents(of: path)
            total.add(try restore(path))
        }
        return total
    }

    private func restore(_ path: AppRestorePlan.Path) throws -> RestoreSummary {
        let isDirectory = path.node.kind == .directory
        var request = RestoreRequest(
            tree: tree.snapshot.snapshot.tree, subfolder: isDirectory ? path.path : path.path.parent,
            target: isDirectory ? path.destination : path.destination.parent)
        if isDirectory {
            request.selection = try selection(below: path)
            request.delete = delete
        } else {
            request.onlyNames = [path.path.name]
        }
        let plan = try RestorePlan.make(indexed, request, snapshotName: tree.snapshot.id.short)
        return try RestoreRun(indexed, request, plan: plan, progress: progress, cancellation: cancellation).run()
    }

    private func makeParents(of path: AppRestorePlan.Path) throws {
        let reader = BlobReader(indexed), root = tree.snapshot.snapshot.tree
        let depth = path.destination.components.count - path.path.components.count
        try AppAncestors.make(path.destination.parent) { directory in
            let names = Array(directory.components.dropFirst(depth))
            guard !names.isEmpty, directory.components.count > depth,
                let node = try? SnapshotPath.find(BytePath(names: names, absolute: true), in: root, reader: reader, snapshotName: "")
            else { return nil }
            return AppAncestors.Metadata(mode: node.mode.posixPermissions, userID: node.userID, groupID: node.groupID)
        }
    }

    // MARK: What stays as it is

    /// Everything but what is settled. With `delete`, what the backup left out on purpose must not count as surplus either.
    private func selection(below path: AppRestorePlan.Path) throws -> Selection {
        var kept = settled
        var patterns: [[UInt8]] = []
        if delete {
            kept += workbench.application.databases.compactMap(\.file).flatMap(SQLiteFiles.family)
            kept += [workbench.repositoryPath, workbench.state.directory] + (workbench.application.files?.skippedPaths ?? [])
            patterns = tree.snapshot.snapshot.excludes.compactMap { moved($0, below: path.path) }
        }
        patterns += kept.compactMap { place in
            guard place != path.path, path.path.contains(place) else { return nil }
            return AppTreeRestore.literal(delete ? topmostMissing(place, below: path) : relative(place, to: path.path))
        }
        return patterns.isEmpty ? .everything : .excluding([try PatternList(patterns)])
    }

    private func relative(_ place: BytePath, to base: BytePath) -> BytePath {
        BytePath(names: Array(place.components.dropFirst(base.components.count)), absolute: true)
    }

    /// A directory the snapshot does not have would be removed as a whole, with what must stay in it: then the directory stays.
    private func topmostMissing(_ place: BytePath, below path: AppRestorePlan.Path) -> BytePath {
        let reader = BlobReader(indexed), names = place.components
        for count in (path.path.components.count + 1)..<max(names.count, path.path.components.count + 1) {
            let above = BytePath(names: Array(names.prefix(count)), absolute: true)
            if (try? SnapshotPath.find(above, in: tree.snapshot.snapshot.tree, reader: reader, snapshotName: "")) == nil {
                return relative(above, to: path.path)
            }
        }
        return relative(place, to: path.path)
    }

    /// An exclude pattern of the backup, which is matched against whole paths, as one for paths below `base`; nil if it cannot match there.
    private func moved(_ pattern: String, below base: BytePath) -> [UInt8]? {
        let bytes = Array(pattern.utf8)
        guard bytes.first == BytePath.slash else { return bytes }
        let prefix = AppTreeRestore.literal(base)
        guard bytes.starts(with: prefix), bytes.count > prefix.count, bytes[prefix.count] == BytePath.slash else { return nil }
        return Array(bytes[prefix.count...])
    }

    /// A pattern that matches exactly this path.
    private static func literal(_ path: BytePath) -> [UInt8] {
        path.bytes.flatMap { byte in Array("*?[\\".utf8).contains(byte) ? [UInt8(ascii: "\\"), byte] : [byte] }
    }
}

extension RestoreSummary {
    mutating func add(_ other: RestoreSummary) {
        itemsRestored += other.itemsRestored
        filesSkipped += other.filesSkipped
        itemsDeleted += other.itemsDeleted
        totalItems += other.totalItems
        totalBytes += other.totalBytes
        bytesRestored += other.bytesRestored
        bytesSkipped += other.bytesSkipped
        problems += other.problems
        durationNanoseconds += other.durationNanoseconds
    }
}
