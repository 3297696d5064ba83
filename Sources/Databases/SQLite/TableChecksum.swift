// TableChecksum: the content of a table as a number of rows and 32 bytes, whatever order the rows come in.
//
// 1. A row is written in a canonical form: for each column its type and value (CanonicalRow).
// 2. The form is hashed with SHA-256 and read as a 256-bit number.
// 3. The numbers of all rows are added modulo 2^256. Equal rows count as often as they occur; order does not matter.
//
// Columns: the declared ones that are stored as the user wrote them. Generated columns follow from them and are left out, as is the
// rowid where no column names it: VACUUM may change it. Text is compared as UTF-8 whatever the database's encoding.
// Proof against accidents, not against a forger: whoever can choose many rows can construct equal sums. The SHA-256 of the
// whole file, kept beside it in the manifest, is what stands against that.

package import Bytes
import Codecs

package struct TableChecksum: Hashable, Sendable {
    package var rowCount: UInt64 = 0
    /// The sum so far, most significant word first.
    package var sum = Digest.zero

    package init() {}
    package init(rowCount: UInt64, sum: Digest) {
        self.rowCount = rowCount
        self.sum = sum
    }

    package mutating func add(_ row: Digest) {
        rowCount += 1
        let (word3, carry3) = sum.word3.addingReportingOverflow(row.word3)
        let (word2, carry2) = TableChecksum.add(sum.word2, row.word2, carry3)
        let (word1, carry1) = TableChecksum.add(sum.word1, row.word1, carry2)
        let (word0, _) = TableChecksum.add(sum.word0, row.word0, carry1)
        sum = Digest(word0: word0, word1: word1, word2: word2, word3: word3)
    }

    private static func add(_ a: UInt64, _ b: UInt64, _ carry: Bool) -> (UInt64, Bool) {
        let (partial, first) = a.addingReportingOverflow(b)
        let (sum, second) = partial.addingReportingOverflow(carry ? 1 : 0)
        return (sum, first || second)
    }

    /// Reads every row of `statement`. Memory: one row.
    package static func of(_ statement: SQLiteStatement) throws(DatabaseFailure) -> TableChecksum {
        let hasher = SHA256(), columnCount = statement.columnCount
        var checksum = TableChecksum(), row: [UInt8] = []
        while try statement.step() {
            row.removeAll(keepingCapacity: row.capacity <= 1 << 20)
            for column in 0..<columnCount { statement.appendCanonical(column, to: &row) }
            checksum.add(hasher.digest(of: row.span))
        }
        return checksum
    }
}

/// The canonical form of values: a type byte, then what SQLite holds. Lengths and integers are 8 bytes, big-endian.
enum CanonicalRow {
    static func appendNull(to row: inout [UInt8]) { row.append(0) }

    static func append(integer: Int64, to row: inout [UInt8]) {
        row.append(1)
        append(word: UInt64(bitPattern: integer), to: &row)
    }

    static func append(real: Double, to row: inout [UInt8]) {
        row.append(2)
        append(word: real.bitPattern, to: &row)
    }

    static func append(text: UnsafeRawBufferPointer, to row: inout [UInt8]) {
        row.append(3)
        append(word: UInt64(text.count), to: &row)
        unsafe row.append(contentsOf: text)
    }

    static func append(blob: UnsafeRawBufferPointer, to row: inout [UInt8]) {
        row.append(4)
        append(word: UInt64(blob.count), to: &row)
        unsafe row.append(contentsOf: blob)
    }

    private static func append(word: UInt64, to row: inout [UInt8]) {
        unsafe withUnsafeBytes(of: word.bigEndian) { unsafe row.append(contentsOf: $0) }
    }
}
