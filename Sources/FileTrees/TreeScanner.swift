// TreeScanner: walks the targets of a backup, in the order in which trees are written.
//
// 1. ScanPlan turns the targets into one tree of names; missing targets are reported.
// 2. A directory is opened (relative to its parent's descriptor), listed once, and entered. Its names are taken in byte order.
// 3. Each name: never-opened paths, exclusions by marker and by pattern, lstat (relative, no link followed), exclusions by size
//    and file system; then it is visited, or entered if it is a directory.
// 4. The walk keeps its own stack, so depth costs neither thread stack nor descriptors: of the directories above, only the
//    innermost keep theirs open; others are reopened on the way back and must still be the same.
//
// What vanishes between listing and lstat is passed over silently, as if it had never been there; sockets too. Everything else
// that cannot be read is reported and left out. Not promised: a consistent picture of files that change during the walk.

package import Bytes
import HostOS

package final class TreeScanner {
    private let plan: ScanPlan
    private let exclusions: Exclusions
    private let skipping: Set<BytePath>
    private let attributes = AttributeReader()
    private var path: SplitPath
    private var frames: [Frame] = []

    /// Descriptors held for directories at most.
    static let openDirectoryLimit = 32

    /// - Parameters:
    ///   - targets: as given, relative ones to `workingDirectory` (absolute).
    ///   - skipping: absolute paths that are neither opened nor saved, not even as targets: the cache in use, live databases.
    package init(targets: [BytePath], workingDirectory: BytePath, exclusions: Exclusions = .none, skipping: Set<BytePath> = []) {
        plan = ScanPlan(targets, workingDirectory: workingDirectory)
        self.exclusions = exclusions
        self.skipping = skipping
        path = SplitPath(.root, folding: exclusions.needsFolding)
    }

    /// One directory being walked.
    private struct Frame {
        /// Nil for the root of the snapshot, which is no entry itself.
        let entry: ScannedEntry?
        let names: [[UInt8]]
        var nextIndex = 0
        let planned: PlannedEntry?
        /// False for directories above targets: their other entries are not looked at.
        let isListed: Bool
        /// Set if a marker excludes everything in it but these names.
        let onlyNames: [[UInt8]]?
        let ancestries: [PatternList.Ancestry]
        /// The device to stay on, if any.
        let device: UInt64?
        let depthOfPath: Int
        /// The directory of the target that this is, or is in. Nil above targets.
        let root: BeneathRoot?
        var descriptor: SharedDescriptor?
    }

    /// Copyable for frames in an array; closed when its frame lets go.
    private final class SharedDescriptor {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    // MARK: The walk

    /// Walks once, reporting to `visitor`.
    /// - Throws: `FileTreeError.noTargetLeft` if no target exists; whatever the visitor throws.
    package func walk(_ visitor: some ScanVisitor) throws {
        for problem in plan.problems { visitor.problem(problem) }
        guard !plan.isEmpty else { throw FileTreeError.noTargetLeft }
        frames = [
            Frame(
                entry: nil, names: plan.root.sortedNames, planned: plan.root, isListed: false, onlyNames: nil, ancestries: [],
                device: nil, depthOfPath: 0, root: nil, descriptor: nil)
        ]
        while let frame = frames.last {
            if frame.nextIndex < frame.names.count {
                frames[frames.count - 1].nextIndex += 1
                try visit(frame.names[frame.nextIndex], in: frame, visitor)
            } else {
                try leave(visitor)
            }
        }
    }

    private func leave(_ visitor: some ScanVisitor) throws {
        guard let frame = frames.popLast(), let entry = frame.entry else { return }
        try visitor.leaveDirectory(entry)
        reopenInnermost(visitor)
    }

    private func visit(_ name: [UInt8], in frame: Frame, _ visitor: some ScanVisitor) throws {
        let planned = frame.planned?.children[name]
        let source = planned?.sourcePath ?? frame.entry.map { $0.sourcePath.appending(name) } ?? BytePath.root.appending(name)
        if !skipping.isEmpty && skipping.contains(source) { return }
        let isExempt = planned?.isExempt ?? false
        setPath(to: planned == nil || frame.isListed ? nil : source, name, frame)
        if !isExempt && isExcludedByName(name, frame) { return }
        let entry: ScannedEntry, listing: Listing?
        do throws(SystemError) {
            entry = try look(at: name, source, planned, frame)
            if !isExempt && isExcludedByStatus(entry.status, source, frame) { return }
            listing = entry.status.kind == .directory ? try list(entry, planned, frame, visitor) : nil
        } catch {
            // What the user asked for by name does not vanish silently.
            if error.kind != .notFound || isExempt { visitor.problem(ScanProblem(path: source, failure: error.failure)) }
            return
        }
        if let listing { try enter(entry, listing, planned, frame, visitor) } else { try dispatch(entry, planned, visitor) }
    }

    private func dispatch(_ entry: ScannedEntry, _ planned: PlannedEntry?, _ visitor: some ScanVisitor) throws {
        if let planned, !planned.children.isEmpty {
            let text = "could not save the paths given below '\(entry.sourcePath)': it is itself given, and a \(entry.status.kind.noun)"
            visitor.problem(ScanProblem(path: entry.sourcePath, failure: Failure(.failed, text, hint: "give the path without the link")))
        }
        switch entry.status.kind {
        case .socket: return
        case .unknown:
            visitor.problem(ScanProblem(path: entry.sourcePath, failure: FileTreeError.unsupportedKind(entry.sourcePath).failure))
        default: try visitor.entry(entry)
        }
    }

    // MARK: Looking

    /// lstat, and the target of a link. On the way to targets links are followed: the user wrote a path through them.
    private func look(at name: [UInt8], _ source: BytePath, _ planned: PlannedEntry?, _ frame: Frame) throws(SystemError) -> ScannedEntry {
        let leadsToTargets = planned.map { !$0.isTarget && !$0.children.isEmpty } ?? false
        var (status, linkTarget) = try unfollowed(name, source, frame)
        let isAboveTarget = leadsToTargets && (!frame.isListed || status.kind == .symbolicLink)
        if isAboveTarget {
            (status, linkTarget) = (try FileStatus.following(source), nil)
            guard status.kind == .directory else {
                throw SystemError(operation: "enter", path: source, kind: .notDirectory, reason: "not a directory")
            }
        }
        let parent = frame.entry?.snapshotPath ?? .root
        let isSamePath = frame.entry.map { $0.snapshotPath == $0.sourcePath } ?? false
        return ScannedEntry(
            name: name, sourcePath: source, snapshotPath: isSamePath && planned == nil ? source : parent.appending(name), status: status,
            linkTarget: linkTarget, isAboveTarget: isAboveTarget, attributes: attributes, root: isBelow(frame, source, name) ? frame.root : nil)
    }

    /// Whether a source is the entry `name` of the directory; a planned one may lie elsewhere than its place in the snapshot says.
    private func isBelow(_ frame: Frame, _ source: BytePath, _ name: [UInt8]) -> Bool {
        frame.entry.map { $0.sourcePath.appending(name) == source } ?? false
    }

    private func unfollowed(
        _ name: [UInt8], _ source: BytePath, _ frame: Frame
    ) throws(SystemError) -> (status: FileStatus, linkTarget: [UInt8]?) {
        if let directory = frame.descriptor {
            let status = try directory.descriptor.status(of: name)
            return (status, status.kind == .symbolicLink ? try directory.descriptor.linkTarget(of: name) : nil)
        }
        let status = try FileStatus.of(source)
        return (status, status.kind == .symbolicLink ? try Directory.linkTarget(source) : nil)
    }

    // MARK: Entering

    /// What a directory holds, read before it is entered: one that cannot be listed is left out as a whole.
    private struct Listing {
        var names: [[UInt8]]
        var onlyNames: [[UInt8]]? = nil
        var descriptor: SharedDescriptor? = nil
        var root: BeneathRoot? = nil
    }

    private func list(
        _ entry: ScannedEntry, _ planned: PlannedEntry?, _ frame: Frame, _ visitor: some ScanVisitor
    ) throws(SystemError) -> Listing {
        let planned = planned?.sortedNames ?? []
        if entry.isAboveTarget { return Listing(names: planned) }
        let opened = SharedDescriptor(try open(entry, frame))
        var names = try Directory.entries(of: opened.descriptor).map(\.name)
        if !planned.isEmpty { names = Set(names + planned).sorted { $0.lexicographicallyPrecedes($1) } }
        let onlyNames = try markedNames(names, opened.descriptor, entry.sourcePath, visitor)
        let root = if let root = entry.root { root } else { try BeneathRoot(opened.descriptor) }
        return Listing(names: names, onlyNames: onlyNames, descriptor: opened, root: root)
    }

    private func enter(
        _ entry: ScannedEntry, _ listing: Listing, _ planned: PlannedEntry?, _ frame: Frame, _ visitor: some ScanVisitor
    ) throws {
        try visitor.enterDirectory(entry)
        frames.append(
            Frame(
                entry: entry, names: listing.names, planned: planned, isListed: listing.descriptor != nil, onlyNames: listing.onlyNames,
                ancestries: ancestries(frame), device: exclusions.oneFileSystem ? device(for: entry, frame) : nil, depthOfPath: path.depth,
                root: listing.root, descriptor: listing.descriptor))
        closeOutermost()
    }

    private func open(_ entry: ScannedEntry, _ frame: Frame) throws(SystemError) -> Descriptor {
        if let parent = frame.descriptor { return try parent.descriptor.open(entry.name, .scannedDirectory) }
        return try Descriptor.open(entry.sourcePath, .scannedDirectory)
    }

    private func closeOutermost() {
        let index = frames.count - 1 - TreeScanner.openDirectoryLimit
        if index >= 0 { frames[index].descriptor = nil }
    }

    /// Back in a directory whose descriptor was given up: open it again. If it was replaced meanwhile, the rest is left out.
    private func reopenInnermost(_ visitor: some ScanVisitor) {
        guard let frame = frames.last, let entry = frame.entry, frame.isListed, frame.descriptor == nil, frame.nextIndex < frame.names.count
        else { return }
        do {
            let descriptor = try Descriptor.open(entry.sourcePath, .scannedDirectory)
            let now = try descriptor.status()
            guard now.inode == entry.status.inode && now.device == entry.status.device else {
                throw FileTreeError.changedWhileReading(entry.sourcePath)
            }
            frames[frames.count - 1].descriptor = SharedDescriptor(descriptor)
        } catch {
            visitor.problem(ScanProblem(path: entry.sourcePath, failure: Failure(describing: error)))
            frames[frames.count - 1].nextIndex = frame.names.count
        }
    }

    // MARK: Exclusions

    /// Makes `path` that of the entry `name` of `frame`; a planned entry may lie elsewhere than its place in the snapshot says.
    private func setPath(to source: BytePath?, _ name: [UInt8], _ frame: Frame) {
        if let source {
            path = SplitPath(source, folding: exclusions.needsFolding)
        } else {
            while path.depth > frame.depthOfPath { path.removeLast() }
            path.append(name)
        }
    }

    private func isExcludedByName(_ name: [UInt8], _ frame: Frame) -> Bool {
        if let onlyNames = frame.onlyNames, !onlyNames.contains(name) { return true }
        if frame.ancestries.isEmpty { return exclusions.patterns.contains { $0.matches(path) } }
        return zip(exclusions.patterns, frame.ancestries).contains { $0.matches(path, in: $1) }
    }

    /// For the directory about to be entered, whose path is `path`, in `frame`.
    private func ancestries(_ frame: Frame) -> [PatternList.Ancestry] {
        if frame.ancestries.isEmpty { return exclusions.patterns.map { $0.ancestry(of: path) } }
        return zip(exclusions.patterns, frame.ancestries).map { $0.ancestry(of: path, in: $1) }
    }

    private func isExcludedByStatus(_ status: FileStatus, _ source: BytePath, _ frame: Frame) -> Bool {
        if let limit = exclusions.largerThan, status.kind == .regular, status.size > limit { return true }
        guard exclusions.oneFileSystem, let device = frame.device ?? plan.deviceOfNearestTarget(source), status.device != device else {
            return false
        }
        // The directory on which another file system is mounted belongs to the outer one: it is kept, its entries are not.
        let isMountPoint = status.kind == .directory && (frame.entry.map { $0.status.device == device } ?? true)
        return !isMountPoint
    }

    private func device(for directory: ScannedEntry, _ frame: Frame) -> UInt64? {
        plan.targetDevices[directory.sourcePath] ?? frame.device ?? plan.deviceOfNearestTarget(directory.sourcePath)
    }

    /// The names that stay if a marker applies, else nil: all.
    private func markedNames(
        _ names: [[UInt8]], _ directory: borrowing Descriptor, _ path: BytePath, _ visitor: some ScanVisitor
    ) throws(SystemError) -> [[UInt8]]? {
        var kept: [[UInt8]]? = nil
        for marker in exclusions.markers where names.contains(marker.name) {
            if marker.header.isEmpty {
                kept = restrict(kept, to: marker.name)
                continue
            }
            do throws(SystemError) {
                if try hasHeader(marker, directory) {
                    kept = restrict(kept, to: marker.name)
                } else {
                    let text = "'\(path.appending(marker.name))' does not start as announced: its directory is saved in full"
                    visitor.problem(ScanProblem(path: path, effect: .none, failure: Failure(.failed, text)))
                }
            } catch {
                visitor.problem(ScanProblem(path: path, effect: .none, failure: error.failure))
            }
        }
        return kept
    }

    /// With two markers each excludes the other's file.
    private func restrict(_ kept: [[UInt8]]?, to name: [UInt8]) -> [[UInt8]] {
        guard let kept else { return [name] }
        return kept.filter { $0 == name }
    }

    private func hasHeader(_ marker: DirectoryMarker, _ directory: borrowing Descriptor) throws(SystemError) -> Bool {
        let file = try directory.open(marker.name, .readUnfollowed)
        guard try file.status().kind == .regular else { return false }
        let start = try [UInt8](byteCount: marker.header.count) { (span) throws(SystemError) in try file.readFully(into: &span, at: 0) }
        return start == marker.header
    }
}
