// ErasureCode: Reed–Solomon over GF(2^8) by ISA-L: data columns and parity columns of equal length, from as many of which as there are
// data columns every other can be computed again. Systematic: data stays what it is.
//
// The rows of the generator come from a Cauchy matrix, every square part of which can be inverted, so that *any* columns may be lost.
// Addition is its own inverse and columns add up independently: parity can be extended by one more column without reading the others.

import Bytes
import CErasureCode

/// Immutable; used by any number of threads.
package final class ErasureCode: Sendable {
    package static let maximumColumnCount = 255
    /// Lengths are multiples of this, so that ISA-L's vectors fit.
    package static let lengthUnit = 64

    package let dataCount: Int
    package let parityCount: Int
    /// (data + parity) rows of `dataCount` coefficients; the first rows are the unit matrix.
    private let matrix: [UInt8]
    /// ISA-L's expansion of the parity rows.
    private let tables: [UInt8]

    package init(dataCount: Int, parityCount: Int) {
        precondition(dataCount >= 1 && parityCount >= 1 && dataCount + parityCount <= ErasureCode.maximumColumnCount)
        self.dataCount = dataCount
        self.parityCount = parityCount
        var matrix = [UInt8](repeating: 0, count: (dataCount + parityCount) * dataCount)
        unsafe gf_gen_cauchy1_matrix(&matrix, Int32(dataCount + parityCount), Int32(dataCount))
        self.matrix = matrix
        tables = ErasureCode.expand(Array(matrix[(dataCount * dataCount)...]), columns: dataCount)
    }

    private static func expand(_ rows: [UInt8], columns: Int) -> [UInt8] {
        var rows = rows
        var tables = [UInt8](repeating: 0, count: 32 * rows.count)
        unsafe ec_init_tables(Int32(columns), Int32(rows.count / columns), &rows, &tables)
        return tables
    }

    /// Adds what `data` at `offset` of a data column contributes to all parity columns, which lie one after another, `stride` bytes apart.
    package func add(_ data: Span<UInt8>, column: Int, at offset: Int, to parity: inout MutableSpan<UInt8>, stride: Int) {
        precondition(column >= 0 && column < dataCount && data.count % ErasureCode.lengthUnit == 0)
        precondition(offset >= 0 && data.count <= stride - offset && parity.count >= stride * parityCount)
        var tables = tables
        unsafe data.withUnsafeBytes { source in
            unsafe parity.withUnsafeMutableBytes { target in
                guard let from = unsafe source.bindMemory(to: UInt8.self).baseAddress, let to = unsafe target.bindMemory(to: UInt8.self).baseAddress else { return }
                var rows = unsafe (0..<parityCount).map { unsafe Optional(to + $0 * stride + offset) }
                unsafe ec_encode_data_update(
                    Int32(source.count), Int32(dataCount), Int32(parityCount), Int32(column), &tables, UnsafeMutablePointer(mutating: from), &rows)
            }
        }
    }

    /// How data column `wanted` comes out of `survivors`, exactly `dataCount` different columns; parity columns count on from the data columns.
    package func recovery(of wanted: Int, from survivors: [Int]) -> Recovery {
        precondition(survivors.count == dataCount && Set(survivors).count == dataCount && wanted >= 0 && wanted < dataCount)
        var square: [UInt8] = []
        for column in survivors { square += matrix[(column * dataCount)..<((column + 1) * dataCount)] }
        var inverse = [UInt8](repeating: 0, count: dataCount * dataCount)
        let status = unsafe gf_invert_matrix(&square, &inverse, Int32(dataCount))
        precondition(status == 0, "every square part of a Cauchy matrix can be inverted")
        let row = Array(inverse[(wanted * dataCount)..<((wanted + 1) * dataCount)])
        return Recovery(columnCount: dataCount, tables: ErasureCode.expand(row, columns: dataCount))
    }

    package struct Recovery: Sendable {
        fileprivate let columnCount: Int
        fileprivate let tables: [UInt8]

        /// - Parameter survivors: their pieces one after another, in the order given before, each as long as `result`.
        package func recover(from survivors: Span<UInt8>, into result: inout MutableSpan<UInt8>) {
            let length = result.count
            precondition(length % ErasureCode.lengthUnit == 0 && survivors.count == length * columnCount)
            var tables = tables
            unsafe survivors.withUnsafeBytes { source in
                unsafe result.withUnsafeMutableBytes { target in
                    guard let from = unsafe source.bindMemory(to: UInt8.self).baseAddress, let to = unsafe target.bindMemory(to: UInt8.self).baseAddress else { return }
                    var columns = unsafe (0..<columnCount).map { unsafe Optional(UnsafeMutablePointer(mutating: from + $0 * length)) }
                    var rows = unsafe [Optional(to)]
                    unsafe ec_encode_data(Int32(length), Int32(columnCount), 1, &tables, &columns, &rows)
                }
            }
        }
    }
}

/// CRC-64 (ECMA-182): finds what disks and cables change, at the speed of memory. Proves nothing against intent.
package enum Checksum64 {
    package static func of(_ bytes: Span<UInt8>) -> UInt64 {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe crc64_ecma_refl(0, buffer.bindMemory(to: UInt8.self).baseAddress, UInt64(buffer.count))
        }
    }
}
