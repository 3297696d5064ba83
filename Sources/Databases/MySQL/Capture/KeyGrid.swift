// KeyGrid: where a table with one integer key is cut into files: at fixed multiples, so that a file's borders never move.
//
// A cell holds 65,536 keys. Where the keys are sparse (random or time-based numbers), 16 times as many, or 256 times, and so on, until
// a cell has some thousands of rows to expect: another factor would change every border, so it is a coarse one. Which one depends on
// the first and last key and the number of rows, counted, not estimated: an unchanged table is cut in the same places.

struct KeyGrid: Hashable, Sendable {
    /// A cell holds 2 to this power of keys.
    let bits: Int

    private static let usualBits = 16
    /// So few cells are never too many.
    private static let harmlessCellCount: Int128 = 16
    /// A cell of the usual size with at least an eighth of its keys in use is full enough.
    private static let densestSpread: Int128 = 8

    init(bits: Int = KeyGrid.usualBits) { self.bits = bits }

    /// - Parameters:
    ///   - keys: the first and the last; nil for an empty table.
    ///   - estimatedRows: saves the counting if it leaves no doubt.
    ///   - countRows: exactly.
    init<E: Error>(keys: ClosedRange<Int128>?, estimatedRows: UInt64, countRows: () throws(E) -> UInt64) throws(E) {
        self.init()
        guard let keys, cell(of: keys.upperBound) - cell(of: keys.lowerBound) >= Self.harmlessCellCount else { return }
        let span = keys.upperBound - keys.lowerBound + 1
        if span / max(Int128(estimatedRows), 1) < Self.densestSpread / 4 { return }
        var spread = span / max(Int128(try countRows()), 1), bits = Self.usualBits
        while spread > Self.densestSpread {
            spread /= 16
            bits += 4
        }
        self.init(bits: bits)
    }

    /// Rounded towards minus infinity.
    func cell(of key: Int128) -> Int128 { key >> Int128(bits) }

    func keys(of cell: Int128) -> ClosedRange<Int128> {
        let first = cell << Int128(bits)
        return first...(first + (1 << Int128(bits)) - 1)
    }

    /// The first key of the cell in 20 digits, so that names sort as keys do.
    func fileName(of cell: Int128) -> String {
        let first = keys(of: cell).lowerBound, digits = String(first.magnitude)
        return (first < 0 ? "-" : "") + String(repeating: "0", count: max(0, 20 - digits.count)) + digits + ".tsv"
    }

    /// Ranges of whole cells that together hold `keys`, for several readers: each of at most `cellCount` cells.
    func portions(of keys: ClosedRange<Int128>, cellCount: Int128) -> [ClosedRange<Int128>] {
        var portions: [ClosedRange<Int128>] = []
        var first = cell(of: keys.lowerBound)
        let last = cell(of: keys.upperBound)
        while first <= last {
            let end = min(last, first + cellCount - 1)
            portions.append(self.keys(of: first).lowerBound...self.keys(of: end).upperBound)
            first = end + 1
        }
        return portions
    }
}
