// ParityRebuild: brings damaged and lost packs back from parity, byte for byte. Needs no key.
//
// 1. The pack is read in pieces as long as it is there; a piece that has its checksum is taken as it is. 2. Any other piece is computed from
// the same piece of the other packs of its group and of the parity columns: as many good ones as a group has packs. 3. Only if all bytes
// have the hash that is the pack's name is it written, in the place of the damaged one, of which a copy is kept where one was asked for.
//
// What is promised: a pack that is written is the pack that was lost; one that cannot be rebuilt is left exactly as it is.
// Memory: the pack, and a piece of every pack of its group.

package import Bytes
import Codecs
import HostOS
package import RepositoryFormat
package import Stores

package struct ParityRebuild {
    package struct Outcome: Sendable {
        package internal(set) var rebuilt: [PackID] = []
        package internal(set) var failed: [(id: PackID, reason: String)] = []
        package internal(set) var copies: [BytePath] = []

        package init() {}
    }

    private let store: any Store
    private let catalog: ParityCatalog
    private let copies: KeptCopies?
    private let progress: UpkeepProgressHandler
    private let hasher = SHA256()

    /// - Parameter copies: where damaged packs are kept; nil if they are not.
    package init(_ store: any Store, _ catalog: ParityCatalog, copies: KeptCopies?, progress: @escaping UpkeepProgressHandler = { _ in }) {
        self.store = store
        self.catalog = catalog
        self.copies = copies
        self.progress = progress
    }

    /// Packs of no group are in `failed`. Throws what keeps the place from being used at all.
    package func run(_ packs: [PackID]) throws -> Outcome {
        var outcome = Outcome()
        if packs.isEmpty { return outcome }
        let counter = StageCounter(.rebuildingPacks, total: packs.count, progress)
        for pack in Set(packs).sorted() {
            if let reason = try rebuild(pack, &outcome) { outcome.failed.append((pack, reason)) } else { outcome.rebuilt.append(pack) }
            counter.advance()
        }
        return outcome
    }

    /// Why it could not be done, or nil.
    private func rebuild(_ pack: PackID, _ outcome: inout Outcome) throws -> String? {
        let groups = catalog.groups.filter { $0.isComplete && $0.packs.contains(pack) }
        var reason = "there is no parity for it"
        for group in groups {
            guard let column = group.columns.first(where: { $0.pack.id == pack }) else { continue }
            let content = Block(capacity: Int(column.pack.byteCount))
            let source = ParitySource(store, group)
            if let obstacle = try fill(content, column, group, source) {
                reason = obstacle
                continue
            }
            let digest = content.withBytes { hasher.digest(of: $0) }
            guard digest == pack.digest else {
                reason = "what parity gives is not what was lost"
                continue
            }
            try replace(pack, by: content, &outcome)
            return nil
        }
        return reason
    }

    /// A reason if too much of the group is damaged.
    private func fill(_ content: Block, _ column: ParityColumn, _ group: ParityGroup, _ source: ParitySource) throws -> String? {
        for band in 0..<group.layout.bandCount(column.pack.byteCount) {
            guard try source.open(band) else { return "the parity file for it is damaged" }
            for piece in 0..<group.layout.pieceCount(UInt64(column.range(ofBand: band, group.layout).count)) {
                guard let bytes = try source.piece(piece, of: column) ?? source.computed(piece, of: column) else {
                    return "too many packs of its group are damaged or missing in the same place"
                }
                content.append(bytes)
            }
        }
        return nil
    }

    private func replace(_ pack: PackID, by content: Block, _ outcome: inout Outcome) throws {
        let key = StoreKey(.pack, pack.digest)
        if let copies, try store.exists(key) {
            do {
                outcome.copies.append(try copies.keep(key, of: store))
            } catch is StoreFailure {
                // It cannot be read, so there is nothing to keep; and what replaces it is proved to be what it was.
            }
        }
        try content.withBytes { try store.save(key, $0) }
    }
}

/// The pieces of one band of a group, checked one by one.
private final class ParitySource {
    private let store: any Store
    private let group: ParityGroup
    private let layout: ParityLayout
    private let code: ErasureCode
    private var header: ParityHeader?
    private var file: ParityFile?
    private var band = 0
    /// Packs that are not there need not be asked for again.
    private var absent: Set<PackID> = []
    private var lastRecovery: (wanted: Int, survivors: [Int], recovery: ErasureCode.Recovery)?

