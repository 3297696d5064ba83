// PatternFile: a text of patterns, one a line.
//
// 1. A byte-order mark is honoured: UTF-8 (dropped), UTF-16 (converted). 2. Lines are trimmed; empty ones and those starting with
// `#` are dropped (`\#` begins a pattern with `#`). 3. `$NAME` and `${NAME}` are replaced; `$$` is a dollar sign.

package enum PatternFile {
    /// More than any list written by people; larger files are surely something else.
    package static let maximumByteCount = 16 << 20

    /// The patterns, not yet compiled. `lookUp` answers for environment variables; nil counts as empty.
    package static func patterns(in content: [UInt8], lookUp: (String) -> String?) -> [[UInt8]] {
        CodePoints.decodingByteOrderMark(content).split(separator: UInt8(ascii: "\n")).compactMap { line in
            let text = CodePoints.trimmed(Array(line))
            return text.isEmpty || text.first == UInt8(ascii: "#") ? nil : expanding(text, lookUp)
        }
    }

    /// Replaces variables the way Go's os.Expand does, whose corner cases are part of the format.
    static func expanding(_ text: [UInt8], _ lookUp: (String) -> String?) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position < text.count {
            let byte = text[position]
            position += 1
            guard byte == UInt8(ascii: "$"), position < text.count else {
                result.append(byte)
                continue
            }
            let (name, byteCount) = variable(text[position...])
            position += byteCount
            if name.isEmpty {
                // A dollar before anything but a name stays; broken braces vanish.
                if byteCount == 0 { result.append(byte) }
            } else if name.elementsEqual([UInt8(ascii: "$")]) {
                result.append(byte)
            } else {
                result += (lookUp(String(decoding: name, as: UTF8.self)) ?? "").utf8
            }
        }
        return result
    }

    /// The name after a dollar sign, and how many bytes it takes including braces. `text` is not empty.
    private static func variable(_ text: ArraySlice<UInt8>) -> (name: ArraySlice<UInt8>, byteCount: Int) {
        let start = text.startIndex
        if text[start] == UInt8(ascii: "{") {
            guard let close = text.firstIndex(of: UInt8(ascii: "}")) else { return ([], 1) }
            return (text[(start + 1)..<close], close - start + 1)
        }
        if Array("*#$@!?-0123456789".utf8).contains(text[start]) { return (text.prefix(1), 1) }
        let name = text.prefix { byte in
            byte == UInt8(ascii: "_") || 0x30...0x39 ~= byte || 0x41...0x5a ~= byte || 0x61...0x7a ~= byte
        }
        return (name, name.count)
    }
}
