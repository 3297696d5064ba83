// ParityLayout: how packs are protected: the numbers that encoder and rebuilder must agree on. Every parity file carries its own.

import Bytes
import Codecs

package struct ParityLayout: Hashable, Sendable {
    /// The most packs of one group.
    package let dataCount: Int
    /// How many packs of a group may be lost.
    package let parityCount: Int
    /// What is checked, and rebuilt, by itself.
    package let pieceByteCount: Int
    /// How much of each pack one parity file covers; a multiple of the piece.
    package let bandByteCount: Int

    private static let lossesPerGroup = 2

    /// Nil if it is none that lifeboat would write: the file is hostile, or damaged.
    package init?(dataCount: Int, parityCount: Int, pieceByteCount: Int = 64 << 10, bandByteCount: Int = 32 << 20) {
        guard dataCount >= 1, parityCount >= 1, dataCount + parityCount <= ErasureCode.maximumColumnCount, parityCount <= 16,
            pieceByteCount >= ErasureCode.lengthUnit, pieceByteCount <= 1 << 20, pieceByteCount % ErasureCode.lengthUnit == 0,
            bandByteCount >= pieceByteCount, bandByteCount <= 32 << 20, bandByteCount % pieceByteCount == 0
        else { return nil }
        self.dataCount = dataCount
        self.parityCount = parityCount
        self.pieceByteCount = pieceByteCount
        self.bandByteCount = bandByteCount
    }

    /// Two of so many packs may be lost that their parity takes this part of the space: 10 % is 2 of 20.
    /// - Parameter percent: 1 … 100.
    package init?(redundancyPercent percent: Int) {
        guard percent >= 1, percent <= 100 else { return nil }
        self.init(dataCount: ParityLayout.lossesPerGroup * 100 / percent, parityCount: ParityLayout.lossesPerGroup)
    }

    func pieceCount(_ byteCount: UInt64) -> Int { Int((byteCount + UInt64(pieceByteCount) - 1) / UInt64(pieceByteCount)) }

    func bandCount(_ byteCount: UInt64) -> Int { Int((byteCount + UInt64(bandByteCount) - 1) / UInt64(bandByteCount)) }
}

/// A pack as a column of a group.
package struct ParityColumn: Hashable, Sendable {
    package let pack: PackFile
    /// Its row of the generator: 0 ..< dataCount.
    package let number: Int

    package static func == (a: ParityColumn, b: ParityColumn) -> Bool {
        a.pack.id == b.pack.id && a.pack.byteCount == b.pack.byteCount && a.number == b.number
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(pack.id)
        hasher.combine(number)
    }

    /// Which bytes of the pack lie in a band.
    func range(ofBand band: Int, _ layout: ParityLayout) -> Range<UInt64> {
        let start = min(UInt64(band) * UInt64(layout.bandByteCount), pack.byteCount)
        return start..<min(start + UInt64(layout.bandByteCount), pack.byteCount)
    }
}
