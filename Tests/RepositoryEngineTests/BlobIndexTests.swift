// BlobIndexTests: the table behaves like a dictionary of lists, whatever collides in it and however many threads ask.

import Bytes
import HostOS
import RepositoryEngine
import RepositoryFormat
import Synchronization
import TestKit
import Testing

@Suite struct `The index of blobs` {
    /// Few first words, so that probe sequences collide and run into one another.
    private static func handle(_ random: inout SeededRandom) -> BlobHandle {
        let word = UInt64.random(in: 0..<40, using: &random) &* (random.chance(50) ? 1 : 1024)
        let id = BlobID(Digest(word0: word, word1: UInt64.random(in: 0..<20, using: &random), word2: 0, word3: 1))
        return BlobHandle(type: random.chance(50) ? .data : .tree, id: id)
    }

    private static func blob(_ handle: BlobHandle, _ random: inout SeededRandom) -> PackedBlob {
        PackedBlob(
            type: handle.type, id: handle.id, offset: UInt32.random(in: 0...1 << 30, using: &random), length: UInt32.random(in: 33...1 << 20, using: &random),
            uncompressedLength: random.chance(50) ? 0 : 77)
    }

    @Test(arguments: UInt64(1)...6) func `answers like a dictionary`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let index = BlobIndex()
        var model: [BlobHandle: [BlobLocation]] = [:], packs: [PackID: [PackedBlob]] = [:], order: [PackID] = [], reserved: Set<BlobHandle> = []
        for number in 0..<400 {
            if random.chance(30) {
                let handle = Self.handle(&random)
                #expect(index.reserve(handle) == (model[handle] == nil && !reserved.contains(handle)))
                if model[handle] == nil { reserved.insert(handle) }
            }
            let isRepeated = random.chance(10) && !order.isEmpty
            let pack =
                isRepeated ? order[Int.random(in: 0..<order.count, using: &random)] : PackID(Digest(word0: random.next(), word1: UInt64(number), word2: 0, word3: 0))
            let blobs = (0..<Int.random(in: 0...12, using: &random)).map { _ in Self.blob(Self.handle(&random), &random) }
            index.add(pack, blobs.span)
            if packs[pack] != nil { continue }
            packs[pack] = blobs
            order.append(pack)
            for blob in blobs {
                model[blob.handle, default: []].append(BlobLocation(pack: pack, blob: blob))
                reserved.remove(blob.handle)
            }
        }
        for word in (0..<40).flatMap({ [$0, $0 * 1024] }) {
            for second in 0..<20 {
                for type in BlobType.allCases {
                    let handle = BlobHandle(type: type, id: BlobID(Digest(word0: UInt64(word), word1: UInt64(second), word2: 0, word3: 1)))
                    #expect(index.locations(handle) == model[handle] ?? [])
                    #expect(index.locate(handle) == model[handle]?.first)
                    #expect(index.contains(handle) == (model[handle] != nil || reserved.contains(handle)))
                }
            }
        }
        #expect(index.packs == order && index.packCount == order.count)
        #expect(index.blobCount == packs.values.reduce(0) { $0 + $1.count })
        for pack in order { #expect(index.blobs(of: pack) == packs[pack]) }
        expectOrdinals(index, order.flatMap { pack in (packs[pack] ?? []).map { ($0, pack) } })
    }

