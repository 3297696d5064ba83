// RepositoryStatistics: how much some snapshots hold, counted in one of four ways (those of `restic stats`).

import Bytes
import Codecs
package import RepositoryEngine
import RepositoryFormat
import Synchronization

package struct RepositoryStatistics: Sendable, Equatable {
    package enum Mode: String, Sendable, CaseIterable {
        /// What restoring all of the snapshots would write; a hard-linked file counts once per snapshot. Directories count as files.
        case restoreSize = "restore-size"
        /// Files that differ in content, over all snapshots.
        case filesByContents = "files-by-contents"
        /// The blobs of every file that differs in content, per path.
        case blobsPerFile = "blobs-per-file"
        /// The blobs as they are stored, each once.
        case rawData = "raw-data"
    }

    package var snapshotCount = 0
    /// Plain bytes; in `rawData` sealed bytes.
    package var totalByteCount: UInt64 = 0
    package var fileCount: UInt64 = 0
    package var blobCount: UInt64 = 0
    /// Only in `rawData`: what the blobs would take uncompressed, seals included.
    package var uncompressedByteCount: UInt64 = 0
    /// Of the blobs that are compressed: before and after. Only in `rawData`.
    package var compressiblePlainByteCount: UInt64 = 0
    package var compressedByteCount: UInt64 = 0

    package init() {}

    /// How many times smaller the compressed blobs are; nil if there are none.
    package var compressionRatio: Double? {
        compressedByteCount == 0 ? nil : Double(compressiblePlainByteCount) / Double(compressedByteCount)
    }

    /// Percent of all bytes that are stored compressed.
    package var compressionProgress: Double? {
        uncompressedByteCount == 0 ? nil : Double(compressiblePlainByteCount) / Double(uncompressedByteCount) * 100
    }

    /// Percent of space saved by compression.
    package var compressionSpaceSaving: Double? {
        uncompressedByteCount == 0 ? nil : (1 - Double(totalByteCount) / Double(uncompressedByteCount)) * 100
    }

    /// Counts. A tree that cannot be read ends it with an error.
    package static func compute(
        _ mode: Mode, of snapshots: [CatalogedSnapshot], in indexed: IndexedRepository, progress: @escaping UpkeepProgressHandler = { _ in }
    ) throws -> RepositoryStatistics {
        var statistics: RepositoryStatistics
        switch mode {
        case .rawData: statistics = try rawData(snapshots, indexed, progress)
        case .restoreSize: statistics = try run(RestoreSizeCounter(), snapshots, indexed, progress)
        case .filesByContents: statistics = try run(ContentCounter(indexed.index, countsBlobs: false), snapshots, indexed, progress)
        case .blobsPerFile: statistics = try run(ContentCounter(indexed.index, countsBlobs: true), snapshots, indexed, progress)
        }
        statistics.snapshotCount = snapshots.count
        return statistics
    }

    private static func run(
        _ counter: some StatisticsCounter, _ snapshots: [CatalogedSnapshot], _ indexed: IndexedRepository,
        _ progress: @escaping UpkeepProgressHandler
    ) throws -> RepositoryStatistics {
        let walk = DepthFirstWalk(indexed)
        let stage = StageCounter(.countingSnapshots, total: snapshots.count, progress)
        for snapshot in snapshots {
            counter.beginSnapshot()
            try walk.walk(snapshot.snapshot.tree, counter)
            stage.advance()
        }
        return counter.statistics
    }

    private static func rawData(
        _ snapshots: [CatalogedSnapshot], _ indexed: IndexedRepository, _ progress: @escaping UpkeepProgressHandler
    ) throws -> RepositoryStatistics {
        let reachability = try Reachability.compute(snapshots.map(\.snapshot.tree), in: indexed, progress: progress)
        if let missing = reachability.missing.min() { throw RepositoryFailure.blobMissing(missing) }
        var statistics = RepositoryStatistics()
        indexed.index.forEachPack { entries in
            for (position, blob) in entries.blobs.enumerated() where reachability.used.contains(entries.firstOrdinal + position) {
                statistics.count(blob, version: indexed.repository.config.version)
            }
        }
        return statistics
    }

    private mutating func count(_ blob: PackedBlob, version: RepositoryVersion) {
        blobCount += 1
        totalByteCount += UInt64(blob.length)
        guard version == .two else { return }
        let plain = UInt64(blob.plainLength) + UInt64(PackHeader.sealOverhead)
        uncompressedByteCount += plain
        if blob.isCompressed {
            compressedByteCount += UInt64(blob.length)
            compressiblePlainByteCount += plain
        }
    }
}

