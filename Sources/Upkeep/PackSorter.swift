// PackSorter: the decisions of a prune plan, pack by pack.

import Bytes
import RepositoryEngine
import RepositoryFormat
import Stores

struct PackSorter {
    private(set) var unindexed: [PackID] = []
    private(set) var removed: [PackID] = []
    private(set) var repacked: [PackID] = []
    private(set) var missing: [PackID] = []
    private(set) var statistics = PruneStatistics()

    private let survey: UsageSurvey
    private let options: PruneOptions
    private let version: RepositoryVersion
    /// Packs from this size on are large enough.
    private let targetByteCount: UInt64
    private var candidates: [Candidate] = []
    private var smallCandidates: [Candidate] = []

    /// Rewriting fewer small packs than this is not worth it, and would never end for a single one.
    private static let minimumSmallPackCount = 10
    private static let minimumUsualByteCount: UInt64 = 4 << 20

    private struct Candidate {
        let usage: PackUsage
        let mustCompress: Bool
    }

    init(_ survey: UsageSurvey, _ options: PruneOptions, version: RepositoryVersion, packs: [StoreEntry]) {
        self.survey = survey
        self.options = options
        self.version = version
        let sizes = packs.map(\.byteCount).sorted()
        let usual = sizes.isEmpty ? 0 : sizes[sizes.count * 3 / 100]
        // Divided first: a hostile listing may claim any size.
        targetByteCount = options.smallPackByteCount ?? max(PackSorter.minimumUsualByteCount, usual) / 5 * 4
    }

    mutating func sort(_ packs: [StoreEntry]) throws(UpkeepFailure) {
        statistics.usedBlobCount = survey.wantedCopies.count
        statistics.usedByteCount = survey.usedByteCount
        statistics.duplicateBlobCount = survey.duplicateBlobCount
        statistics.duplicateByteCount = survey.duplicateByteCount
        for pack in survey.packs {
            statistics.unusedBlobCount += pack.unusedBlobCount
            statistics.unusedByteCount += pack.unusedByteCount
        }
        statistics.unusedBlobCount -= survey.duplicateBlobCount
        statistics.unusedByteCount -= survey.duplicateByteCount
        try compare(packs)
        if smallCandidates.count < PackSorter.minimumSmallPackCount {
            statistics.keptPackCount += smallCandidates.count
        } else {
            candidates += smallCandidates
        }
        candidates.sort(by: comesFirst)
        chooseCandidates()
    }

    // MARK: Listing against index

    private mutating func compare(_ listing: [StoreEntry]) throws(UpkeepFailure) {
        var sizes: [PackID: UInt64] = [:]
        sizes.reserveCapacity(listing.count)
        for entry in listing { sizes[PackID(entry.name)] = entry.byteCount }
        var neededButMissing: [PackID] = []
        for usage in survey.packs {
            if let size = sizes.removeValue(forKey: usage.id) {
                try place(usage, size)
            } else if usage.usedBlobCount == 0 {
                missing.append(usage.id)
            } else {
                neededButMissing.append(usage.id)
            }
        }
        if let example = neededButMissing.min() {
            throw .neededPackMissing(packs: neededButMissing.count, example: example.short)
        }
        unindexed = sizes.keys.sorted()
        statistics.unindexedPackCount = sizes.count
        statistics.unindexedByteCount = sizes.values.reduce(0, &+)
    }

    private mutating func place(_ usage: PackUsage, _ actualByteCount: UInt64) throws(UpkeepFailure) {
        if usage.usedBlobCount == 0 {
            removed.append(usage.id)
            statistics.removedPackCount += 1
            statistics.removedByteCount &+= actualByteCount
            return
        }
        guard usage.byteCount == actualByteCount else {
            throw .packSizeMismatch(pack: usage.id.short, expected: usage.byteCount, actual: actualByteCount)
        }
        let mustCompress = version == .two && usage.holdsUncompressed && (usage.contents == .trees || options.repacksUncompressed)
        if options.repacksOnlyTrees && usage.contents == .data {
            statistics.keptPackCount += 1
        } else if usage.unusedBlobCount > 0 || usage.contents == .mixed || mustCompress {
            candidates.append(Candidate(usage: usage, mustCompress: mustCompress))
        } else if usage.byteCount >= targetByteCount {
            statistics.keptPackCount += 1
        } else {
            smallCandidates.append(Candidate(usage: usage, mustCompress: false))
        }
    }

    // MARK: Which candidates are rewritten

    private func comesFirst(_ a: Candidate, _ b: Candidate) -> Bool {
        let (p, q) = (a.usage, b.usage)
        if (p.contents == .data) != (q.contents == .data) { return q.contents == .data }
        if (p.byteCount < targetByteCount) != (q.byteCount < targetByteCount) { return p.byteCount < targetByteCount }
        let (left, right) = (
            p.unusedByteCount.multipliedFullWidth(by: q.usedByteCount), q.unusedByteCount.multipliedFullWidth(by: p.usedByteCount)
        )
        if left.high != right.high { return left.high > right.high }
        if left.low != right.low { return left.low > right.low }
        return p.id < q.id
    }

    private mutating func chooseCandidates() {
        let limit = options.maximumUnused.byteCount(used: statistics.usedByteCount)
        var remaining = candidates.reduce(UInt64(0)) { $0 + $1.usage.unusedByteCount } + unusedInKeptPacks
        for candidate in candidates {
            let usage = candidate.usage
            let total = statistics.repackedByteCount + usage.byteCount
            let isTooMuch = options.maximumRepackByteCount.map { total >= $0 } ?? false
            let isTolerable = remaining < limit && usage.byteCount >= targetByteCount && usage.contents == .data && !candidate.mustCompress
            if isTooMuch || isTolerable {
                statistics.keptPackCount += 1
                continue
            }
            repacked.append(usage.id)
            statistics.repackedPackCount += 1
            statistics.repackedByteCount = total
            statistics.repackFreedByteCount += usage.unusedByteCount
            remaining -= usage.unusedByteCount
        }
        statistics.remainingUnusedByteCount = remaining
    }

    /// Data packs that are kept whatever they hold, because only trees are rewritten.
    private var unusedInKeptPacks: UInt64 {
        guard options.repacksOnlyTrees else { return 0 }
        return survey.packs.reduce(0) { $0 + ($1.contents == .data && $1.usedBlobCount > 0 ? $1.unusedByteCount : 0) }
    }
}
