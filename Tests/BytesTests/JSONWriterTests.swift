import Bytes
import Testing

@Suite struct `A JSON writer` {
    private func text(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `places commas between keys and elements only`() {
        let json = text { writer in
            writer.beginObject()
            writer.key("a")
            writer.beginArray()
            writer.endArray()
            writer.key("b")
            writer.beginArray()
            writer.integer(UInt64(1))
            writer.beginObject()
            writer.endObject()
            writer.null()
            writer.bool(true)
            writer.endArray()
            writer.key("c")
            writer.raw("0.5")
            writer.endObject()
            writer.newline()
        }
        #expect(json == "{\"a\":[],\"b\":[1,{},null,true],\"c\":0.5}\n")
    }

    @Test func `escapes what Go escapes and nothing else`() {
        let raw: [UInt8] = Array("\"\\/\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}<>&é\u{2028}\u{2029}\u{fffd}😀".utf8)
        let expected = #""\"\\/\b\t\n\f\r\u0001\u001f"# + "\u{7f}" + #"\u003c\u003e\u0026é\u2028\u2029"# + "\u{fffd}😀\""
        #expect(text { $0.string(raw) } == expected)
    }

    @Test(arguments: [
        ([0xff, 0x28] as [UInt8], #""\ufffd(""#), ([0xc0, 0x80], #""\ufffd\ufffd""#), ([0xed, 0xa0, 0x80], #""\ufffd\ufffd\ufffd""#),
        ([0xe6, 0x97], #""\ufffd\ufffd""#), ([0xf4, 0x90, 0x80, 0x80], #""\ufffd\ufffd\ufffd\ufffd""#),
        ([0xf0, 0x9f, 0x98, 0x61], #""\ufffd\ufffd\ufffda""#),
    ])
    func `writes one replacement per byte that is not UTF-8`(_ raw: [UInt8], _ expected: String) {
        #expect(text { $0.string(raw) } == expected)
    }

    @Test func `writes integers of all sizes`() {
        let json = text { writer in
            writer.beginArray()
            for value in [0, 9, 10, 1 << 53 + 1, UInt64.max] as [UInt64] { writer.integer(value) }
            for value in [0, -1, Int64.min, Int64.max] as [Int64] { writer.integer(value) }
            writer.endArray()
        }
        #expect(json == "[0,9,10,9007199254740993,18446744073709551615,0,-1,-9223372036854775808,9223372036854775807]")
    }

    @Test func `writes digests as lower-case hex`() {
        let hex = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8"
        #expect(text { $0.digest(Digest(hex: hex) ?? .zero) } == "\"\(hex)\"")
    }
}
