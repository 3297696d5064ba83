// CheckOptions: how deep a check looks, and at which part.

import Bytes
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
        package func select(_ packs: [(id: PackID, byteCount: UInt64)], using random: inout some RandomNumberGenerator) -> [PackID] {
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

        private func choose(_ count: Double, of ids: [PackID], _ random: inout some RandomNumberGenerator) -> [PackID] {
            let count = min(max(count, 1), Double(ids.count))
            return ids.shuffled(using: &random).prefix(Int(count)).sorted()
        }
    }

    package var readData: ReadData
    /// Only the trees of these snapshots, and only packs they use.
    package var filter: SnapshotFilter

    package init(readData: ReadData = .none, filter: SnapshotFilter = SnapshotFilter()) {
        self.readData = readData
        self.filter = filter
    }
}
