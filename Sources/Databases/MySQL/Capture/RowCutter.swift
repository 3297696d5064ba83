// RowCutter: decides, row by row, which file a row belongs to, and counts what goes in.
//
// - A grid: the cell of the key.
// - Any other key, or none: after a row whose key (or whole row) has a hash with 16 zero bits, a new file begins: on average every
//   65,536 rows, and at the same rows tomorrow, whatever was inserted or deleted elsewhere. Its name is the hash of its first key.

struct RowCutter {
    enum Rule {
        case grid(KeyGrid, column: Int)
        case key([Int])
        case row
    }

    /// Files cut by content hold no fewer rows than this, or rows that are all alike could make a file each.
    private static let fewestRows: UInt64 = 1024
    private static let cutMask: UInt64 = 0xffff

    private let rule: Rule
    private var cell: Int128?
    private var cellKeys: ClosedRange<Int128> = 0...0
    private var rowsInFile: UInt64 = 0
    private var cutsNext = true
    private var keyHash: UInt64 = 0
    private var usedNames: Set<String> = []

    init(_ rule: Rule) { self.rule = rule }

    /// The name of the file that starts with this row; nil if the row goes on with the one before.
    /// - Throws: nothing; a key that is no number, which a server never sends for an integer column, counts as 0.
    mutating func startsFile(_ row: MySQLRow) -> String? {
        switch rule {
        case .grid(let grid, let column):
            let key = row.integer(column)
            if cell != nil && cellKeys.contains(key) { return nil }
            let next = grid.cell(of: key)
            cell = next
            cellKeys = grid.keys(of: next)
            return grid.fileName(of: next)
        case .key(let columns):
            keyHash = 0
            for column in columns { keyHash = row.hash(column, seed: keyHash) }
            return startsFileByContent(hash: keyHash)
        case .row:
            guard cutsNext else { return nil }
            var hash: UInt64 = 0
            for column in 0..<row.columnCount { hash = row.hash(column, seed: hash) }
            return startsFileByContent(hash: hash)
        }
    }

    private mutating func startsFileByContent(hash: UInt64) -> String? {
        guard cutsNext else { return nil }
        let isFirst = usedNames.isEmpty
        cutsNext = false
        rowsInFile = 0
        let digits = String(hash, radix: 16)
        let base = isFirst ? "first" : String(repeating: "0", count: 16 - digits.count) + digits
        var name = base + ".tsv", number = 1
        while !usedNames.insert(name).inserted {
            number += 1
            name = "\(base)-\(number).tsv"
        }
        return name
    }

    /// - Parameter hash: of the row's text.
    mutating func wrote(rowHash: UInt64) {
        rowsInFile += 1
        switch rule {
        case .grid: break
        case .key: cutsNext = keyHash & Self.cutMask == 0 && rowsInFile >= Self.fewestRows
        case .row: cutsNext = rowHash & Self.cutMask == 0 && rowsInFile >= Self.fewestRows
        }
    }
}
