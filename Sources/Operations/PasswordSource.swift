// PasswordSource: where a repository's password comes from. Command output and file content lose a byte-order mark and surrounding
// white space; an environment variable or typed text is taken as it is (format: passwords).

package import Bytes
package import Codecs
import HostOS

package enum PasswordSource: Sendable {
    case file(BytePath)
    case command(String)
    case literal(SecretBytes)

    /// More than any passphrase; a wrong file (a disk image, say) is refused instead of read.
    private static let maximumByteCount = 1 << 16

    package func resolve() throws -> SecretBytes {
        let bytes: [UInt8]
        switch self {
        case .file(let path):
            do {
                bytes = PasswordSource.stripped(try AtomicFile.read(path, limit: PasswordSource.maximumByteCount))
            } catch  where error.kind == .notFound {
                throw Failure(
                    .wrongKey, "the key file '\(path)' is missing: without it no backup can be read",
                    hint: "bring it back from your copy, or name another place (--password-file, or `password_file:` in lifeboat.yaml)")
            } catch {
                throw Failure(
                    .wrongKey, "could not read the password file '\(path)': \(error.reason)",
                    hint: "check the path (--password-file, or `password_file:` in lifeboat.yaml); a copy of the file serves as well")
            }
            if bytes.isEmpty {
                throw Failure(.wrongKey, "the password file '\(path)' is empty", hint: "write the repository's password into it")
            }
        case .command(let command):
            let result = try Child.run("/bin/sh", ["-c", command], outputLimit: PasswordSource.maximumByteCount)
            guard result.exitStatus == 0 else {
                throw Failure(
                    .wrongKey, "the password command ended with exit status \(result.exitStatus)", hint: "run it by hand to see why")
            }
            bytes = PasswordSource.stripped(result.output)
            if bytes.isEmpty { throw Failure(.wrongKey, "the password command printed nothing") }
        case .literal(let secret): return secret
        }
        return SecretBytes(bytes)
    }

    /// Without byte-order mark and white space; UTF-16 with a mark becomes UTF-8.
    static func stripped(_ content: [UInt8]) -> [UInt8] {
        var bytes = content
        if bytes.starts(with: [0xff, 0xfe]) {
            bytes = utf8(bytes.dropFirst(2)) { UInt16($0) | UInt16($1) << 8 }
        } else if bytes.starts(with: [0xfe, 0xff]) {
            bytes = utf8(bytes.dropFirst(2)) { UInt16($0) << 8 | UInt16($1) }
        } else if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            bytes.removeFirst(3)
        }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) }) else { return [] }
        return Array(bytes[first...last])
    }

    private static func utf8(_ bytes: ArraySlice<UInt8>, _ unit: (UInt8, UInt8) -> UInt16) -> [UInt8] {
        let list = Array(bytes)
        let units = stride(from: 0, to: list.count - 1, by: 2).map { unit(list[$0], list[$0 + 1]) }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }
}
