// ByteTargets: the ground that all readers stand on: JSON, times, Base64, zstd, and the law of the chunker.

import Bytes
import Codecs
import RepositoryFormat

extension FuzzTarget {
    static let byteTargets: [FuzzTarget] = [
        FuzzTarget("json", json),
        FuzzTarget("time") { bytes in
            guard let time = Timestamp(parsing: bytes.span) else { return }
            var text: [UInt8] = []
            time.appendRFC3339(to: &text)
            // Years beyond four digits can be held but not written so that they could be read.
            guard let again = Timestamp(parsing: text.span) else { throw BrokenLaw("a time that was read is written as \(String(decoding: text, as: UTF8.self))") }
            try BrokenLaw.unless(again.identical(to: time), "a time changes when it is written again")
        },
        FuzzTarget("base64") { bytes in
            try BrokenLaw.unless(Base64.decode(Base64.encode(bytes)) == bytes, "Base64 does not give back what it was given")
            guard let decoded = Base64.decode(bytes) else { return }
            try BrokenLaw.unless(decoded.count <= bytes.count, "Base64 grows when it is decoded")
        },
        FuzzTarget("quoted-name") { bytes in
            try BrokenLaw.unless(GoQuote.unquote(GoQuote.quote(bytes)) == bytes, "a quoted name is not the name")
            _ = GoQuote.unquote(bytes)
        },
        FuzzTarget("zstd", zstd),
        FuzzTarget("chunker", maximumByteCount: 4 << 10, chunker),
    ]

    private static func json(_ bytes: [UInt8]) throws {
        var skipper = JSONScanner(bytes), reader = JSONScanner(bytes), raw = JSONScanner(bytes)
        let isSkipped = (try? skipper.skipValue()) != nil
        let isRead = (try? value(&reader)) != nil
        try BrokenLaw.unless(!isRead || isSkipped, "a value can be read but not passed over")
        guard isSkipped else { return try raw.skipValue() }
        let text = try raw.rawValue()
        try BrokenLaw.unless(raw.offset == skipper.offset, "passing over a value and copying it end at different places")
        var again = JSONScanner(text)
        try again.skipValue()
        try again.endOfDocument()
        try raw.endOfDocument()
    }

    /// Any value, with the strictest reader for each kind; what it refuses may still be passed over.
    private static func value(_ scanner: inout JSONScanner) throws {
        if try scanner.takeNull() { return }
        var probe = scanner
        if (try? probe.beginObject()) != nil {
            while try probe.nextKey() != nil { try value(&probe) }
            return scanner = probe
        }
        probe = scanner
        if (try? probe.beginArray()) != nil {
            while try probe.nextElement() { try value(&probe) }
            return scanner = probe
        }
        probe = scanner
        if let text = try? probe.string() {
            try BrokenLaw.unless(String(validating: text, as: UTF8.self) != nil, "a string is not UTF-8")
            var writer = JSONWriter()
            writer.string(text)
            var again = JSONScanner(writer.bytes)
            try BrokenLaw.unless(try again.string() == text, "a string changes when it is written again")
            return scanner = probe
        }
        probe = scanner
        if (try? probe.bool()) != nil { return scanner = probe }
        _ = try scanner.signed()
    }

    private static func zstd(_ bytes: [UInt8]) throws {
        let limit = 1 << 20, decompressor = ZstdDecompressor()
        let whole = try decompressor.decompress(bytes, limit: limit)
        try BrokenLaw.unless(whole.count <= limit, "\(whole.count) bytes came out where \(limit) were allowed")
        var streamed: [UInt8] = []
        decompressor.beginStream()
        try decompressor.continueStream(bytes.span) { piece in streamed += [UInt8](copying: piece) }
        try BrokenLaw.unless(streamed == whole, "the stream gives other bytes than the whole")
        _ = try [UInt8](byteCount: whole.count) { (target: inout MutableSpan<UInt8>) throws(CodecError) in
            try decompressor.decompress(bytes.span, into: &target)
            return target.count
        }
    }

    /// The first three bytes choose how, the others are the content, again and again, as long as it takes to reach the lanes.
    private static func chunker(_ bytes: [UInt8]) throws {
        guard bytes.count > 3 else { return }
        let minimum = 64 + Int(bytes[0]), maximum = 40 << 10
        let chunker = Chunker(
            polynomial: Polynomial(0x3d_a335_8b4d_c173), minimum: minimum, averageBits: 6 + Int(bytes[1] % 12), maximum: maximum)
        let seed = bytes[3...]
        var content: [UInt8] = []
        while content.count < 48 << 10 { content += content.count % 3 == 0 ? Array(seed) : seed.map { $0 ^ UInt8(truncatingIfNeeded: content.count) } }
        let whole = cuts(chunker, content, step: content.count)
        try BrokenLaw.unless(whole == cuts(chunker, content, step: 1 + 64 * Int(bytes[2])), "the cuts depend on how the bytes arrive")
        try BrokenLaw.unless(whole.reduce(0, +) == content.count, "the chunks are not the content")
        try BrokenLaw.unless(whole.dropLast().allSatisfy { (minimum...maximum).contains($0) }, "a chunk is too short or too long")
    }

    private static func cuts(_ chunker: Chunker, _ content: [UInt8], step: Int) -> [Int] {
        var lengths: [Int] = [], start = 0, end = 0, cursor = ChunkCursor()
        while start < content.count {
            end = min(content.count, max(end, start) + step)
            let span = content.span.extracting(start..<end)
            while let length = chunker.nextCut(in: content.span.extracting(start..<end), cursor: &cursor, isEnd: end == content.count) {
                lengths.append(length)
                start += length
            }
            if span.isEmpty && end == content.count { break }
        }
        return lengths
    }
}
