// DumpPath: the names of the files in a dump. Names of tables may hold anything; names of files may not.

package import Bytes

package enum DumpPath {
    /// A name of the database as one name of a file: bytes other than ASCII letters, digits, `_`, `.` and `-` as `%XX`, and `%` itself.
    /// Never empty, `.` or `..`. Different names stay different. A name of more than 200 bytes after that is cut and ends in its hash.
    package static func component(_ name: SchemaText) -> [UInt8] {
        var text: [UInt8] = []
        for (index, byte) in name.bytes.enumerated() {
            let isPlain = isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || (byte == UInt8(ascii: ".") && index > 0)
            if isPlain { text.append(byte) } else { append(escaped: byte, to: &text) }
        }
        if text.isEmpty { return Array("%".utf8) }
        guard text.count > maximumByteCount else { return text }
        return Array(text.prefix(maximumByteCount)) + Array("%-".utf8) + Array(String(RowHash.hash(name.bytes), radix: 16).utf8)
    }

    /// `component` as text: it is ASCII.
    package static func text(_ name: SchemaText) -> String { String(decoding: component(name), as: UTF8.self) }

    package static func component(_ name: SchemaText, suffix: String) -> [UInt8] { component(name) + Array(suffix.utf8) }

    package static let manifest = [Array("manifest.json".utf8)]
    package static let restoreSQL = [Array("restore.sql".utf8)]
    package static let restoreText = [Array("RESTORE.md".utf8)]
    package static let accounts = [Array("accounts.sql".utf8)]
    /// What `method: client` stores instead of schema and data.
    package static let clientDump = [Array("dump.sql".utf8)]
    package static let schemaSQL = names("schema", "database.sql")

    /// `data/TABLE/FILE`.
    package static func data(_ table: SchemaText, _ file: String) -> [[UInt8]] {
        [Array("data".utf8), component(table), Array(file.utf8)]
    }

    /// `schema/KIND/NAME.sql`.
    package static func schema(_ folder: String, _ name: SchemaText) -> [[UInt8]] {
        [Array("schema".utf8), Array(folder.utf8), component(name, suffix: ".sql")]
    }

    /// For people and for statements of the client: the names with slashes between.
    package static func joined(_ path: [[UInt8]]) -> String { String(decoding: Array(path.joined(separator: [BytePath.slash])), as: UTF8.self) }

    private static let maximumByteCount = 200

    private static func names(_ parts: String...) -> [[UInt8]] { parts.map { Array($0.utf8) } }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }

    private static func append(escaped byte: UInt8, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "%"))
        Hex.append([byte], to: &text)
    }
}

/// A file of a dump that is larger than anything we would have written there.
package struct DumpFileTooLarge: Error, FailureConvertible {
    package let path: [[UInt8]]
    package let limit: Int

    package var failure: Failure {
        Failure(.damaged, "could not read '\(DumpPath.joined(path))' of the dump: it is larger than \(limit) bytes")
    }
}
