// OrdinalSet: a set of blobs as bits over their ordinals in the index: an eighth of a byte for each blob of the repository.

package struct OrdinalSet: Sendable {
    private var words: [UInt64]
    package private(set) var count = 0

    /// An empty set of ordinals below `capacity`.
    package init(capacity: Int) { words = Array(repeating: 0, count: (capacity + 63) / 64) }

    package func contains(_ ordinal: Int) -> Bool { words[ordinal >> 6] & (1 << UInt64(ordinal & 63)) != 0 }

    /// True if it was not in the set.
    @discardableResult
    package mutating func insert(_ ordinal: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(ordinal & 63)
        guard words[ordinal >> 6] & bit == 0 else { return false }
        words[ordinal >> 6] |= bit
        count += 1
        return true
    }
}
