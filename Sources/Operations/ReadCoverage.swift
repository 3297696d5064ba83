// ReadCoverage: how much of the stored data has been read back, and how long ago: what a verify or a scrub of 5 % a night amounts to.
//
// The journal remembers for each pack when it was last read from the first to the last byte and found whole (RunJournal+Coverage).
// Only packs that the snapshots looked at need are counted. Not promised: that a pack read last week is whole today. What is said is
// when it was last seen to be.

package import Bytes
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Upkeep

package struct ReadCoverage: Sendable {
    package private(set) var packCount = 0
    package private(set) var byteCount: UInt64 = 0
    /// Ever read back, with this verify.
    package private(set) var readPackCount = 0
    package private(set) var readByteCount: UInt64 = 0
    /// When the pack whose reading lies back furthest was read; nil if none was.
    package private(set) var oldest: Timestamp?
    private let now: Timestamp

    /// - Parameter known: when packs were read before this verify.
    init(_ check: CheckResult, known: [PackID: Timestamp], now: Timestamp) {
        self.init(
            check.neededPacks.map { (id: $0.id, byteCount: $0.byteCount) }, known: known, whole: Set(check.wholePacks),
            broken: Set(check.brokenPacks), now: now)
    }

    /// - Parameters:
    ///   - known: when packs were read before.
    ///   - whole: which were read just now.
    init(
        _ packs: [(id: PackID, byteCount: UInt64)], known: [PackID: Timestamp], whole: Set<PackID>, broken: Set<PackID>, now: Timestamp
    ) {
        self.now = now
        for pack in packs {
            packCount += 1
            byteCount += pack.byteCount
            guard !broken.contains(pack.id), let time = whole.contains(pack.id) ? now : known[pack.id] else { continue }
            readPackCount += 1
            readByteCount += pack.byteCount
            oldest = min(oldest ?? time, time)
        }
    }

    /// Whether all data has been read back at some time.
    package var isComplete: Bool { readPackCount == packCount }

    /// Within how many days all data has been read back, at least 1; nil if some of it never was.
    package var days: Int64? {
        guard isComplete, let oldest else { return nil }
        return max(1, (now.seconds - oldest.seconds + 86_399) / 86_400)
    }

    /// Of the bytes, 0 … 1.
    package var share: Double { byteCount == 0 ? 1 : Double(readByteCount) / Double(byteCount) }

    package var sentence: String {
        if packCount == 0 { return "nothing is stored yet" }
        if let days { return days == 1 ? "all data has been read back within a day" : "all data has been read back within \(days) days" }
        let percent = share >= 0.995 ? "more than 99" : "\(Int((share * 100).rounded(.down)))"
        return "\(percent) % of the data has been read back so far (\(ByteCount(readByteCount)) of \(ByteCount(byteCount)))"
    }
}

extension AppRun {
    /// When the packs of a repository were last read back, as far as this machine knows.
    func packReadings(of repository: Digest) -> [PackID: Timestamp] {
        let readings = withJournal { (journal) throws(JournalFailure) in try journal.packReadings(of: repository.hex) } ?? [:]
        return Dictionary(uniqueKeysWithValues: readings.map { (PackID($0.key), $0.value) })
    }

    func recordPackReadings(_ check: CheckResult, of repository: Digest, at time: Timestamp) {
        withJournal { (journal) throws(JournalFailure) in
            try journal.recordPackReadings(
                check.wholePacks.map(\.digest), present: Set(check.presentPacks.map(\.digest)), damaged: Set(check.brokenPacks.map(\.digest)),
                of: repository.hex, at: time)
        }
    }
}
