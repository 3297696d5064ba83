import Bytes
import Testing

@Suite struct `A JSON scanner` {
    private func scan<T>(_ json: String, _ body: (inout JSONScanner) throws -> T) throws -> T {
        var scanner = JSONScanner(Array(json.utf8))
        let value = try body(&scanner)
        try scanner.endOfDocument()
        return value
    }

    @Test func `reads known keys in any order and passes over the others`() throws {
        let words = JSONWords(["id", "uncompressed_length"])
        let json = " { \"x\" : [ 1.5e+3 , {\"y\":null} ] , \"uncompressed_length\" : 7 , \"uncompressed_lengtH\":8,\"\\u0069d\": \"q\" }\n"
        var number: UInt64 = 0, text = ""
        try scan(json) { scanner in
            try scanner.beginObject()
            while let key = try scanner.nextKey(words) {
                switch key {
                case 0: text = try scanner.text()
                case 1: number = try scanner.unsigned()
                default: try scanner.skipValue()
                }
            }
        }
        #expect(number == 7)
        #expect(text == "q")
    }

    @Test func `reads 64-bit integers exactly`() throws {
        #expect(try scan("18446744073709551615") { try $0.unsigned() } == .max)
        #expect(try scan("-9223372036854775808") { try $0.signed() } == .min)
        #expect(try scan("9223372036854775807") { try $0.signed() } == .max)
        #expect(try scan("4294967295") { try $0.unsigned32() } == .max)
    }

    @Test(arguments: ["18446744073709551616", "99999999999999999999", "01", "1.0", "1e3", "-1", "", "+1", "0x1", "1 2", "\"1\""])
    func `refuses what is not an unsigned integer`(_ json: String) {
        #expect(throws: JSONError.self) { try scan(json) { try $0.unsigned() } }
    }

    @Test(arguments: ["-9223372036854775809", "9223372036854775808", "-", "--1", "- 1"])
    func `refuses what is not a signed integer`(_ json: String) {
        #expect(throws: JSONError.self) { try scan(json) { try $0.signed() } }
    }

    @Test func `decodes escapes, surrogate pairs and what Go replaces`() throws {
        #expect(try scan(#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#) { try $0.text() } == "a\"\\/\u{8}\u{c}\n\r\té😀")
        #expect(try scan(#""\ud800x\udc00\ud800\u0041""#) { try $0.text() } == "\u{fffd}x\u{fffd}\u{fffd}A")
        var scanner = JSONScanner([0x22, 0xff, 0xc3, 0xa9, 0xc3, 0x22])
        #expect(try scanner.text() == "\u{fffd}é\u{fffd}")
    }

    @Test(arguments: [
        "\"", "\"a", "\"\\\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\u{1}\"", "[1,]", "[,1]", "[1 2]", "{\"a\":1,}",
        "{\"a\" 1}", "{a:1}", "{\"a\":}", "[", "{", "]", "[}", "{]", "tru", "nulL", "01", "-", "1.", "1e", ".5", "// x", "[1]x",
        "\u{feff}1", "",
    ])
    func `refuses text that is not JSON`(_ json: String) {
        #expect(throws: JSONError.self) { try scan(json) { try $0.skipValue() } }
    }

    @Test func `bounds nesting`() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        try scan(deep) { try $0.skipValue() }
        #expect(throws: JSONError.self) { try scan("[" + deep + "]") { try $0.skipValue() } }
        #expect(throws: JSONError.self) { try scan(String(repeating: "{\"a\":", count: 1_000_000)) { try $0.skipValue() } }
    }

    @Test func `says where the text goes wrong`() {
        #expect(throws: JSONError(problem: "expected an integer", offset: 2)) {
            try scan("[ x") { scanner in
                try scanner.beginArray()
                _ = try scanner.nextElement()
                _ = try scanner.unsigned()
            }
        }
    }

    @Test func `reads digests of either case and exactly 64 digits`() throws {
        let hex = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8"
        #expect(try scan("\"\(hex)\"") { try $0.digest() }.hex == hex)
        #expect(try scan("\"\(hex.uppercased())\"") { try $0.digest() }.hex == hex)
        for text in [String(hex.dropLast()), hex + "0", "g" + hex.dropFirst(), "@" + hex.dropFirst(), ""] {
            #expect(throws: JSONError.self) { try scan("\"\(text)\"") { try $0.digest() } }
        }
    }

    @Test func `returns a raw value unchanged`() throws {
        #expect(try scan(#" {"b": [1, "x\u0041"] } "#) { try $0.rawValue() } == Array(#"{"b": [1, "x\u0041"] }"#.utf8))
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func `reads back every random text the writer writes`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let raw = random.bytes(Int.random(in: 0..<24, using: &random))
            var writer = JSONWriter()
            writer.string(raw)
            var scanner = JSONScanner(writer.bytes)
            let read = try scanner.string()
            try scanner.endOfDocument()
            // Each invalid byte became one U+FFFD, which is what reading it as Go does gives, too.
            var direct = JSONScanner([0x22] + raw.filter { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c } + [0x22])
            if raw.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }) { #expect(try direct.string() == read) }
            if UTF8Sequence.isValid(raw.span) { #expect(read == raw) }
        }
    }
}

@Suite struct `A byte sequence` {
    @Test(arguments: [21, 22, 23] as [UInt64])
    func `is UTF-8 if and only if the standard library says so`(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let favourites: [UInt8] = [
            0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0x9f, 0xa0, 0xed, 0xef, 0xf0, 0x8f, 0x90, 0xf4, 0xf5, 0xff,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0..<6, using: &random)).map { _ in favourites.randomElement(using: &random) ?? 0 }
            #expect(UTF8Sequence.isValid(bytes.span) == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
        }
    }
}
