// StageLine: how far a long operation on the repository is: a line that rewrites itself on a terminal, one line for each SIGUSR1,
// nothing otherwise.

import Bytes
import HostOS
import Synchronization
import Upkeep

final class StageLine: Sendable {
    private static let pauseNanoseconds: Int64 = 100_000_000

    private let isShown: Bool
    private let lastShown = Mutex(Int64(0))

    init(_ output: OutputOptions) { isShown = !output.quiet && !output.json && Host.isTerminal(2) }

    /// Runs `body` with the line showing what its handler is told.
    func around<R>(_ body: (@escaping UpkeepProgressHandler) throws -> R) rethrows -> R {
        defer { clear() }
        return try body { [self] in show($0) }
    }

    /// Makes room for other output.
    func clear() {
        if isShown { Console.rewrite("") }
    }

    private func show(_ progress: UpkeepProgress) {
        if Interrupts.takeStatusRequest() { Console.message(StageLine.text(progress)) }
        guard isShown, isDue() else { return }
        Console.rewrite(StageLine.text(progress))
    }

    private func isDue() -> Bool {
        let now = Host.monotonicNanoseconds()
        return lastShown.withLock { last in
            if now - last < StageLine.pauseNanoseconds { return false }
            last = now
            return true
        }
    }

    private static func text(_ progress: UpkeepProgress) -> String {
        let count = progress.total.map { "\(progress.done) of \($0)" } ?? "\(progress.done)"
        let bytes = progress.byteCount > 0 ? "  \(ByteCount(progress.byteCount))" : ""
        return "\(words(progress.stage))  \(count)\(bytes)"
    }

    private static func words(_ stage: UpkeepProgress.Stage) -> String {
        switch stage {
        case .loadingSnapshots: "loading snapshots"
        case .loadingIndexes: "loading index files"
        case .walkingTrees: "reading trees"
        case .readingPacks: "reading packs"
        case .tracingDamage: "looking for files concerned, snapshot"
        case .repackingPacks: "rewriting packs"
        case .rewritingIndex: "rewriting index files"
        case .deletingPacks: "deleting packs"
        case .deletingSnapshots: "deleting snapshots"
        case .countingSnapshots: "counting snapshots"
        case .readingPackHeaders: "reading what packs hold, pack"
        case .salvagingPacks: "saving what is whole in packs"
        case .repairingSnapshots: "repairing snapshots"
        case .rewritingTrees: "rewriting snapshots"
        case .replacingSnapshots: "saving snapshots"
        case .copyingPacks: "copying packs"
        case .readingFiles: "reading files"
        case .makingParity: "making parity for packs"
        case .rebuildingPacks: "rebuilding packs"
        }
    }
}
