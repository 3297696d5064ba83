// BlobIndex: where every blob lies. One flat table for the whole repository: 48 bytes an entry and 4 to 8 for its slot.
//
// 1. Entries are appended to pieces of fixed size and never move: growing copies nothing, and takes no second table for a moment. 2. An open-addressing table of entry numbers, probed linearly from the
// first word of the id, finds them. 3. A blob stored twice has two entries on one probe sequence. 4. Blobs being written are
// `pending`: known, so that no second worker stores them, but not yet locatable. 5. The entries of a pack lie side by side, so a
// pack is a range of entry numbers. 6. An entry's number is its ordinal: sets of blobs can be bits instead of ids.

import Bytes
package import RepositoryFormat
import Synchronization

/// Where one copy of a blob lies.
package struct BlobLocation: Hashable, Sendable {
    package let pack: PackID
    package let offset: UInt32
    package let length: UInt32
    package let uncompressedLength: UInt32

    package init(pack: PackID, blob: PackedBlob) {
        self.init(pack: pack, offset: blob.offset, length: blob.length, uncompressedLength: blob.uncompressedLength)
    }

    package init(pack: PackID, offset: UInt32, length: UInt32, uncompressedLength: UInt32) {
        self.pack = pack
        self.offset = offset
        self.length = length
        self.uncompressedLength = uncompressedLength
    }

    package var plainByteCount: Int { uncompressedLength != 0 ? Int(uncompressedLength) : Int(length) - 32 }
}

/// One pack as the index knows it. The ordinal of `blobs[i]` is `firstOrdinal + i`.
package struct PackEntries: Sendable {
    /// The pack's place in the order of insertion.
    package let number: Int
    package let id: PackID
    package let firstOrdinal: Int
    package let blobs: [PackedBlob]
}

