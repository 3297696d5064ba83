import Bytes
import Foundation
import RepositoryFormat
import Testing

private struct EscapeVectors: Decodable {
    let names: [[String]]
    let link_targets: [[String]]
    let times: [Time]

    struct Time: Decodable {
        // Nanoseconds up to the year 2400 do not fit 64 signed bits.
        let seconds: Int64
        let nanoseconds: Int32
        let zone: String
        let text: String

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            let total = try values.decode(Decimal.self)
            var quotient = total / 1_000_000_000
            var rounded = Decimal()
            unsafe NSDecimalRound(&rounded, &quotient, 0, .down)
            if rounded > quotient { rounded -= 1 }
            seconds = NSDecimalNumber(decimal: rounded).int64Value
            nanoseconds = NSDecimalNumber(decimal: total - rounded * 1_000_000_000).int32Value
            zone = try values.decode(String.self)
            text = try values.decode(String.self)
        }
    }
}

private struct PrintableVectors: Decodable { let ranges: [String] }

@Suite struct `A quoted name` {
    @Test func `is written as Go wrote every byte value`() throws {
        for row in try Vectors.load("escape-and-time.json", as: EscapeVectors.self).names {
            let raw = try #require(Hex.decode(row[0]))
            var writer = JSONWriter()
            writer.string(GoQuote.quote(raw))
            #expect(text(writer.bytes) == row[1], "\(row[0])")
            var scanner = JSONScanner(Array(row[1].utf8))
            #expect(GoQuote.unquote(try scanner.string()) == raw)
        }
    }

    @Test func `keeps exactly the printable code points`() throws {
        var printable = Set<UInt32>()
        for range in try Vectors.load("isprint.json", as: PrintableVectors.self).ranges {
            let bounds = try range.split(separator: "-").map { try #require(UInt32($0, radix: 16)) }
            printable.formUnion(bounds[0]...(bounds.last ?? bounds[0]))
        }
        var differences: [UInt32] = []
        for value in UInt32(0)...0x10ffff {
            guard let scalar = Unicode.Scalar(value), value != 0x22, value != 0x5c else { continue }
            let raw = Array(String(Character(scalar)).utf8)
            if (GoQuote.quote(raw) == raw) != printable.contains(value) { differences.append(value) }
        }
        #expect(differences.isEmpty)
    }

    @Test(arguments: [
        (#"\a\b\f\n\r\t\v\\\""#, [7, 8, 12, 10, 13, 9, 11, 0x5c, 0x22] as [UInt8]), (#"\xfF\x00"#, [0xff, 0]),
        (#"\101\377\000"#, [0x41, 0xff, 0]),
        (#"\u00e9\U0001f600"#, Array("é😀".utf8)), ("it's", Array("it's".utf8)), ("", []),
    ])
    func `is read in every spelling of Go`(_ quoted: String, _ raw: [UInt8]) {
        #expect(GoQuote.unquote(Array(quoted.utf8)) == raw)
    }

    @Test(arguments: [
        #"\'"#, "a\"b", "a\nb", "\\", #"\x"#, #"\x1"#, #"\xg0"#, #"\u12"#, #"\ud800"#, #"\U00110000"#, #"\U0001f60"#, #"\400"#, #"\08"#,
        #"\18"#, #"\q"#, #"\8"#,
    ])
    func `is refused where Go refuses it`(_ quoted: String) {
        #expect(GoQuote.unquote(Array(quoted.utf8)) == nil)
    }

    @Test(arguments: [61, 62, 63] as [UInt64])
    func `gives random bytes back`(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<5_000 {
            let raw = random.bytes(Int.random(in: 0..<16, using: &random))
            let quoted = GoQuote.quote(raw)
            #expect(GoQuote.unquote(quoted) == raw)
            let isText = UTF8Sequence.isValid(quoted.span)
            #expect(isText)
        }
    }
}

@Suite struct `A link target` {
    @Test func `is written as Go wrote every byte value`() throws {
        for row in try Vectors.load("escape-and-time.json", as: EscapeVectors.self).link_targets {
            var node = Node(name: [0x61], kind: .symbolicLink)
            node.linkTarget = try #require(Hex.decode(row[0]))
            let json = text(try node.json())
            let raw = row.count > 2 ? ",\"linktarget_raw\":\(row[2])" : ""
            #expect(json.contains(",\"linktarget\":\(row[1])\(raw),\"content\":null}"), "\(row)")
            #expect(try Tree.parse(Array("{\"nodes\":[\(json)]}".utf8)).first?.linkTarget == node.linkTarget)
        }
    }
}

@Suite struct `A time in a tree` {
    @Test func `is written as Go wrote it in six zones`() throws {
        for vector in try Vectors.load("escape-and-time.json", as: EscapeVectors.self).times {
            let zone = try #require(TimeZone(identifier: vector.zone))
            let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(vector.seconds)))
            let time = Timestamp(seconds: vector.seconds, nanoseconds: vector.nanoseconds, utcOffset: Int32(offset))
            #expect(time.description == vector.text, "\(vector.seconds) \(vector.zone)")
        }
    }
}
