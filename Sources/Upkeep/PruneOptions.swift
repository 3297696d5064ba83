// PruneOptions: how much rubbish may stay, and how much work may be done to remove it.

import Bytes

package struct PruneOptions: Sendable, Equatable {
    /// How many unneeded bytes may stay in packs that are partly needed.
    package enum UnusedLimit: Sendable, Equatable {
        /// Of the repository's size after pruning; below 100.
        case percent(Double)
        case byteCount(UInt64)
        case unlimited

        /// `5%`, `200M` or `unlimited`.
        package init(parsing text: String) throws(UpkeepFailure) {
            guard let limit = UnusedLimit.parse(text) else {
                throw .invalidText(text, what: "a limit for unused data", example: "5%, 200M, or unlimited")
            }
            self = limit
        }

        private static func parse(_ text: String) -> UnusedLimit? {
            if text == "unlimited" { return .unlimited }
            if !text.hasSuffix("%") { return ByteCount(parsing: text).map { .byteCount($0.bytes) } }
            guard let percent = Double(text.dropLast()), percent >= 0, percent < 100 else { return nil }
            return .percent(percent)
        }

        /// The bytes that may stay beside `used` needed bytes.
        package func byteCount(used: UInt64) -> UInt64 {
            switch self {
            case .byteCount(let count): return count
            case .unlimited: return .max
            case .percent(let percent):
                let limit = percent / (100 - percent) * Double(used)
                return limit < Double(UInt64.max) ? UInt64(max(limit, 0)) : .max
            }
        }
    }

    package var maximumUnused: UnusedLimit
    /// Bytes of packs that may be rewritten; nil for no limit.
    package var maximumRepackByteCount: UInt64?
    /// Rewrite only packs of trees, which a local cache would hold.
    package var repacksOnlyTrees: Bool
    /// Also rewrite data that is stored uncompressed.
    package var repacksUncompressed: Bool
    /// Packs below this size are rewritten together; nil: 4/5 of what packs here usually have.
    package var smallPackByteCount: UInt64?

    package init(
        maximumUnused: UnusedLimit = .percent(5), maximumRepackByteCount: UInt64? = nil, repacksOnlyTrees: Bool = false,
        repacksUncompressed: Bool = false, smallPackByteCount: UInt64? = nil
    ) {
        self.maximumUnused = maximumUnused
        self.maximumRepackByteCount = maximumRepackByteCount
        self.repacksOnlyTrees = repacksOnlyTrees
        self.repacksUncompressed = repacksUncompressed
        self.smallPackByteCount = smallPackByteCount
    }
}

/// What a plan will do, in bytes and counts. Sizes of blobs are sealed sizes.
package struct PruneStatistics: Sendable, Equatable {
    package var usedBlobCount = 0
    package var usedByteCount: UInt64 = 0
    /// Further copies of needed blobs.
    package var duplicateBlobCount = 0
    package var duplicateByteCount: UInt64 = 0
    package var unusedBlobCount = 0
    package var unusedByteCount: UInt64 = 0
    package var unindexedPackCount = 0
    package var unindexedByteCount: UInt64 = 0

    package var repackedPackCount = 0
    package var repackedByteCount: UInt64 = 0
    /// Unneeded bytes that vanish by rewriting packs.
    package var repackFreedByteCount: UInt64 = 0
    package var removedPackCount = 0
    package var removedByteCount: UInt64 = 0
    package var keptPackCount = 0
    /// Bytes that will be free: unindexed packs, packs without needed blobs, and what rewriting drops.
    package var freedByteCount: UInt64 { unindexedByteCount + removedByteCount + repackFreedByteCount }
    /// Unneeded bytes that stay because they are below the limit.
    package var remainingUnusedByteCount: UInt64 = 0

    package init() {}
}