    private func expectOrdinals(_ index: BlobIndex, _ entries: [(blob: PackedBlob, pack: PackID)]) {
        var seen: [(BlobHandle, BlobLocation)] = []
        index.forEach { seen.append(($0, $1)) }
        #expect(seen.map(\.0) == entries.map(\.blob.handle))
        #expect(seen.map(\.1) == entries.map { BlobLocation(pack: $0.pack, blob: $0.blob) })
        var first: [BlobHandle: Int] = [:]
        for (ordinal, entry) in entries.enumerated() where first[entry.blob.handle] == nil { first[entry.blob.handle] = ordinal }
        for (handle, ordinal) in first { #expect(index.firstOrdinal(handle) == ordinal) }
        let ids = first.keys.filter { $0.type == .tree }.map(\.id)
        #expect(index.firstOrdinals(.tree, ids) == ids.map { first[BlobHandle(type: .tree, id: $0)] })
        var next = 0
        index.forEachPack { pack in
            #expect(pack.firstOrdinal == next && index.packs[pack.number] == pack.id)
            next += pack.blobs.count
        }
    }

    @Test func `keeps every entry while it grows`() {
        let index = BlobIndex()
        var random = SeededRandom(seed: 9), handles: [BlobHandle] = []
        for _ in 0..<300 {
            let blobs = (0..<100).map { _ in
                let id = BlobID(Digest(word0: random.next(), word1: 1, word2: 2, word3: 3))
                return Self.blob(BlobHandle(type: .data, id: id), &random)
            }
            index.add(PackID(Digest(word0: random.next(), word1: 0, word2: 0, word3: 0)), blobs.span)
            handles += blobs.map(\.handle)
        }
        #expect(index.blobCount == 30_000)
        #expect(handles.allSatisfy { index.locate($0) != nil })
        #expect(index.containsAll(handles.map(\.id)))
        #expect(index.plainLengths(handles.prefix(50).map(\.id))?.count == 50)
        #expect(index.plainLengths([handles[0].id, BlobID(.zero)]) == nil)
        #expect(!index.containsAll([BlobID(.zero)]) && index.containsAll([]))
    }

    @Test(arguments: UInt64(1)...3) func `lets exactly one of many threads have each blob`(_ seed: UInt64) throws {
        let index = BlobIndex(), wins = Mutex<[BlobHandle: Int]>([:]), workers = Workers()
        let handles = (0..<2000).map { BlobHandle(type: $0 % 2 == 0 ? .data : .tree, id: BlobID(Digest(word0: UInt64($0 / 2), word1: 0, word2: 0, word3: 0))) }
        for thread in 0..<6 {
            workers.start("reserve") {
                var random = SeededRandom(seed: seed &* 100 &+ UInt64(thread))
                for handle in handles.shuffled(using: &random) where index.reserve(handle) {
                    wins.withLock { $0[handle, default: 0] += 1 }
                    // Half of them become stored while the others still ask.
                    guard random.chance(50) else { continue }
                    let blob = PackedBlob(type: handle.type, id: handle.id, offset: 0, length: 40, uncompressedLength: 0)
                    index.add(PackID(Digest(word0: random.next(), word1: 5, word2: 0, word3: 0)), [blob].span)
                }
            }
        }
        try workers.join()
        #expect(wins.withLock { $0.count == 2000 && $0.values.allSatisfy { $0 == 1 } })
    }

    @Test func `does not confuse data with a tree of the same bytes`() {
        let index = BlobIndex(), id = BlobID(Digest(word0: 1, word1: 2, word2: 3, word3: 4))
        index.add(PackID(Digest(word0: 9, word1: 9, word2: 9, word3: 9)), [PackedBlob(type: .tree, id: id, offset: 0, length: 50, uncompressedLength: 0)].span)
        #expect(index.contains(BlobHandle(type: .tree, id: id)) && !index.contains(BlobHandle(type: .data, id: id)))
        #expect(!index.containsAll([id]) && index.reserve(BlobHandle(type: .data, id: id)))
        #expect(index.containsAll([id]) && index.plainLengths([id]) == nil)
    }
}

@Suite struct `Reads of a pack` {
    @Test(arguments: UInt64(1)...60) func `cover every blob once, with no large gap and no large piece`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed), offset: UInt32 = 0, blobs: [PackedBlob] = []
        for _ in 0..<Int.random(in: 0...80, using: &random) {
            offset += random.chance(20) ? UInt32.random(in: 0...3 << 20, using: &random) : 0
            let length = random.chance(3) ? UInt32(40 << 20) : UInt32.random(in: 33...2 << 20, using: &random)
            let id = BlobID(Digest(word0: random.next(), word1: 0, word2: 0, word3: 0))
            blobs.append(PackedBlob(type: .data, id: id, offset: offset, length: length, uncompressedLength: 0))
            offset += length
        }
        let ranges = PackRange.group(blobs.shuffled(using: &random))
        #expect(ranges.flatMap(\.blobs) == blobs)
        for range in ranges {
            #expect(range.blobs.count == 1 || range.byteCount <= PackRange.maximumByteCount)
            #expect(range.offset == range.blobs[0].offset)
            #expect(range.blobs.last.map { Int($0.byteRange.upperBound) } == Int(range.offset) + range.byteCount)
            for (a, b) in zip(range.blobs, range.blobs.dropFirst()) { #expect(b.offset >= a.offset + a.length && b.offset - a.offset - a.length <= 1 << 20) }
        }
        // Two neighbouring reads could not have been one.
        for (a, b) in zip(ranges, ranges.dropFirst()) {
            let end = Int(a.offset) + a.byteCount
            #expect(Int(b.offset) - end > PackRange.maximumGap || Int(b.offset) + Int(b.blobs[0].length) - Int(a.offset) > PackRange.maximumByteCount)
        }
    }

    @Test func `of overlapping blobs are apart`() {
        func blob(_ offset: UInt32, _ length: UInt32) -> PackedBlob {
            PackedBlob(type: .data, id: BlobID(.zero), offset: offset, length: length, uncompressedLength: 0)
        }
        let ranges = PackRange.group([blob(0, 100), blob(50, 100), blob(50, 100), blob(150, 10), blob(.max - 40, 40)])
        for range in ranges {
            for blob in range.blobs {
                #expect(blob.offset >= range.offset && Int(blob.offset - range.offset) + Int(blob.length) <= range.byteCount)
            }
        }
        #expect(ranges.reduce(0) { $0 + $1.blobs.count } == 5)
        #expect(PackRange.group([]).isEmpty)
    }
}
