// BytePath: a Linux path as the bytes it is. Never a String: names need not be UTF-8, and String equality is canonical.

/// A path, absolute or relative. Comparison is bytewise.
package struct BytePath: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { self.bytes = Array(text.utf8) }
    package init(stringLiteral text: String) { self.init(text) }

    package static let slash = UInt8(ascii: "/")
    package static let root = BytePath("/")

    package var isAbsolute: Bool { bytes.first == BytePath.slash }
    package var isEmpty: Bool { bytes.isEmpty }

    /// The names between slashes, empty ones dropped, `.` and `..` kept.
    package var components: [[UInt8]] { bytes.split(separator: BytePath.slash).map(Array.init) }

    /// The last name; empty for `/`.
    package var name: [UInt8] { components.last ?? [] }

    /// The path without its last name: `/a/b` → `/a`, `/a` → `/`, `a` → `.`.
    package var parent: BytePath {
        var names = components
        if !names.isEmpty { names.removeLast() }
        return BytePath(names: names, absolute: isAbsolute)
    }

    package init(names: [[UInt8]], absolute: Bool) {
        let joined = Array(names.joined(separator: [BytePath.slash]))
        if absolute {
            self.bytes = [BytePath.slash] + joined
        } else {
            self.bytes = joined.isEmpty ? [UInt8(ascii: ".")] : joined
        }
    }

    package func appending(_ name: [UInt8]) -> BytePath {
        if bytes.isEmpty { return BytePath(name) }
        var result = bytes
        result.reserveCapacity(bytes.count + name.count + 1)
        if result.last != BytePath.slash { result.append(BytePath.slash) }
        result.append(contentsOf: name)
        return BytePath(result)
    }

    package func appending(_ name: String) -> BytePath { appending(Array(name.utf8)) }

    /// Lexical cleaning as Go's path.Clean: `a//b`, `./a`, `x/../a`, trailing slashes. Does not look at the disk.
    package var cleaned: BytePath {
        var kept: [[UInt8]] = []
        let dot: [UInt8] = Array(".".utf8), dotdot: [UInt8] = Array("..".utf8)
        for name in components where name != dot {
            if name == dotdot {
                if let last = kept.last, last != dotdot { kept.removeLast() } else if !isAbsolute { kept.append(name) }
            } else {
                kept.append(name)
            }
        }
        return BytePath(names: kept, absolute: isAbsolute)
    }

    /// `path` itself if absolute, else below `base`; cleaned.
    package static func resolve(_ path: BytePath, in base: BytePath) -> BytePath {
        (path.isAbsolute ? path : BytePath(base.bytes + [slash] + path.bytes)).cleaned
    }

    /// Whether `self` equals `other` or lies above it, by whole names. Both cleaned.
    package func contains(_ other: BytePath) -> Bool {
        let mine = components, theirs = other.components
        return isAbsolute == other.isAbsolute && theirs.count >= mine.count && Array(theirs.prefix(mine.count)) == mine
    }

    /// For people: invalid UTF-8 is replaced, control characters are escaped so that a name cannot forge a line.
    package var description: String { BytePath.display(bytes) }

    package static func display(_ bytes: [UInt8]) -> String {
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar.value < 0x20 || scalar.value == 0x7f { text += "\\x" + Hex.encode([UInt8(scalar.value)]) } else { text.unicodeScalars.append(scalar) }
        }
        return text
    }

    package static func < (a: BytePath, b: BytePath) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
