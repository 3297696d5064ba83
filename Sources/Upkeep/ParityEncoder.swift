// ParityEncoder: makes the parity files of one group, from its packs, or from the files of a smaller group and the packs that join it.
//
// For each band: 1. The parity of the smaller group, if there is one, is read and compared with its checksums. 2. Each new pack is read
// in pieces; a piece is hashed for its pack's name, gets its checksum, and is added to the parity columns. 3. The file is written.
// Before the last band is written every new pack must have had the hash that is its name: damage is never made the measure of anything.
//
// What is promised: on success all files are durable. After an error there are at most some bands of the group, which protect nothing and
// are removed by the next update. Memory: one file (two columns of 32 MiB at most) and a buffer of 1 MiB.

import Bytes
import Codecs
import RepositoryFormat
import Stores

struct ParityEncoder {
    enum Outcome {
        case made(ParityGroup)
        /// These are gone or not what their names say; nothing was made.
        case badPacks([PackID])
        /// The parity of the smaller group is damaged; nothing was made.
        case badBase
    }

    private static let readByteCount = 1 << 20

    private let store: any Store
    private let code: ErasureCode
    private let layout: ParityLayout
    private let buffer = Block(capacity: ParityEncoder.readByteCount)

    init(_ store: any Store, _ layout: ParityLayout) {
        self.store = store
        self.layout = layout
        code = ErasureCode(dataCount: layout.dataCount, parityCount: layout.parityCount)
        buffer.setCountUninitialised(buffer.capacity)
    }

    /// - Parameter base: a complete group of the same layout with room for the packs.
    func make(_ packs: [PackFile], extending base: ParityGroup? = nil) throws -> Outcome {
        let old = base?.columns ?? [], taken = Set(old.map(\.number))
        let free = (0..<layout.dataCount).filter { !taken.contains($0) }
        precondition(packs.count <= free.count, "the group has room for the packs")
        let new = zip(packs, free).map { ParityColumn(pack: $0, number: $1) }
        var group = ParityGroup(layout: layout, columns: old + new, files: [:])
        var hashers = new.map { _ in SHA256() }
        for band in 0..<group.bandCount {
            let outcome = try makeBand(band, of: group, oldCount: old.count, base: base, &hashers, isLast: band == group.bandCount - 1)
            switch outcome {
            case .saved(let name): group.files[band] = name
            case .bad(let outcome):
                for name in group.files.values { try store.delete(StoreKey(.parity, name)) }
                return outcome
            }
        }
        return .made(group)
    }

    private enum Band {
        case saved(Digest)
        case bad(Outcome)
    }

    private func makeBand(
        _ band: Int, of group: ParityGroup, oldCount: Int, base: ParityGroup?, _ hashers: inout [SHA256], isLast: Bool
    ) throws -> Band {
        var header = ParityHeader(layout: layout, band: band, columns: group.columns)
        let file = Block(capacity: Int(header.fileByteCount)), stride = header.columnByteCount
        file.setCountUninitialised(file.capacity)
        let parity = header.byteCount..<header.byteCount + layout.parityCount * stride
        file.withMutableBytes(parity) { $0.update(repeating: 0) }
        if let name = base?.files[band] {
            guard try takeOver(name, oldCount, into: &header, file) else { return .bad(.badBase) }
        }
        var bad: [PackID] = []
        for index in oldCount..<group.columns.count {
            let column = group.columns[index]
            do {
                header.packChecksums[index] = try add(column, band, to: file, parity, stride, hashers[index - oldCount])
            } catch let error as StoreFailure where error.kind == .missing || error.kind == .corrupt || error.kind == .transient {
                bad.append(column.pack.id)
            }
        }
        if isLast && bad.isEmpty {
            for (column, hasher) in zip(group.columns[oldCount...], hashers) where hasher.finish() != column.pack.id.digest { bad.append(column.pack.id) }
        }
        if !bad.isEmpty { return .bad(.badPacks(bad)) }
        for row in 0..<layout.parityCount {
            for piece in header.parityChecksums[row].indices {
                let start = parity.lowerBound + row * stride + piece * layout.pieceByteCount
                header.parityChecksums[row][piece] = file.withBytes(start..<start + layout.pieceByteCount) { Checksum64.of($0) }
            }
        }
        return .saved(try save(file, header, parity.upperBound))
    }

    private func save(_ file: Block, _ header: ParityHeader, _ end: Int) throws -> Digest {
        let bytes = header.bytes
        var length: [UInt8] = []
        length.append(littleEndian: UInt32(bytes.count))
        file.replace(at: 0, with: bytes.span)
        file.replace(at: end, with: bytes.span)
        file.replace(at: end + bytes.count, with: length.span)
        return try file.withBytes { content in
            let name = SHA256.hash(content)
            try store.save(StoreKey(.parity, name), content)
            return name
        }
    }

    /// The smaller group's parity and checksums. False if any of it is not what it was.
    private func takeOver(_ name: Digest, _ oldCount: Int, into header: inout ParityHeader, _ file: Block) throws -> Bool {
        guard let size = try store.byteCount(of: StoreKey(.parity, name)) else { return false }
        let old = ParityFile(name, byteCount: size, store)
        guard let oldHeader = try old.header(), oldHeader.band == header.band, oldHeader.columnByteCount <= header.columnByteCount else { return false }
        for index in 0..<oldCount { header.packChecksums[index] = oldHeader.packChecksums[index] }
        for row in 0..<layout.parityCount {
            for (piece, checksum) in oldHeader.parityChecksums[row].enumerated() {
                let from = UInt64(oldHeader.offset(ofParity: row) + piece * layout.pieceByteCount)
                guard let bytes = try old.part(at: from, layout.pieceByteCount), Checksum64.of(bytes.span) == checksum else { return false }
                file.replace(at: header.offset(ofParity: row) + piece * layout.pieceByteCount, with: bytes.span)
            }
        }
        return true
    }

    /// Adds a pack's part of the band; its checksums.
    private func add(
        _ column: ParityColumn, _ band: Int, to file: Block, _ parity: Range<Int>, _ stride: Int, _ hasher: SHA256
    ) throws -> [UInt64] {
        let range = column.range(ofBand: band, layout), piece = layout.pieceByteCount
        let step = ParityEncoder.readByteCount / piece * piece
        var checksums: [UInt64] = [], position = range.lowerBound
        while position < range.upperBound {
            let count = Int(min(UInt64(step), range.upperBound - position)), padded = layout.pieceCount(UInt64(count)) * piece
            try buffer.withMutableBytes(0..<count) { try store.read(StoreKey(.pack, column.pack.id.digest), at: position, into: &$0) }
            buffer.withMutableBytes(count..<padded) { $0.update(repeating: 0) }
            buffer.withBytes(0..<count) { hasher.update($0) }
            for start in Swift.stride(from: 0, to: count, by: piece) {
                checksums.append(buffer.withBytes(start..<min(start + piece, count)) { Checksum64.of($0) })
            }
            buffer.withBytes(0..<padded) { data in
                file.withMutableBytes(parity) { code.add(data, column: column.number, at: Int(position - range.lowerBound), to: &$0, stride: stride) }
            }
            position += UInt64(count)
        }
        return checksums
    }
}
