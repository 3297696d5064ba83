// CheckOptions: how deep a check looks, and at which part.

package import Bytes
package import RepositoryEngine
package import RepositoryFormat

package struct CheckOptions: Sendable {
    /// Which packs are read completely.
    package enum ReadData: Sendable, Equatable {
        case none
        case all
        /// The packs whose first byte modulo `of` is `part` − 1, so that n runs cover everything; `of` is 1 … 256.
        case part(Int, of: Int)
        /// That many of a hundred packs, chosen at random; at least one.
        case percent(Double)
        /// Random packs of about this many bytes together; at least one.
        case byteCount(UInt64)

        /// `2/7`, `2.5%` or `10G`.
        package init(parsing text: String) throws(UpkeepFailure) {
            guard let value = ReadData.parse(text) else {
                throw .invalidText(text, what: "a part of the data", example: "2/7, 2.5%, or 10G")
            }
            self = value
        }

        private static func parse(_ text: String) -> ReadData? {
            if text.hasSuffix("%") {
                guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { return nil }
                return .percent(percent)
            }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2 else { return ByteCount(parsing: text).flatMap { $0.bytes > 0 ? .byteCount($0.bytes) : nil } }
            guard let part = Int(parts[0]), let count = Int(parts[1]), part >= 1, part <= count, count <= 256 else { return nil }
            return .part(part, of: count)
        }

        /// The chosen ones of `packs`, sorted by id.
        /// - Parameter lastRead: when packs were read before. Given, a percentage or a size counts bytes and takes those packs whose reading
        ///   lies back furthest, the ones never read first, and chance decides between equals. Nil: chance alone, counted as restic counts.
        package func select(
            _ packs: [(id: PackID, byteCount: UInt64)], lastRead: [PackID: Timestamp]? = nil, using random: inout some RandomNumberGenerator
        ) -> [PackID] {
            if let lastRead, let wanted = byteCount(of: packs) { return ReadData.longestUnread(wanted, of: packs, lastRead, &random) }
            let ids = packs.map(\.id).sorted()
            switch self {
            case .none: return []
            case .all: return ids
            case .part(let part, let count): return ids.filter { Int($0.digest.word0 >> 56) % count == part - 1 }
            case .percent(let percent): return choose(Double(ids.count) * percent / 100, of: ids, &random)
            case .byteCount(let wanted):
                let total = packs.reduce(UInt64(0)) { $0 &+ $1.byteCount }
                return choose(total == 0 ? 0 : Double(ids.count) * (Double(wanted) / Double(total)), of: ids, &random)
            }
        }

        /// Of a percentage or a size.
        private func byteCount(of packs: [(id: PackID, byteCount: UInt64)]) -> UInt64? {
            switch self {
            case .none, .all, .part: nil
            case .byteCount(let wanted): wanted
            case .percent(let percent): UInt64((Double(packs.reduce(UInt64(0)) { $0 &+ $1.byteCount }) * min(1, percent / 100)).rounded(.up))
            }
        }

        /// At least `wanted` bytes, so that n runs of an nth part cover everything.
        private static func longestUnread(
            _ wanted: UInt64, of packs: [(id: PackID, byteCount: UInt64)], _ lastRead: [PackID: Timestamp],
            _ random: inout some RandomNumberGenerator
        ) -> [PackID] {
            // Swift's sort is stable: what chance has arranged stays so among those of the same time.
            let longestFirst = packs.sorted { $0.id < $1.id }.shuffled(using: &random)
                .sorted { lastRead[$0.id]?.seconds ?? .min < lastRead[$1.id]?.seconds ?? .min }
            var chosen: [PackID] = [], byteCount: UInt64 = 0
            for pack in longestFirst where byteCount < wanted {
                chosen.append(pack.id)
                byteCount += pack.byteCount
            }
            return chosen.sorted()
        }

        private func choose(_ count: Double, of ids: [PackID], _ random: inout some RandomNumberGenerator) -> [PackID] {
            let count = min(max(count, 1), Double(ids.count))
            return ids.shuffled(using: &random).prefix(Int(count)).sorted()
        }
    }

    package var readData: ReadData
    /// Only the trees of these snapshots, and only packs they use.
    package var filter: SnapshotFilter
    /// When packs were last read completely and found whole, as far as anybody knows; nil to choose by chance.
    package var lastRead: [PackID: Timestamp]?

    package init(readData: ReadData = .none, filter: SnapshotFilter = SnapshotFilter()) {
        self.readData = readData
        self.filter = filter
    }
}
