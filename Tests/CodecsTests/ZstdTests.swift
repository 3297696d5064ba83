// ZstdTests: compression gives back what went in, and no input makes decompression take more than it may.

import Bytes
import Codecs
import TestKit
import Testing

@Suite struct `Compression` {
    /// Compressible and not, mixed.
    private static func message(_ byteCount: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed), bytes: [UInt8] = []
        while bytes.count < byteCount {
            if random.chance(50) { bytes += random.bytes(300) } else { bytes += [UInt8](repeating: UInt8.random(in: 0...9, using: &random), count: 700) }
        }
        return Array(bytes.prefix(byteCount))
    }

    @Test(arguments: [Int32(1), 3, 7, 15], [true, false]) func `gives back what went in`(_ level: Int32, _ tuned: Bool) throws {
        let compressor = ZstdCompressor(level: level, isTunedForLargeMessages: tuned), decompressor = ZstdDecompressor()
        // Back and forth over the size where the tuning changes.
        for byteCount in [0, 1, 255, 256, 131_072, 5, 131_073, 700_000, 100] {
            let plain = Self.message(byteCount, seed: UInt64(byteCount)), frame = compressor.compress(plain)
            #expect(try decompressor.decompress(frame, limit: byteCount) == plain)
            let exact = try [UInt8](byteCount: byteCount) { (target) throws(CodecError) in
                try decompressor.decompress(frame.span, into: &target)
                return byteCount
            }
            #expect(exact == plain)
        }
    }

    @Test(arguments: [Int32(1), 3, 7, 15]) func `never asks for a window beyond 8 MiB, nor writes a checksum`(_ level: Int32) {
        let plain = [UInt8](repeating: 5, count: 12 << 20) + Self.message(1000, seed: 1)
        let frame = ZstdCompressor(level: level, isTunedForLargeMessages: level == 3).compress(plain)
        #expect(Array(frame.prefix(4)) == [0x28, 0xb5, 0x2f, 0xfd])
        let descriptor = frame[4]
        #expect(descriptor & 0x04 == 0)
        // Not a single segment, whose window would be its whole content.
        #expect(descriptor & 0x20 == 0)
        let base = 1 << (10 + Int(frame[5] >> 3)), window = base + base / 8 * Int(frame[5] & 7)
        #expect(window <= 8 << 20)
    }

    @Test func `says so if the frame does not fit`() throws {
        var random = SeededRandom(seed: 1)
        let plain = random.bytes(1000), compressor = ZstdCompressor(level: 3)
        var small = [UInt8](repeating: 0, count: 900), target = small.mutableSpan
        #expect(compressor.compress(plain.span, into: &target) == nil)
        #expect(try ZstdDecompressor().decompress(compressor.compress(plain), limit: 1000) == plain)
    }
}

@Suite struct `Decompression` {
    private let decompressor = ZstdDecompressor()

    @Test func `of a bomb stops at the limit`() throws {
        let bomb = ZstdCompressor(level: 3).compress([UInt8](repeating: 0, count: 64 << 20))
        #expect(bomb.count < 10_000)
        for limit in [0, 1, 1 << 20, 64 << 20 - 1] {
            #expect(throws: CodecError.tooLarge(limit: limit)) { _ = try decompressor.decompress(bomb, limit: limit) }
        }
        #expect(try decompressor.decompress(bomb, limit: 64 << 20).count == 64 << 20)
        #expect(throws: CodecError.notDecompressible) { try exactly(1000, bomb) }
    }

    @Test func `of many frames stops at the limit`() throws {
        let frame = ZstdCompressor(level: 3).compress([UInt8](repeating: 7, count: 100_000))
        let frames = Array(repeatElement(frame, count: 50).joined())
        #expect(throws: CodecError.tooLarge(limit: 1_000_000)) { _ = try decompressor.decompress(frames, limit: 1_000_000) }
        #expect(try decompressor.decompress(frames, limit: 5_000_000) == [UInt8](repeating: 7, count: 5_000_000))
    }

    @Test func `joins frames that follow one another`() throws {
        let compressor = ZstdCompressor(level: 3)
        let frames = compressor.compress(Array("one ".utf8)) + compressor.compress([]) + compressor.compress(Array("two".utf8))
        #expect(try decompressor.decompress(frames, limit: 100) == Array("one two".utf8))
        #expect(try exactly(7, frames) == Array("one two".utf8))
    }