package final class BlobIndex: Sendable {
    private let state = Mutex(State())

    package init() {}

    package var blobCount: Int { state.withLock { $0.entries.count } }
    package var packCount: Int { state.withLock { $0.packs.count } }

    /// Whether the blob is stored or being stored by this process.
    package func contains(_ handle: BlobHandle) -> Bool {
        state.withLock { $0.find(handle) != nil || $0.pending.contains(handle) }
    }

    /// Claims a blob for writing. True: the caller must store it. False: it is known.
    package func reserve(_ handle: BlobHandle) -> Bool {
        state.withLock { $0.find(handle) == nil && $0.pending.insert(handle).inserted }
    }

    /// One copy of the blob.
    package func locate(_ handle: BlobHandle) -> BlobLocation? {
        state.withLock { state in state.find(handle).map { state.location($0) } }
    }

    /// Every copy of the blob.
    package func locations(_ handle: BlobHandle) -> [BlobLocation] {
        state.withLock { state in state.findAll(handle).map { state.location($0) } }
    }

    /// Whether every id is a stored or pending data blob.
    package func containsAll(_ content: [BlobID]) -> Bool {
        state.withLock { state in
            content.allSatisfy { id in
                let handle = BlobHandle(type: .data, id: id)
                return state.find(handle) != nil || state.pending.contains(handle)
            }
        }
    }

    /// Plain length in bytes of each data blob, or nil at the first unknown one.
    package func plainLengths(_ content: [BlobID]) -> [Int]? {
        state.withLock { state in
            var lengths: [Int] = []
            lengths.reserveCapacity(content.count)
            for id in content {
                guard let entry = state.find(BlobHandle(type: .data, id: id)) else { return nil }
                lengths.append(state.location(entry).plainByteCount)
            }
            return lengths
        }
    }

    /// Makes the blobs of a stored pack locatable. A pack already known is not added twice.
    package func add(_ pack: PackID, _ blobs: Span<PackedBlob>) {
        state.withLock { state in
            guard let number = state.newPack(pack) else { return }
            for index in 0..<blobs.count { state.insert(blobs[index], pack: number) }
        }
    }

    /// Calls `body` for every entry, in the order of insertion. The index must not be changed meanwhile.
    package func forEach(_ body: (BlobHandle, BlobLocation) throws -> Void) rethrows {
        let (entries, packs) = state.withLock { ($0.entries, $0.packs) }
        for number in 0..<entries.count {
            let entry = entries[number]
            try body(entry.handle, entry.location(packs))
        }
    }

    /// The packs that the index names.
    package var packs: [PackID] { state.withLock { $0.packs } }

    /// Whether the index names the pack.
    package func contains(_ pack: PackID) -> Bool { state.withLock { $0.packNumbers[pack] != nil } }

    /// The packs that hold trees and nothing else.
    var treePacks: Set<Digest> {
        state.withLock { state in
            let numbers = state.packs.indices.filter { pack in state.entryNumbers(pack).allSatisfy { state.entries[$0].type == .tree } }
            return Set(numbers.map { state.packs[$0].digest })
        }
    }

    // MARK: Packs and ordinals

    /// The ordinal of the first copy of a blob: the number that stands for the blob in sets over `0 ..< blobCount`.
    package func firstOrdinal(_ handle: BlobHandle) -> Int? { state.withLock { $0.find(handle) } }

    /// The same for many blobs of one type; nil for those that no pack holds.
    package func firstOrdinals(_ type: BlobType, _ ids: [BlobID]) -> [Int?] {
        state.withLock { state in ids.map { state.find(BlobHandle(type: type, id: $0)) } }
    }

    /// The entries of a pack in the order they were added; empty if no index names it.
    package func blobs(of pack: PackID) -> [PackedBlob] {
        state.withLock { state in state.packNumbers[pack].map { state.blobs(Int($0)) } ?? [] }
    }

    /// Calls `body` for every pack, in the order of insertion; packs added meanwhile are left out.
    package func forEachPack(_ body: (PackEntries) throws -> Void) rethrows {
        for number in 0..<packCount {
            let entries = state.withLock { state in
                PackEntries(number: number, id: state.packs[number], firstOrdinal: Int(state.packStarts[number]), blobs: state.blobs(number))
            }
            try body(entries)
        }
    }

    private struct Entry {
        let id: Digest
        /// Pack number, with the type of the blob in the lowest bit.
        let packAndType: UInt32
        let offset: UInt32
        let length: UInt32
        let uncompressedLength: UInt32

        var type: BlobType { packAndType & 1 == 0 ? .data : .tree }
        var pack: Int { Int(packAndType >> 1) }
        var packed: PackedBlob {
            PackedBlob(type: type, id: BlobID(id), offset: offset, length: length, uncompressedLength: uncompressedLength)
        }
        var handle: BlobHandle { BlobHandle(type: type, id: BlobID(id)) }

        func location(_ packs: [PackID]) -> BlobLocation {
            BlobLocation(pack: packs[Int(packAndType >> 1)], offset: offset, length: length, uncompressedLength: uncompressedLength)
        }
    }

    /// An array in pieces.
    private struct Entries {
        private static let pieceBitCount = 15
        private static let pieceCount = 1 << pieceBitCount

        private var pieces: [[Entry]] = []
        private(set) var count = 0

        subscript(number: Int) -> Entry { pieces[number >> Entries.pieceBitCount][number & (Entries.pieceCount - 1)] }

        mutating func append(_ entry: Entry) {
            if count & (Entries.pieceCount - 1) == 0 {
                pieces.append([])
                // The first grows as it needs to: most repositories are small.
                if count > 0 { pieces[pieces.count - 1].reserveCapacity(Entries.pieceCount) }
            }
            pieces[pieces.count - 1].append(entry)
            count += 1
        }
    }

    private struct State {
        var entries = Entries()
        var packs: [PackID] = []
        /// The first entry of each pack; it ends where the next pack begins.
        var packStarts: [UInt32] = []
        var packNumbers: [PackID: UInt32] = [:]
        var pending: Set<BlobHandle> = []
        /// Entry number + 1; 0 is free. The count is a power of two, at most 3/4 full.
        var slots: [UInt32] = Array(repeating: 0, count: 1024)

        func location(_ entry: Int) -> BlobLocation { entries[entry].location(packs) }

        mutating func newPack(_ pack: PackID) -> UInt32? {
            guard packNumbers[pack] == nil else { return nil }
            let number = UInt32(packs.count)
            packNumbers[pack] = number
            packs.append(pack)
            packStarts.append(UInt32(entries.count))
            return number
        }

        func entryNumbers(_ pack: Int) -> Range<Int> {
            Int(packStarts[pack])..<(pack + 1 < packStarts.count ? Int(packStarts[pack + 1]) : entries.count)
        }

        func blobs(_ pack: Int) -> [PackedBlob] { entryNumbers(pack).map { entries[$0].packed } }

        func find(_ handle: BlobHandle) -> Int? {
            let mask = slots.count - 1
            var slot = Int(truncatingIfNeeded: handle.id.digest.word0) & mask
            while slots[slot] != 0 {
                let entry = Int(slots[slot] - 1)
                if entries[entry].id == handle.id.digest && entries[entry].type == handle.type { return entry }
                slot = (slot + 1) & mask
            }
            return nil
        }

        func findAll(_ handle: BlobHandle) -> [Int] {
            let mask = slots.count - 1
            var found: [Int] = []
            var slot = Int(truncatingIfNeeded: handle.id.digest.word0) & mask
            while slots[slot] != 0 {
                let entry = Int(slots[slot] - 1)
                if entries[entry].id == handle.id.digest && entries[entry].type == handle.type { found.append(entry) }
                slot = (slot + 1) & mask
            }
            return found
        }

        mutating func insert(_ blob: PackedBlob, pack: UInt32) {
            if (entries.count + 1) * 4 > slots.count * 3 { grow() }
            entries.append(
                Entry(
                    id: blob.id.digest, packAndType: pack << 1 | UInt32(blob.type.rawValue), offset: blob.offset, length: blob.length,
                    uncompressedLength: blob.uncompressedLength))
            place(entries.count - 1)
            if !pending.isEmpty { pending.remove(blob.handle) }
        }

        private mutating func place(_ entry: Int) {
            let mask = slots.count - 1
            var slot = Int(truncatingIfNeeded: entries[entry].id.word0) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(entry + 1)
        }

        private mutating func grow() {
            slots = Array(repeating: 0, count: slots.count * 2)
            for entry in 0..<entries.count { place(entry) }
        }
    }
}
