// ErasureCode: any columns may be lost, and any that are left give them back.

import Bytes
import Codecs
import TestKit
import Testing

@Suite struct `An erasure code` {
    @Test(arguments: UInt64(0)..<100)
    func `computes every lost column from any others`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let dataCount = Int.random(in: 1...40, using: &random), parityCount = Int.random(in: 1...6, using: &random)
        let length = 64 * Int.random(in: 1...20, using: &random)
        let code = ErasureCode(dataCount: dataCount, parityCount: parityCount)
        let columns = (0..<dataCount).map { _ in random.bytes(length) }
        var parity = [UInt8](repeating: 0, count: length * parityCount)
        for number in (0..<dataCount).shuffled(using: &random) {
            let column = columns[number]
            parity.withMutableBytes(0..<parity.count) { code.add(column.span, column: number, at: 0, to: &$0, stride: length) }
        }
        let all = columns + (0..<parityCount).map { Array(parity[($0 * length)..<(($0 + 1) * length)]) }
        let survivors = Array((0..<all.count).shuffled(using: &random).prefix(dataCount))
        let bytes = survivors.flatMap { all[$0] }
        for wanted in 0..<dataCount {
            var result = [UInt8](repeating: 1, count: length)
            result.withMutableBytes(0..<length) { code.recovery(of: wanted, from: survivors).recover(from: bytes.span, into: &$0) }
            #expect(result == columns[wanted])
        }
    }

    @Test func `has the checksum that the world calls CRC-64`() {
        // CRC-64/XZ of "123456789", from the catalogue of parametrised CRC algorithms.
        #expect(Checksum64.of(Array("123456789".utf8).span) == 0x995d_c9bb_df19_39fa)
    }
}