    init(_ store: any Store, _ group: ParityGroup) {
        self.store = store
        self.group = group
        layout = group.layout
        code = ErasureCode(dataCount: group.layout.dataCount, parityCount: group.layout.parityCount)
    }

    func open(_ band: Int) throws -> Bool {
        self.band = band
        guard let name = group.files[band], let size = try store.byteCount(of: StoreKey(.parity, name)) else { return false }
        let file = ParityFile(name, byteCount: size, store)
        guard let header = try file.header(), header.band == band, header.columns == group.columns else { return false }
        (self.file, self.header) = (file, header)
        return true
    }

    /// As it lies in the store; nil if it is not what it was.
    func piece(_ number: Int, of column: ParityColumn) throws -> [UInt8]? {
        guard let header, let index = group.columns.firstIndex(of: column), !absent.contains(column.pack.id) else { return nil }
        let range = column.range(ofBand: band, layout)
        let start = range.lowerBound + UInt64(number * layout.pieceByteCount)
        let count = Int(min(UInt64(layout.pieceByteCount), range.upperBound - start))
        do {
            let bytes = try store.load(StoreKey(.pack, column.pack.id.digest), offset: start, byteCount: count)
            return Checksum64.of(bytes.span) == header.packChecksums[index][number] ? bytes : nil
        } catch let error as StoreFailure where error.kind == .missing {
            absent.insert(column.pack.id)
            return nil
        } catch let error as StoreFailure where error.kind == .corrupt || error.kind == .transient {
            return nil
        }
    }

    /// Computed from the others; nil if too few of them are good.
    func computed(_ number: Int, of column: ParityColumn) throws -> [UInt8]? {
        var survivors: [Int] = [], pieces: [UInt8] = []
        pieces.reserveCapacity(layout.dataCount * layout.pieceByteCount)
        for data in 0..<layout.dataCount where data != column.number {
            guard let bytes = try dataPiece(number, data) else { continue }
            survivors.append(data)
            pieces += bytes + [UInt8](repeating: 0, count: layout.pieceByteCount - bytes.count)
        }
        for parity in 0..<layout.parityCount where survivors.count < layout.dataCount {
            guard let bytes = try parityPiece(number, parity) else { continue }
            survivors.append(layout.dataCount + parity)
            pieces += bytes
        }
        guard survivors.count == layout.dataCount else { return nil }
        let recovery = recovery(of: column.number, from: survivors)
        var result = [UInt8](repeating: 0, count: layout.pieceByteCount)
        let span = pieces.span
        result.withMutableBytes(0..<result.count) { recovery.recover(from: span, into: &$0) }
        let range = column.range(ofBand: band, layout)
        result.removeLast(max(0, (number + 1) * layout.pieceByteCount - range.count))
        return result
    }

    /// Of whatever pack has the column; nothing, where there is none or it has ended. Nil if it is damaged.
    private func dataPiece(_ number: Int, _ data: Int) throws -> [UInt8]? {
        guard let column = group.columns.first(where: { $0.number == data }) else { return [] }
        if number >= layout.pieceCount(UInt64(column.range(ofBand: band, layout).count)) { return [] }
        return try piece(number, of: column)
    }

    private func parityPiece(_ number: Int, _ parity: Int) throws -> [UInt8]? {
        guard let header, let file else { return nil }
        let offset = UInt64(header.offset(ofParity: parity) + number * layout.pieceByteCount)
        guard let bytes = try file.part(at: offset, layout.pieceByteCount) else { return nil }
        return Checksum64.of(bytes.span) == header.parityChecksums[parity][number] ? bytes : nil
    }

    /// The same for many pieces, as a rule.
    private func recovery(of wanted: Int, from survivors: [Int]) -> ErasureCode.Recovery {
        if let last = lastRecovery, last.wanted == wanted, last.survivors == survivors { return last.recovery }
        let recovery = code.recovery(of: wanted, from: survivors)
        lastRecovery = (wanted, survivors, recovery)
        return recovery
    }
}
