// AppTreeRestore: the paths of files or configuration on their way back to where they were.
//
// Paths below the application's root are restored together, in one run into their common directory, so that hard links between them
// stay links; paths elsewhere each by itself. Nothing around them is touched: directories on the way are made if they are missing and
// left as they are if not. A path that is reached through a symbolic link on this machine is restored by itself, too: a restore
// follows links to its target, and never one below it.

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

    /// Paths restored in one run.
    private struct Group {
        /// In the snapshot.
        let base: BytePath
        /// On this machine.
        let target: BytePath
        /// Nil if `base` itself is what is restored.
        let paths: [BytePath]?
    }

    func run() throws -> RestoreSummary {
        var total = RestoreSummary()
        for group in groups() {
            if cancellation.isCancelled { throw RepositoryFailure.cancelled }
            try makeTarget(of: group)
            total.add(try restore(group))
        }
        return total
    }

    private func restore(_ group: Group) throws -> RestoreSummary {
        var request = RestoreRequest(tree: tree.snapshot.snapshot.tree, subfolder: group.base, target: group.target)
        request.onlyPaths = group.paths?.map { relative($0, to: group.base) }
        request.selection = try selection(group)
        request.delete = delete
        let plan = try RestorePlan.make(indexed, request, snapshotName: tree.snapshot.id.short)
        return try RestoreRun(indexed, request, plan: plan, progress: progress, cancellation: cancellation).run()
    }

    private func makeTarget(of group: Group) throws {
        let reader = BlobReader(indexed), root = tree.snapshot.snapshot.tree
        let depth = group.target.components.count - group.base.components.count
        let made = group.paths == nil ? group.target.parent : group.target
        try AppAncestors.make(made) { directory in
            let path = BytePath(names: Array(directory.components.dropFirst(depth)), absolute: true)
            guard path != .root, let node = try? SnapshotPath.find(path, in: root, reader: reader, snapshotName: "") else { return nil }
            return AppAncestors.Metadata(mode: node.mode.posixPermissions, userID: node.userID, groupID: node.groupID)
        }
    }

    // MARK: Groups

    private func groups() -> [Group] {
        let root = workbench.application.root
        let inside = tree.paths.filter { root.contains($0.path) && $0.path != root }
        let base = commonDirectory(inside)
        let together = inside.filter { !leadsThroughLink($0, from: base) }
        let alone = tree.paths.filter { path in !together.contains { $0.path == path.path } }
        guard together.count > 1, let first = together.first else { return tree.paths.map(group) }
        let target = BytePath(
            names: Array(first.destination.components.dropLast(first.path.components.count - base.components.count)), absolute: true)
        return [Group(base: base, target: target, paths: together.map(\.path))] + alone.map(group)
    }

    /// One path by itself.
    private func group(_ path: AppRestorePlan.Path) -> Group {
        if path.node.kind == .directory { return Group(base: path.path, target: path.destination, paths: nil) }
        return Group(base: path.path.parent, target: path.destination.parent, paths: [path.path])
    }

    /// The deepest directory above all paths.
    private func commonDirectory(_ paths: [AppRestorePlan.Path]) -> BytePath {
        guard var common = paths.first?.path.parent else { return .root }
        while !paths.allSatisfy({ common.contains($0.path.parent) }) { common = common.parent }
        return common
    }

    private func leadsThroughLink(_ path: AppRestorePlan.Path, from base: BytePath) -> Bool {
        var place = path.node.kind == .directory ? path.destination : path.destination.parent
        let depth = path.destination.components.count - path.path.components.count + base.components.count
        while place.components.count > depth {
            if (try? FileStatus.ifExists(place))??.kind == .symbolicLink { return true }
            place = place.parent
        }
        return false
    }

    // MARK: What stays as it is

    /// Everything but what is settled. With `delete`, what the backup left out on purpose must not count as surplus either.
    private func selection(_ group: Group) throws -> Selection {
        var kept = settled
        var patterns: [[UInt8]] = []
        if delete {
            kept += workbench.application.databases.compactMap(\.file).flatMap(SQLiteFiles.family)
            kept += [workbench.repositoryPath, workbench.state.directory] + (workbench.application.files?.skippedPaths ?? [])
            patterns = tree.snapshot.snapshot.excludes.compactMap { moved($0, below: group.base) }
        }
        patterns += kept.compactMap { place in
            guard place != group.base, group.base.contains(place) else { return nil }
            return AppTreeRestore.literal(delete ? topmostMissing(place, below: group.base) : relative(place, to: group.base))
        }
        return patterns.isEmpty ? .everything : .excluding([try PatternList(patterns)])
    }

    private func relative(_ place: BytePath, to base: BytePath) -> BytePath {
        BytePath(names: Array(place.components.dropFirst(base.components.count)), absolute: true)
    }

    /// A directory the snapshot does not have would be removed as a whole, with what must stay in it: then the directory stays.
    private func topmostMissing(_ place: BytePath, below base: BytePath) -> BytePath {
        let reader = BlobReader(indexed), names = place.components
        for count in (base.components.count + 1)..<max(names.count, base.components.count + 1) {
            let above = BytePath(names: Array(names.prefix(count)), absolute: true)
            if (try? SnapshotPath.find(above, in: tree.snapshot.snapshot.tree, reader: reader, snapshotName: "")) == nil {
                return relative(above, to: base)
            }
        }
        return relative(place, to: base)
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
