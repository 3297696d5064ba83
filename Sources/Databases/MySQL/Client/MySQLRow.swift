// MySQLRow: the row a connection has just received, lent where the library holds it.
//
// Values are bytes, NULL is nil. They are gone when the next row arrives: whoever keeps one copies it.

import CMariaDB

// Safe because: the pointers are those of the current row, replaced at every step and forgotten at the end of the result; a row kept
// longer reads as NULL everywhere. Belongs to the connection's thread.
@safe package final class MySQLRow {
    package let columnCount: Int
    private var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    private var lengths: UnsafeMutablePointer<UInt>?

    init(columnCount: Int) { self.columnCount = columnCount }

    /// Moves to the next row; false at the end or after a failure.
    func advance(_ result: UnsafeMutablePointer<MYSQL_RES>) -> Bool {
        unsafe values = mysql_fetch_row(result)
        unsafe lengths = values == nil ? nil : mysql_fetch_lengths(result)
        return unsafe values != nil && lengths != nil
    }

    func end() {
        unsafe values = nil
        unsafe lengths = nil
    }

    /// Traps on a column that is not there.
    package func isNull(_ column: Int) -> Bool { unsafe value(column).baseAddress == nil }

    /// A copy; nil for NULL.
    package func bytes(_ column: Int) -> [UInt8]? {
        let value = unsafe value(column)
        return unsafe value.baseAddress == nil ? nil : unsafe Array(value)
    }

    /// Read access to a value; nil, without calling `body`, for NULL.
    package func withBytes<R, E: Error>(_ column: Int, _ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R? {
        let value = unsafe value(column)
        if unsafe value.baseAddress == nil { return nil }
        return try body(unsafe value.span)
    }

    /// The value where it lies; without an address for NULL.
    @inline(__always)
    func value(_ column: Int) -> UnsafeBufferPointer<UInt8> {
        precondition(column >= 0 && column < columnCount)
        guard let values = unsafe values, let lengths = unsafe lengths, let start = unsafe values[column] else {
            return unsafe UnsafeBufferPointer(start: nil, count: 0)
        }
        return unsafe UnsafeBufferPointer(start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: Int(lengths[column]))
    }
}

extension MySQLRow {
    /// The value of an integer column; 0 for NULL or anything that is no number.
    func integer(_ column: Int) -> Int128 {
        let value = unsafe value(column)
        var magnitude: UInt64 = 0, index = 0
        let isNegative = unsafe value.first == UInt8(ascii: "-")
        if isNegative { index = 1 }
        while index < value.count {
            let digit = unsafe value[index] &- 0x30
            guard digit < 10 else { return 0 }
            magnitude = magnitude &* 10 &+ UInt64(digit)
            index += 1
        }
        return isNegative ? -Int128(magnitude) : Int128(magnitude)
    }

    /// The hash of a value; NULL has one that differs from that of any short value.
    func hash(_ column: Int, seed: UInt64) -> UInt64 {
        let value = unsafe value(column)
        if unsafe value.baseAddress == nil { return RowHash.hash([0xff, 0x4e], seed: seed) }
        return unsafe RowHash.hash(UnsafeRawBufferPointer(value), seed: seed)
    }
}