    @Test(arguments: [0, 1, 300, 3000]) func `rejects a frame cut off anywhere`(_ byteCount: Int) throws {
        var random = SeededRandom(seed: 2)
        let plain = random.bytes(byteCount / 2) + [UInt8](repeating: 1, count: byteCount - byteCount / 2)
        let frame = ZstdCompressor(level: 3).compress(plain)
        for count in 0..<frame.count {
            #expect(throws: CodecError.notDecompressible, "\(count) bytes") { _ = try decompressor.decompress(Array(frame.prefix(count)), limit: 1 << 20) }
            // An empty message decompresses to nothing, whatever it was.
            if count > 0 || byteCount > 0 { #expect(throws: CodecError.notDecompressible, "\(count) bytes") { try exactly(byteCount, Array(frame.prefix(count))) } }
        }
        #expect(try decompressor.decompress(frame, limit: byteCount) == plain)
    }

    @Test func `rejects what follows a frame and is none`() {
        let frame = ZstdCompressor(level: 3).compress(Array("text".utf8))
        for rubbish in [[0], [1, 2, 3], [UInt8](repeating: 0, count: 100)] as [[UInt8]] {
            #expect(throws: CodecError.notDecompressible) { _ = try decompressor.decompress(frame + rubbish, limit: 1 << 20) }
            #expect(throws: CodecError.notDecompressible) { try exactly(4, frame + rubbish) }
        }
    }

    @Test func `rejects content of another length than stated`() {
        let frame = ZstdCompressor(level: 3).compress(Array("text".utf8))
        for count in [0, 3, 5, 1000] { #expect(throws: CodecError.notDecompressible) { try exactly(count, frame) } }
    }

    @Test(arguments: UInt64(1)...4) func `survives any damage`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let frame = ZstdCompressor(level: 3).compress(random.bytes(500) + [UInt8](repeating: 3, count: 5000))
        for _ in 0..<2000 {
            var damaged = frame
            for _ in 0..<Int.random(in: 1...5, using: &random) { damaged[Int.random(in: 0..<frame.count, using: &random)] = UInt8(truncatingIfNeeded: random.next()) }
            if let output = try? decompressor.decompress(damaged, limit: 10_000) { #expect(output.count <= 10_000) }
            _ = try? exactly(5500, damaged)
        }
        #expect(try decompressor.decompress(frame, limit: 5500).count == 5500)
    }

    /// A frame of one raw byte that asks for a window of 2^log bytes.
    private func frame(windowLog: UInt8) -> [UInt8] { [0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, 9, 0, 0, 0x78] }

    @Test func `takes windows up to 128 MiB and refuses larger ones`() throws {
        for log in [10, 20, 23, 27] as [UInt8] { #expect(try decompressor.decompress(frame(windowLog: log), limit: 1) == [0x78]) }
        for log in [28, 30, 31] as [UInt8] { #expect(throws: CodecError.notDecompressible) { _ = try decompressor.decompress(frame(windowLog: log), limit: 1) } }
        #expect(try decompressor.decompress(frame(windowLog: 20), limit: 1) == [0x78])
    }

    @Test(arguments: UInt64(1)...6) func `piece by piece gives the same as at once`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let plain = random.bytes(100_000) + [UInt8](repeating: 1, count: 700_000), frame = ZstdCompressor(level: 3).compress(plain)
        for _ in 0..<2 {
            var output: [UInt8] = [], position = 0
            decompressor.beginStream()
            while position < frame.count {
                let end = min(frame.count, position + Int.random(in: 0...40_000, using: &random))
                try decompressor.continueStream(frame.span.extracting(position..<end)) { output += [UInt8](copying: $0) }
                position = end
            }
            #expect(output == plain)
        }
    }

    @discardableResult
    private func exactly(_ byteCount: Int, _ frame: [UInt8]) throws(CodecError) -> [UInt8] {
        try [UInt8](byteCount: byteCount) { (target) throws(CodecError) in
            try decompressor.decompress(frame.span, into: &target)
            return byteCount
        }
    }
}
