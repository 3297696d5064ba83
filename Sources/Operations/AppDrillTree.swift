// AppDrillTree: files or configuration of a drill.
//
// 1. Fetch: the whole snapshot below the drill's directory; the engine verifies every piece of content while it is written.
// 2. Proof: a sample, chosen anew by chance each time, is read back from the disk: its length, the SHA-256 of every piece, links'
//    targets, modes, times of modification, and owners where we may set them.
//
// Read back means from the file system, which may still have it in memory: this finds what was written wrongly or not at all, not a
// dying disk under the scratch directory.

import Archiving
import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Settings

struct AppDrillTree {
    let source: AppSource
    private let session: AppDrillSession
    private let snapshot: CatalogedSnapshot
    private let request: RestoreRequest
    private let plan: RestorePlan

    init(_ session: AppDrillSession, _ source: AppSource, _ snapshot: CatalogedSnapshot, _ place: BytePath) throws {
        self.session = session
        self.source = source
        self.snapshot = snapshot
        request = RestoreRequest(tree: snapshot.snapshot.tree, target: AppDrillTree.target(source, in: place))
        plan = try RestorePlan.make(session.indexed, request, snapshotName: snapshot.id.short)
    }

    /// Below which the absolute paths of a source are restored.
    static func target(_ source: AppSource, in place: BytePath) -> BytePath { place.appending(source.rawValue) }

    var byteCount: UInt64 { plan.byteCount }

    func run() throws -> AppDrillReport.Part {
        var part = AppDrillReport.Part(source: source, label: source.rawValue, snapshot: snapshot)
        part.byteCount = plan.byteCount
        do {
            let summary = try session.measure("fetch") {
                try RestoreRun(
                    session.indexed, request, plan: plan, progress: session.progress, cancellation: session.cancellation
                ).run()
            }
            part.restoredFiles = UInt64(plan.files.count)
            noteAbsences(&part)
            try session.measure("proof") { try readBack(&part) }
            if let problem = summary.problems.first {
                let more = summary.problems.count > 1 ? " (and \(summary.problems.count - 1) more)" : ""
                part.fail(Failure(problem.failure.code, "\(problem.path): \(problem.failure.message)\(more)", hint: problem.failure.hint))
            }
        } catch RepositoryFailure.cancelled {
            throw RepositoryFailure.cancelled
        } catch {
            part.fail(Failure(describing: error))
        }
        return part
    }

    /// What could not be read when the snapshot was made is in no backup.
    private func noteAbsences(_ part: inout AppDrillReport.Part) {
        let found = Set((plan.directories + plan.files + plan.others).map(\.path))
        for path in snapshot.snapshot.paths where path != .root && !found.contains(path) { part.notes.append("not in the backup: \(path)") }
    }

    // MARK: Reading back

    private func readBack(_ part: inout AppDrillReport.Part) throws {
        let count = session.options.sample ?? session.workbench.settings.drill.sample
        let files = AppDrillTree.sample(plan.files, count), others = AppDrillTree.sample(plan.others + plan.directories, count)
        part.expectedFiles = UInt64(files.count)
        var differences: [String] = []
        for item in files {
            if session.cancellation.isCancelled { throw RepositoryFailure.cancelled }
            if let difference = difference(of: item) { differences.append("\(item.path): \(difference)") } else { part.files += 1 }
        }
        for item in others where !item.isOnTheWay {
            if let difference = difference(of: item) { differences.append("\(item.path): \(difference)") }
        }
        if let first = differences.first {
            let more = differences.count > 1 ? " (and \(differences.count - 1) more)" : ""
            part.fail(Failure(.damaged, "what came back is not what was saved: \(first)\(more)"))
        } else if files.isEmpty && others.isEmpty {
            part.fail(Failure(.drillFailed, "nothing of it could be compared: the backup is empty", hint: "`lifeboat config show` prints what is saved"))
        }
    }

    /// At most `count` of them, by chance.
    private static func sample(_ items: [RestorePlan.Item], _ count: Int) -> [RestorePlan.Item] {
        items.count <= count ? items : Array(items.shuffled().prefix(count))
    }

    /// How an item on the disk differs from its snapshot; nil if it does not.
    private func difference(of item: RestorePlan.Item) -> String? {
        let path = BytePath(request.target.bytes + item.path.bytes)
        do {
            let status = try FileStatus.of(path)
            if let difference = metadataDifference(item.node, status) { return difference }
            switch item.node.kind {
            case .file: return try RestoredContent.difference(of: item.node, at: path, session.indexed.index)
            case .symbolicLink: return try Directory.linkTarget(path) == item.node.linkTarget ? nil : "it leads elsewhere"
            default: return nil
            }
        } catch {
            return Failure(describing: error).message
        }
    }

    private func metadataDifference(_ node: Node, _ status: FileStatus) -> String? {
        guard status.kind == AppDrillTree.kind(node.kind) else { return "it is something else" }
        if node.kind == .symbolicLink { return nil }
        // Set-id bits are left out where the owner cannot be set.
        let mask: UInt32 = Host.isRoot ? 0o7777 : 0o777
        if status.mode & mask != node.mode.posixPermissions & mask {
            return "its mode is \(String(status.mode & mask, radix: 8)) instead of \(String(node.mode.posixPermissions & mask, radix: 8))"
        }
        if Host.isRoot, (status.userID, status.groupID) != (node.userID, node.groupID) {
            return "it belongs to \(status.userID):\(status.groupID) instead of \(node.userID):\(node.groupID)"
        }
        let time = status.modificationTime
        if (time.seconds, time.nanoseconds) != (node.modificationTime.seconds, node.modificationTime.nanoseconds) {
            return "its time of modification is another"
        }
        return nil
    }

    private static func kind(_ kind: Node.Kind) -> FileKind? {
        switch kind {
        case .file: .regular
        case .directory: .directory
        case .symbolicLink: .symbolicLink
        case .blockDevice: .blockDevice
        case .characterDevice: .characterDevice
        case .namedPipe: .fifo
        case .socket, .irregular, .unknown: nil
        }
    }
}
