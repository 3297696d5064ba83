// RestoreRun: carries out a restore plan.
//
// 1. directories are made (0700 for now); 2. existing files are compared with the snapshot, what is right already stays; 3. the
// blobs still needed are grouped by pack, every pack is read once, front to back, by as many threads as processors, and each blob is
// written wherever it belongs; 4. a file gets its metadata when its last blob has landed, and is read back if that is asked; 5. hard links, symbolic links, devices;
// 6. what the snapshot does not have is deleted, if asked; 7. directory metadata, deepest first.
//
// A problem with one item is reported and the rest goes on. Nothing outside the target is touched (BeneathRoot).

import Bytes
import Codecs
import FileTrees
import HostOS
package import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization

package final class RestoreRun: Sendable {
    private let indexed: IndexedRepository
    private let request: RestoreRequest
    private let plan: RestorePlan
    private let target: RestoreTarget
    private let writer: FileWriter
    private let metadata: MetadataApplier
    private let progress: Progress
    private let cancellation: Cancellation
    private let outcome = Mutex(RestoreSummary())

    /// Creates the target directory if it is missing.
    package init(
        _ indexed: IndexedRepository, _ request: RestoreRequest, plan: RestorePlan, progress: Progress = Progress(),
        cancellation: Cancellation = Cancellation()
    ) throws {
        self.indexed = indexed
        self.request = request
        self.plan = plan
        self.progress = progress
        self.cancellation = cancellation
        try Directory.createAll(request.target)
        let root = try BeneathRoot(request.target)
        target = RestoreTarget(root, mayDelete: request.delete)
        metadata = MetadataApplier(root, ownership: request.ownershipByName ? .names : .ids)
        writer = FileWriter(target, metadata: metadata)
    }

    package func run() throws -> RestoreSummary {
        let started = Host.monotonicNanoseconds()
        progress.expect(files: UInt64(plan.itemCount), bytes: plan.byteCount)
        outcome.withLock { outcome in
            outcome.totalItems = UInt64(plan.itemCount)
            outcome.totalBytes = plan.byteCount
            outcome.problems = plan.problems
        }
        let fresh = makeDirectories()
        let (files, links) = distinctFiles()
        let restored = files.map { RestoredFile($0, existing: !fresh.contains($0.path.parent)) }
        try restoreContent(restored)
        // Those that were left as they are, or failed, are finished; what they hold is not ours to vouch for.
        if request.verify { try verify(restored.filter { !$0.isFinished }) }
        for (item, first) in links where !isKept(item) { attempt(item.path) { try target.createHardLink(item.path, to: first) } }
        for item in plan.others where !isKept(item) { restoreOther(item) }
        if request.delete { deleteSurplus() }
        for item in plan.directories.reversed() where !item.isOnTheWay || fresh.contains(item.path) {
            note(item.path, metadata.apply(self.restored(item.node), to: item.path))
        }
        if let top = plan.top, request.onlyPaths == nil { restoreTarget(top) }
        return outcome.withLock { outcome in
            outcome.durationNanoseconds = Host.monotonicNanoseconds() - started
            return outcome
        }
    }

    // MARK: Reporting

    func report(_ path: BytePath, _ error: any Error) {
        outcome.withLock { $0.problems.append(RestoreProblem(path: path, failure: Failure(describing: error))) }
        progress.add(problems: 1)
    }

    private func note(_ path: BytePath, _ failures: [SystemError]) {
        for failure in failures { report(path, failure) }
    }

    private func attempt(_ path: BytePath, _ body: () throws -> Void) {
        do {
            try body()
            count(items: 1)
        } catch {
            report(path, error)
        }
    }

    private func count(items: UInt64 = 0, bytes: UInt64 = 0, skippedFiles: UInt64 = 0, skippedBytes: UInt64 = 0) {
        outcome.withLock { outcome in
            outcome.itemsRestored += items
            outcome.bytesRestored += bytes
            outcome.filesSkipped += skippedFiles
            outcome.bytesSkipped += skippedBytes
        }
        progress.add(files: items + skippedFiles, bytes: bytes + skippedBytes)
    }

    // MARK: Directories and everything that is not a file

    /// Returns the directories that did not exist before: nothing in them needs comparing.
    private func makeDirectories() -> Set<BytePath> {
        var fresh: Set<BytePath> = []
        for item in plan.directories {
            attempt(item.path) { if try target.createDirectory(item.path, replacingOthers: !item.isOnTheWay) { fresh.insert(item.path) } }
        }
        return fresh
    }

    /// Files to write, and further names for them.
    private func distinctFiles() -> (files: [RestorePlan.Item], links: [(RestorePlan.Item, BytePath)]) {
        let hardLinks = HardLinks()
        var files: [RestorePlan.Item] = [], links: [(RestorePlan.Item, BytePath)] = []
        for item in plan.files {
            let node = item.node
            if let first = hardLinks.firstPath(inode: node.inode, device: node.deviceID, linkCount: node.linkCount, path: item.path) {
                links.append((item, first))
            } else {
                files.append(item)
            }
        }
        return (files, links)
    }

    /// The overwrite rule for what has no content to compare: whether what is at its path stays, and is counted as skipped.
    private func isKept(_ item: RestorePlan.Item) -> Bool {
        guard request.overwrite == .never || request.overwrite == .ifNewer else { return false }
        // What cannot be looked at will be reported when it is written.
        guard let status = try? target.root.statusIfExists(of: item.path) else { return false }
        if request.overwrite == .ifNewer && FileTime(item.node.modificationTime).isLater(than: status.modificationTime) { return false }
        count(skippedFiles: 1)
        return true
    }

    private func restoreOther(_ item: RestorePlan.Item) {
        attempt(item.path) {
            switch item.node.kind {
            case .symbolicLink: try target.createSymbolicLink(item.path, to: item.node.linkTarget)
            case .blockDevice: try target.createSpecialFile(item.path, kind: .blockDevice, device: item.node.device)
            case .characterDevice: try target.createSpecialFile(item.path, kind: .characterDevice, device: item.node.device)
            default: try target.createSpecialFile(item.path, kind: .fifo, device: 0)
            }
            note(item.path, metadata.apply(restored(item.node), to: item.path))
        }
    }

    /// The chosen directory's own metadata. It is no entry below the target, so its real parent is the root for this one call.
    private func restoreTarget(_ top: Node) {
        guard let place = Directory.canonical(request.target), place != .root else { return }
        do {
            let applier = MetadataApplier(try BeneathRoot(place.parent), ownership: request.ownershipByName ? .names : .ids)
            note(.root, applier.apply(restored(top), to: BytePath(place.name)))
        } catch {
            report(.root, error)
        }
    }

    private func deleteSurplus() {
        for (directory, names) in plan.names {
            do {
                for name in try target.surplusNames(in: directory, keeping: names) { delete(directory.appending(name)) }
            } catch {
                report(directory, error)
            }
        }
    }

    private func delete(_ path: BytePath) {
        guard request.selection.select(SplitPath(path)).isSelected else { return }
        do {
            try target.clear(path)
            outcome.withLock { $0.itemsDeleted += 1 }
        } catch {
            report(path, error)
        }
    }

    private func restored(_ node: Node) -> RestoredMetadata {
        RestoredMetadata(
            kind: FileKind(node.kind), mode: node.mode.posixPermissions, userID: node.userID, groupID: node.groupID,
            userName: node.userName, groupName: node.groupName, modificationTime: FileTime(node.modificationTime),
            accessTime: FileTime(node.accessTime),
            extendedAttributes: node.extendedAttributes.map { ExtendedAttribute(name: $0.name, value: $0.value) })
    }

    // MARK: Content

    private func restoreContent(_ files: [RestoredFile]) throws {
        try inParallel(files.count, {}) { [self] number, _ in prepare(files[number]) }
        let packs = PackWork.group(files, index: indexed.index) { [self] file, error in fail(file, error) }
        try inParallel(packs.count, { [self] in RangeReader(indexed) }) { [self] number, reader in try restore(packs[number], files, reader) }
    }

    private func verify(_ files: [RestoredFile]) throws {
        try inParallel(files.count, {}) { [self] number, _ in
            let item = files[number].item
            do {
                let path = BytePath(request.target.bytes + item.path.bytes)
                if let difference = try RestoredContent.difference(of: item.node, at: path, indexed.index) {
                    throw Failure(
                        .failed, "what was written is not what the snapshot holds: \(difference)",
                        hint: "see whether another program writes there, and whether the disk is sound")
                }
                outcome.withLock { $0.filesVerified += 1 }
            } catch {
                report(item.path, error)
            }
        }
    }

    /// Runs `body` for 0 ..< count on as many threads as processors, each with a tool of its own.
    private func inParallel<Tool>(
        _ count: Int, _ tool: @escaping @Sendable () -> Tool, _ body: @escaping @Sendable (Int, Tool) throws -> Void
    ) throws {
        let next = Atomic(0)
        let workers = Workers()
        for number in 0..<min(count, max(2, Host.processorCount)) {
            workers.start("restore-\(number)") { [self] in
                let tool = tool()
                while true {
                    let position = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    if position >= count || workers.failed { return }
                    if cancellation.isCancelled { throw RepositoryFailure.cancelled }
                    try body(position, tool)
                }
            }
        }
        try workers.join()
    }

    /// Decides what of a file must be written, and finishes it if nothing must.
    private func prepare(_ file: RestoredFile) {
        do {
            guard let content = file.item.node.content else {
                throw RepositoryFailure.damaged(object: "'\(file.item.path)'", detail: "the snapshot lists no content for it")
            }
            guard let lengths = indexed.index.plainLengths(content) else {
                let missing = content.first { indexed.index.locate(BlobHandle(type: .data, id: $0)) == nil }
                throw RepositoryFailure.blobMissing(BlobHandle(type: .data, id: missing ?? BlobID(.zero)))
            }
            file.setLayout(content: content, lengths: lengths)
            if file.existing, let status = try target.root.statusIfExists(of: file.item.path), try skip(file, status) { return }
            if content.isEmpty { try finishEmpty(file) }
        } catch {
            fail(file, error)
        }
    }

    /// Applies the overwrite rule to an existing file; true if nothing of its content needs writing.
    private func skip(_ file: RestoredFile, _ status: FileStatus) throws -> Bool {
        let node = file.item.node
        let isNewer = FileTime(node.modificationTime).isLater(than: status.modificationTime)
        switch request.overwrite {
        case .never: return skipUntouched(file)
        case .ifNewer where !isNewer: return skipUntouched(file)
        case .ifChanged
        where status.kind == .regular && status.size == node.size && FileTime(node.modificationTime) == status.modificationTime:
            return try skipContent(file)
        default: break
        }
        guard status.kind == .regular, status.linkCount == 1, status.size > 0 else { return false }
        try compare(file)
        return file.isComplete ? try skipContent(file) : false
    }

    private func skipUntouched(_ file: RestoredFile) -> Bool {
        file.skip()
        count(skippedFiles: 1, skippedBytes: file.byteCount)
        return true
    }

    /// The content is right; the metadata is applied all the same.
    private func skipContent(_ file: RestoredFile) throws -> Bool {
        if let prepared = file.takePrepared() {
            note(file.item.path, try writer.finish(prepared, restored(file.item.node)))
        } else {
            note(file.item.path, metadata.apply(restored(file.item.node), to: file.item.path))
        }
        file.skip()
        count(skippedFiles: 1, skippedBytes: file.byteCount)
        return true
    }

    /// Marks the blobs that the existing file already holds at their places.
    private func compare(_ file: RestoredFile) throws {
        let prepared = try writer.prepare(file.item.path, size: file.byteCount, sparse: false)
        file.setPrepared(prepared)
        guard prepared.existed else { return }
        let hasher = SHA256()
        // Pieces beyond the old end are not there; their lengths are the index's word, and no memory is taken for them.
        for (number, piece) in file.layout.enumerated() where piece.offset + UInt64(piece.byteCount) <= prepared.previousSize {
            let bytes = try [UInt8](byteCount: piece.byteCount) { span in try writer.read(from: prepared, into: &span, at: piece.offset) }
            if bytes.count == piece.byteCount, hasher.digest(of: bytes.span) == piece.id.digest { file.markPresent(number) }
        }
    }

    private func finishEmpty(_ file: RestoredFile) throws {
        note(file.item.path, try writer.writeWhole([UInt8]().span, to: file.item.path, restored(file.item.node)))
        count(items: 1)
    }

    /// Reads what is wanted from one pack and writes it everywhere it belongs.
    private func restore(_ pack: PackWork, _ files: [RestoredFile], _ reader: RangeReader) throws {
        for range in PackRange.group(pack.blobs.keys.map(\.blob)) {
            reader.load(range, of: pack.id)
            for blob in range.blobs {
                if cancellation.isCancelled { throw RepositoryFailure.cancelled }
                let uses = pack.blobs[PackWork.Key(blob)] ?? []
                do {
                    try reader.withContent(of: blob, in: range, of: pack.id) { content in
                        for use in uses { write(content, files[use.file], use.piece) }
                    }
                } catch {
                    for use in uses { fail(files[use.file], error) }
                }
            }
        }
    }

    private func write(_ content: Span<UInt8>, _ file: RestoredFile, _ piece: Int) {
        if file.isFinished { return }
        do {
            let place = file.layout[piece]
            if file.layout.count == 1 && !request.sparse {
                if let compared = file.takePrepared() { writer.close(compared) }
                let failures = try writer.writeWhole(content, to: file.item.path, restored(file.item.node))
                note(file.item.path, failures)
                count(items: 1, bytes: UInt64(content.count))
                return
            }
            let size = file.byteCount
            let prepared = try file.prepared { [self] in try writer.prepare(file.item.path, size: size, sparse: request.sparse) }
            try writer.write(content, to: prepared, at: place.offset)
            count(bytes: UInt64(content.count))
            if file.landed() {
                note(file.item.path, try writer.finish(prepared, restored(file.item.node)))
                count(items: 1)
            }
        } catch {
            fail(file, error)
        }
    }

    /// Reports a file once and leaves it.
    private func fail(_ file: RestoredFile, _ error: any Error) {
        guard file.giveUp() else { return }
        if let prepared = file.takePrepared() { writer.close(prepared) }
        report(file.item.path, error)
    }
}

extension FileTime {
    init(_ time: Timestamp) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }

    func isLater(than other: FileTime) -> Bool { (seconds, nanoseconds) > (other.seconds, other.nanoseconds) }
}

extension FileKind {
    init(_ kind: Node.Kind) {
        switch kind {
        case .file: self = .regular
        case .directory: self = .directory
        case .symbolicLink: self = .symbolicLink
        case .blockDevice: self = .blockDevice
        case .characterDevice: self = .characterDevice
        case .namedPipe: self = .fifo
        case .socket: self = .socket
        case .irregular, .unknown: self = .unknown
        }
    }
}
