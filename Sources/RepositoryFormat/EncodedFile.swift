// EncodedFile: how index, lock and snapshot JSON becomes the plaintext that is sealed. In version 2 the first byte says how.
//
//   '{' or '['  the JSON itself        2  a zstd stream of the JSON        anything else  refused

import Bytes
package import Codecs

package enum EncodedFile {
    private static let compressedMark: UInt8 = 2

    /// The JSON inside an opened file. An empty plaintext is passed through.
    /// - Parameter limit: the most bytes the JSON may have; memory use stays near the smaller of this and the actual size.
    /// - Throws: `.unsupported` for another encoding, `.tooLarge` beyond the limit, `.damaged` for a broken stream.
    package static func decode(
        _ plaintext: [UInt8], version: RepositoryVersion, limit: Int, decompressor: ZstdDecompressor
    ) throws(FormatError) -> [UInt8] {
        guard version == .two, let first = plaintext.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") else {
            guard plaintext.count <= limit else { throw FormatError(.tooLarge, "encoded file", "it exceeds \(limit) bytes") }
            return plaintext
        }
        guard first == compressedMark else {
            throw FormatError(.unsupported, "encoded file", "its encoding \(first) is not known")
        }
        do {
            return try decompressor.decompress(plaintext.span.extracting(droppingFirst: 1), limit: limit)
        } catch .tooLarge {
            throw FormatError(.tooLarge, "encoded file", "it exceeds \(limit) bytes")
        } catch {
            throw .damaged("encoded file", "its compressed content is broken")
        }
    }

    /// The plaintext to seal: compressed in version 2, whatever the compression of data is.
    package static func encode(_ json: [UInt8], version: RepositoryVersion, compressor: ZstdCompressor) -> [UInt8] {
        version == .two ? [compressedMark] + compressor.compress(json) : json
    }
}
