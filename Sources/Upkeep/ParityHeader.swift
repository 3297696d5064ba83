// ParityHeader: what a parity file says about itself. A parity file covers one band of a group of packs: the header, the parity columns
// one after another, the header again, and its length; so that a damaged beginning does not cost the file.
//
//   "lbparity" · version · header length · piece · parity columns · data columns · packs · band · band size · column length (all u32)
//   for each pack: id (32) · size (u64) · column (u32)
//   CRC-64 of each piece in the band, of every pack in that order, then of every parity column
//   SHA-256 of all this
//
// Parsing: what the file says of its length is compared with what its numbers say, before memory is taken; sizes add up without overflow.

import Bytes
import Codecs
import RepositoryFormat

struct ParityHeader: Sendable {
    static let maximumByteCount = 16 << 20
    /// Larger packs are not protected.
    static let maximumPackByteCount: UInt64 = 512 << 20
    private static let magic = Array("lbparity".utf8)
    private static let fixedByteCount = 8 + 9 * 4
    private static let columnByteCount = 32 + 8 + 4
    private static let version: UInt32 = 1

    let layout: ParityLayout
    let band: Int
    let columns: [ParityColumn]
    /// Of each parity column in this file: the longest pack's part of the band, in whole pieces.
    let columnByteCount: Int
    /// CRCs of every pack's pieces in this band, as `columns`; empty arrays where a pack ends before the band.
    var packChecksums: [[UInt64]]
    var parityChecksums: [[UInt64]]

    init(layout: ParityLayout, band: Int, columns: [ParityColumn]) {
        self.layout = layout
        self.band = band
        self.columns = columns
        let longest = columns.map { $0.range(ofBand: band, layout).count }.max() ?? 0
        columnByteCount = layout.pieceCount(UInt64(longest)) * layout.pieceByteCount
        packChecksums = columns.map { [UInt64](repeating: 0, count: layout.pieceCount(UInt64($0.range(ofBand: band, layout).count))) }
        parityChecksums = Array(
            repeating: [UInt64](repeating: 0, count: columnByteCount / layout.pieceByteCount), count: layout.parityCount)
    }

    var byteCount: Int {
        let checksums = packChecksums.reduce(0) { $0 + $1.count } + parityChecksums.reduce(0) { $0 + $1.count }
        return ParityHeader.fixedByteCount + columns.count * ParityHeader.columnByteCount + checksums * 8 + Digest.byteCount
    }

    var fileByteCount: UInt64 { UInt64(2 * byteCount + layout.parityCount * columnByteCount + 4) }

    /// Where a parity column begins in the file.
    func offset(ofParity number: Int) -> Int { byteCount + number * columnByteCount }

    var bytes: [UInt8] {
        var bytes = ParityHeader.magic
        let numbers = [
            Int(ParityHeader.version), byteCount, layout.pieceByteCount, layout.parityCount, layout.dataCount, columns.count, band,
            layout.bandByteCount, columnByteCount,
        ]
        for number in numbers { bytes.append(littleEndian: UInt32(number)) }
        for column in columns {
            bytes += column.pack.id.digest.bytes
            bytes.append(littleEndian64: column.pack.byteCount)
            bytes.append(littleEndian: UInt32(column.number))
        }
        for checksums in packChecksums + parityChecksums { for checksum in checksums { bytes.append(littleEndian64: checksum) } }
        return bytes + SHA256.hash(bytes).bytes
    }

    /// The length of the header that `start`, the first bytes of a file, announces; nil if it is none.
    static func announcedByteCount(_ start: Span<UInt8>) -> Int? {
        guard start.count >= fixedByteCount, start.extracting(0..<8).isEqual(to: magic.span) else { return nil }
        let count = Int(start.littleEndianWord32(at: 12))
        return count <= maximumByteCount && count >= fixedByteCount + Digest.byteCount ? count : nil
    }

    static let startByteCount = fixedByteCount

    /// Nil if anything in it is not as lifeboat writes it.
    init?(parsing bytes: [UInt8]) {
        let span = bytes.span
        guard ParityHeader.announcedByteCount(span) == bytes.count else { return nil }
        let body = bytes.count - Digest.byteCount
        guard SHA256.hash(span.extracting(0..<body)) == Digest(span.extracting(body..<bytes.count)) else { return nil }
        func number(_ position: Int) -> Int { Int(span.littleEndianWord32(at: 8 + 4 * position)) }
        guard number(0) == Int(ParityHeader.version),
            let layout = ParityLayout(dataCount: number(4), parityCount: number(3), pieceByteCount: number(2), bandByteCount: number(7)),
            number(5) <= layout.dataCount, number(5) > 0, number(6) <= 1 << 20
        else { return nil }
        guard let columns = ParityHeader.columns(span.extracting(0..<body), count: number(5), layout) else { return nil }
        guard number(6) < columns.map({ layout.bandCount($0.pack.byteCount) }).max() ?? 0 else { return nil }
        self.init(layout: layout, band: number(6), columns: columns)
        guard byteCount == bytes.count, columnByteCount == number(8) else { return nil }
        var position = ParityHeader.fixedByteCount + columns.count * ParityHeader.columnByteCount
        func fill(_ checksums: inout [[UInt64]]) {
            for row in checksums.indices {
                for piece in checksums[row].indices {
                    checksums[row][piece] = span.littleEndianWord64(at: position)
                    position += 8
                }
            }
        }
        fill(&packChecksums)
        fill(&parityChecksums)
    }

    private static func columns(_ body: Span<UInt8>, count: Int, _ layout: ParityLayout) -> [ParityColumn]? {
        guard body.count >= fixedByteCount + count * columnByteCount else { return nil }
        var columns: [ParityColumn] = [], numbers: Set<Int> = [], packs: Set<PackID> = []
        for index in 0..<count {
            let start = fixedByteCount + index * columnByteCount
            guard let id = Digest(body.extracting(start..<start + 32)).map({ PackID($0) }) else { return nil }
            let size = body.littleEndianWord64(at: start + 32), number = Int(body.littleEndianWord32(at: start + 40))
            guard size > 0, size <= maximumPackByteCount, number < layout.dataCount, numbers.insert(number).inserted, packs.insert(id).inserted
            else { return nil }
            columns.append(ParityColumn(pack: PackFile(id: id, byteCount: size), number: number))
        }
        return columns
    }
}
