// RestoredContent: what a file holds after a restore, read back from the file system and compared piece by piece with its snapshot. A
// piece's name is the SHA-256 of its content.
//
// Read back may mean from the system's memory: this finds what was written wrongly or not at all, not a dying disk below.

package import Bytes
import Codecs
import HostOS
package import RepositoryEngine
package import RepositoryFormat

package enum RestoredContent {
    /// How the content at `path` differs from the file's; nil if it does not.
    package static func difference(of node: Node, at path: BytePath, _ index: BlobIndex) throws -> String? {
        let file = try Descriptor.open(path, .readUnfollowed), status = try file.status()
        guard status.kind == .regular else { return "it is no file any more" }
        guard status.size == node.size else { return "it has \(status.size) bytes instead of \(node.size)" }
        var offset: UInt64 = 0
        for id in node.content ?? [] {
            guard let location = index.locate(BlobHandle(type: .data, id: id)) else {
                throw RepositoryFailure.blobMissing(BlobHandle(type: .data, id: id))
            }
            let length = location.plainByteCount
            guard length >= 0, length <= BlobReader.maximumBlobByteCount else { return "a piece of it has an impossible length" }
            let at = offset
            let piece = try [UInt8](byteCount: length) { (span: inout MutableSpan<UInt8>) throws(SystemError) in try file.readFully(into: &span, at: at) }
            guard piece.count == length, SHA256.hash(piece) == id.digest else { return "its content differs at byte \(offset)" }
            offset += UInt64(length)
        }
        return offset == node.size ? nil : "its pieces make \(offset) bytes instead of \(node.size)"
    }
}
