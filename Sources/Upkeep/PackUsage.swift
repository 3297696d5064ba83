// PackUsage: how much of each pack is needed, and which copy of a blob stored twice is the one to keep.
//
// 1. Count the copies of every needed blob. 2. Per pack, add up needed and unneeded bytes; all copies of a blob stored more than
// once count as unneeded for now. 3. In the order of the index, one copy of each becomes needed: in a pack that holds other needed
// blobs, or holds nothing but duplicates (so that packs already rewritten are kept), or if it is the last copy left.

import RepositoryEngine
import RepositoryFormat

/// What one pack holds, by need.
struct PackUsage: Sendable {
    enum Contents: Sendable { case nothing, data, trees, mixed }

    let id: PackID
    /// Needed blobs plus the pack's header, in bytes.
    var usedByteCount: UInt64
    var usedBlobCount = 0
    var unusedByteCount: UInt64 = 0
    var unusedBlobCount = 0
    /// How many of the blobs are copies of needed blobs that are stored more than once.
    var duplicateBlobCount = 0
    var contents = Contents.nothing
    var holdsUncompressed = false

    /// The size that the pack file must have.
    var byteCount: UInt64 { usedByteCount + unusedByteCount }

    fileprivate init(_ entries: PackEntries) {
        id = entries.id
        usedByteCount = UInt64(PackHeader.overhead(of: entries.blobs))
        for blob in entries.blobs {
            let kind: Contents = blob.type == .data ? .data : .trees
            contents = contents == .nothing || contents == kind ? kind : .mixed
            if !blob.isCompressed { holdsUncompressed = true }
        }
    }

    fileprivate mutating func addUsed(_ blob: PackedBlob) {
        usedBlobCount += 1
        usedByteCount += UInt64(blob.length)
    }

    fileprivate mutating func addUnused(_ blob: PackedBlob) {
        unusedBlobCount += 1
        unusedByteCount += UInt64(blob.length)
    }

    fileprivate mutating func makeUsed(_ blob: PackedBlob) {
        unusedBlobCount -= 1
        unusedByteCount -= UInt64(blob.length)
        addUsed(blob)
    }
}

struct UsageSurvey: Sendable {
    /// By pack number.
    private(set) var packs: [PackUsage] = []
    /// Exactly one ordinal for each needed blob: the copy to keep.
    private(set) var wantedCopies: OrdinalSet
    /// Bytes of the wanted copies, without headers.
    private(set) var usedByteCount: UInt64 = 0
    private(set) var duplicateBlobCount = 0
    private(set) var duplicateByteCount: UInt64 = 0

    /// First ordinal → copies that may still be chosen; entries vanish once a copy is chosen.
    private var openCopies: [Int: Int] = [:]

    init(_ index: BlobIndex, _ reachability: Reachability) {
        wantedCopies = OrdinalSet(capacity: index.blobCount)
        countCopies(index, reachability.used)
        index.forEachPack { measure($0, index, reachability.used) }
        if !openCopies.isEmpty { index.forEachPack { chooseCopies($0, index) } }
        precondition(wantedCopies.count == reachability.used.count, "every needed blob has exactly one copy to keep")
    }

    private mutating func countCopies(_ index: BlobIndex, _ used: OrdinalSet) {
        index.forEachPack { entries in
            for (position, blob) in entries.blobs.enumerated() {
                guard let first = index.firstOrdinal(blob.handle), first != entries.firstOrdinal + position, used.contains(first) else {
                    continue
                }
                openCopies[first, default: 1] += 1
            }
        }
    }

    private mutating func measure(_ entries: PackEntries, _ index: BlobIndex, _ used: OrdinalSet) {
        var pack = PackUsage(entries)
        for (position, blob) in entries.blobs.enumerated() {
            guard let first = index.firstOrdinal(blob.handle), used.contains(first) else {
                pack.addUnused(blob)
                continue
            }
            if openCopies[first] != nil {
                pack.addUnused(blob)
                pack.duplicateBlobCount += 1
                duplicateBlobCount += 1
                duplicateByteCount += UInt64(blob.length)
            } else {
                pack.addUsed(blob)
                want(entries.firstOrdinal + position, blob)
            }
        }
        packs.append(pack)
    }

    private mutating func chooseCopies(_ entries: PackEntries, _ index: BlobIndex) {
        for (position, blob) in entries.blobs.enumerated() {
            guard let first = index.firstOrdinal(blob.handle), let remaining = openCopies[first] else { continue }
            let pack = packs[entries.number]
            guard pack.usedBlobCount > 0 || pack.duplicateBlobCount == pack.unusedBlobCount || remaining == 1 else {
                openCopies[first] = remaining - 1
                continue
            }
            packs[entries.number].makeUsed(blob)
            duplicateBlobCount -= 1
            duplicateByteCount -= UInt64(blob.length)
            want(entries.firstOrdinal + position, blob)
            openCopies[first] = nil
        }
    }

    private mutating func want(_ ordinal: Int, _ blob: PackedBlob) {
        wantedCopies.insert(ordinal)
        usedByteCount += UInt64(blob.length)
    }
}