private protocol StatisticsCounter: TreeVisitor {
    var statistics: RepositoryStatistics { get }
    func beginSnapshot()
}

extension StatisticsCounter {
    func skip(_ tree: BlobID, at path: BytePath, because error: any Error) throws { throw error }
}

/// Sums every node of every snapshot. Trees without hard links are read once: their sums are kept.
private final class RestoreSizeCounter: StatisticsCounter {
    private struct Sum {
        var files: UInt64 = 0
        var byteCount: UInt64 = 0
        var hasHardLinks = false

        mutating func add(_ other: Sum) {
            // Sizes and numbers are the repository's word; their sums must not trap.
            files &+= other.files
            byteCount &+= other.byteCount
            if other.hasHardLinks { hasHardLinks = true }
        }
    }

    private struct Link: Hashable {
        let inode: UInt64
        let device: UInt64
    }

    /// One per tree on the way down; the first is the total of all snapshots.
    private var open = [Sum()]
    private var known: [BlobID: Sum] = [:]
    private var links: Set<Link> = []

    var statistics: RepositoryStatistics {
        var statistics = RepositoryStatistics()
        statistics.fileCount = open[0].files
        statistics.totalByteCount = open[0].byteCount
        return statistics
    }

    func beginSnapshot() { links = [] }

    func enter(_ tree: BlobID, at path: BytePath) -> Bool {
        if let sum = known[tree] {
            open[open.count - 1].add(sum)
            return false
        }
        open.append(Sum())
        return true
    }

    func visit(_ node: Node, at path: BytePath) {
        var sum = Sum(files: 1, byteCount: node.size)
        if node.kind != .directory && node.linkCount != 1 && node.inode != 0 {
            sum.hasHardLinks = true
            if !links.insert(Link(inode: node.inode, device: node.deviceID)).inserted { sum.byteCount = 0 }
        }
        open[open.count - 1].add(sum)
    }

    func leave(_ tree: BlobID) {
        let sum = open.removeLast()
        if !sum.hasHardLinks { known[tree] = sum }
        open[open.count - 1].add(sum)
    }
}

/// Counts nodes by their content, whatever their names; a tree seen before has nothing new.
private final class ContentCounter: StatisticsCounter {
    private let index: BlobIndex
    private let countsBlobs: Bool
    private let hasher = SHA256()
    private var trees: Set<BlobID> = []
    private var contents: Set<Digest> = []
    private var paths: Set<Digest> = []
    /// Hashes of a path and a blob of a file there.
    private var references: Set<Digest> = []
    private(set) var statistics = RepositoryStatistics()

    init(_ index: BlobIndex, countsBlobs: Bool) {
        self.index = index
        self.countsBlobs = countsBlobs
    }

    func beginSnapshot() {}
    func enter(_ tree: BlobID, at path: BytePath) -> Bool { trees.insert(tree).inserted }
    func leave(_ tree: BlobID) {}

    func visit(_ node: Node, at path: BytePath) throws {
        let content = node.content ?? []
        for id in content { hasher.update(id.digest.bytes.span) }
        guard contents.insert(hasher.finish()).inserted else { return }
        guard countsBlobs else {
            statistics.fileCount += 1
            statistics.totalByteCount &+= node.size
            return
        }
        for id in content { try count(id, path) }
    }

    private func count(_ id: BlobID, _ path: BytePath) throws {
        if paths.insert(hasher.digest(of: path.bytes.span)).inserted { statistics.fileCount += 1 }
        hasher.update(id.digest.bytes.span)
        guard references.insert(hasher.digest(of: path.bytes.span)).inserted else { return }
        let handle = BlobHandle(type: .data, id: id)
        guard let location = index.locate(handle) else { throw RepositoryFailure.blobMissing(handle) }
        statistics.totalByteCount &+= UInt64(max(0, location.plainByteCount))
        statistics.blobCount += 1
    }
}
