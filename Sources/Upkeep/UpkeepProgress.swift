// UpkeepProgress: how far a long operation is, as counts. Shown by faces; never needed for correctness.

import Synchronization

package struct UpkeepProgress: Sendable, Equatable {
    package enum Stage: String, Sendable {
        case loadingSnapshots, loadingIndexes, walkingTrees, readingPacks, readingPackHeaders, tracingDamage
        case repackingPacks, rewritingIndex, deletingPacks, deletingSnapshots
        case countingSnapshots
        case salvagingPacks, repairingSnapshots
        case rewritingTrees, replacingSnapshots, copyingPacks
        case readingFiles, makingParity, rebuildingPacks
    }

    package let stage: Stage
    /// Snapshots, index files, trees, packs: what the stage counts.
    package let done: UInt64
    /// Nil where it is not known beforehand.
    package let total: UInt64?
    /// Bytes read so far, in stages that read packs; else 0.
    package let byteCount: UInt64

    package init(stage: Stage, done: UInt64, total: UInt64?, byteCount: UInt64 = 0) {
        self.stage = stage
        self.done = done
        self.total = total
        self.byteCount = byteCount
    }
}

/// Called from several threads at once, after each unit of work.
package typealias UpkeepProgressHandler = @Sendable (UpkeepProgress) -> Void

/// Counts one stage for all of its threads.
final class StageCounter: Sendable {
    private let stage: UpkeepProgress.Stage
    private let total: UInt64?
    private let handler: UpkeepProgressHandler
    private let counts = Mutex((done: UInt64(0), byteCount: UInt64(0)))

    init(_ stage: UpkeepProgress.Stage, total: Int?, _ handler: @escaping UpkeepProgressHandler) {
        self.stage = stage
        self.total = total.map { UInt64($0) }
        self.handler = handler
        handler(UpkeepProgress(stage: stage, done: 0, total: self.total))
    }

    func advance(byteCount: UInt64 = 0) {
        let now = counts.withLock { counts in
            counts.done += 1
            counts.byteCount += byteCount
            return counts
        }
        handler(UpkeepProgress(stage: stage, done: now.done, total: total, byteCount: now.byteCount))
    }
}
