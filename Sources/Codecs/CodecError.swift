// CodecError: what can be wrong with bytes, or with the machine that should transform them.

package import Bytes

package enum CodecError: Error, FailureConvertible, Equatable {
    /// Too short to be sealed data, or its nonce is all zero.
    case malformed(String)
    /// The MAC does not match: altered data or another key.
    case wrongTag
    /// Not a zstd frame, truncated, or trailing garbage.
    case notDecompressible
    /// The decompressed content exceeds the stated limit in bytes.
    case tooLarge(limit: Int)
    /// What is wrong with an archive or a compressed file, as a half sentence.
    case archive(String)
    /// A library of the system refused to work.
    case unavailable(String)

    package var failure: Failure {
        switch self {
        case .malformed(let what): Failure(.damaged, "sealed data is malformed: \(what)")
        case .wrongTag: Failure(.damaged, "sealed data does not authenticate: it was altered, or the key is another")
        case .notDecompressible: Failure(.damaged, "compressed data cannot be decompressed")
        case .tooLarge(let limit): Failure(.damaged, "decompressed data exceeds the limit of \(ByteCount(UInt64(limit)))")
        case .archive(let what): Failure(.damaged, "the file cannot be read: \(what)")
        case .unavailable(let what): Failure(.failed, "\(what) is not available in this system's libraries")
        }
    }
}
