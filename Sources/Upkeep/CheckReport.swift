// CheckReport: where all parts and threads of a check write down what they find.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization

final class CheckReport: Sendable {
    private let state = Mutex(CheckResult())
    private let broken = Mutex<Set<PackID>>([])

    /// Errors beyond this many are only counted in one last error: a repository without its data would name each blob.
    private static let errorLimit = 100_000

    var result: CheckResult {
        let broken = broken.withLock { $0.sorted() }
        return state.withLock { result in
            result.brokenPacks = broken
            return result
        }
    }

    var errors: [CheckError] { state.withLock { $0.errors } }

    func add(_ error: CheckError) {
        state.withLock { result in
            if result.errors.count < CheckReport.errorLimit { return result.errors.append(error) }
            if result.errors.count == CheckReport.errorLimit {
                result.errors.append(CheckError("the repository", "there are more errors than are listed"))
            }
        }
    }

    /// Notes an error that reading an object gave. Trouble with the store itself is no damage and ends the check.
    func add(_ object: String, _ error: any Error, blobs: [BlobHandle] = []) throws {
        if !CheckReport.isDamage(error) { throw error }
        add(CheckError(object, CheckReport.text(of: error), blobs: blobs))
    }

    /// Whether an error is about what is stored, and not about reaching it.
    static func isDamage(_ error: any Error) -> Bool {
        switch error {
        // A bad sector makes one file unreadable; that is damage like any other.
        case let error as StoreFailure: error.kind != .unreachable
        case RepositoryFailure.cancelled, RepositoryFailure.lockLost: false
        default: true
        }
    }

    static func text(of error: any Error) -> String {
        switch error {
        case RepositoryFailure.damaged(_, let detail): detail
        case RepositoryFailure.blobDamaged(let blob, let pack, let detail): "the \(blob) in pack \(pack.short) is damaged: \(detail)"
        case RepositoryFailure.blobMissing(let blob): "the \(blob) is in no index"
        default: Failure(describing: error).message
        }
    }

    func addHint(_ text: String) { state.withLock { $0.hints.append(text) } }
    func count(_ change: (inout CheckCounts) -> Void) { state.withLock { change(&$0.counts) } }
    func suggestRepairIndex() { state.withLock { $0.suggestsRepairIndex = true } }
    func suggestReadingAllHeaders() { state.withLock { $0.suggestsReadingAllHeaders = true } }
    func suggestRepairSnapshots() { state.withLock { $0.suggestsRepairSnapshots = true } }
    func noteDamaged(_ key: KeyID) { state.withLock { $0.damagedKeys.append(key) } }
    func suggestPrune() { state.withLock { $0.suggestsPrune = true } }
    func setPresent(_ packs: [PackFile]) { state.withLock { $0.presentPacks = Set(packs.map(\.id)) } }
    func setNeeded(_ packs: [PackFile]) { state.withLock { $0.neededPacks = packs } }
    func noteWhole(_ pack: PackID) { state.withLock { $0.wholePacks.append(pack) } }
    func markBroken(_ pack: PackID) { _ = broken.withLock { $0.insert(pack) } }

    /// Notes where the errors show, by their positions in `errors`.
    func setAffected(_ affected: [Int: (paths: [AffectedPath], count: Int)], isComplete: Bool) {
        state.withLock { result in
            for (position, found) in affected where result.errors.indices.contains(position) {
                result.errors[position].affected = found.paths
                result.errors[position].affectedCount = found.count
            }
            result.isTraceComplete = isComplete
            if !affected.isEmpty || !isComplete { result.suggestsRepairSnapshots = true }
        }
    }
}
