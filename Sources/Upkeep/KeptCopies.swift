// KeptCopies: where damaged files of a repository are copied before they are removed from it, so that a repair destroys nothing.
//
// A copy is named like what it is of: `pack-4115…`, `snapshot-9a3d…`, with the whole id, as restic names them; `config-…` with the id
// of the repository. It appears whole and durable or not at all. A file that is there already is never overwritten: if it has the
// same content it is the copy, if not the repair ends.

package import Bytes
import HostOS
import RepositoryEngine
package import Stores

package struct KeptCopies: Sendable {
    private static let pieceByteCount = 8 << 20

    /// Absolute.
    package let directory: BytePath

    package init(in directory: BytePath) { self.directory = directory }

    /// Copies one file of the repository.
    /// - Parameter name: nil for the kind of file and its id.
    /// - Returns: where the copy is.
    /// - Throws: what the store throws if not every byte can be read; UpkeepFailure.copyNotKept if the copy cannot be written.
    package func keep(_ key: StoreKey, of store: any Store, as name: String? = nil) throws -> BytePath {
        let path = directory.appending(Array((name ?? "\(key.kind.rawValue)-\(key.name.hex)").utf8))
        guard let byteCount = try store.byteCount(of: key) else { throw StoreFailure(.missing, "\(key) does not exist in \(store.location)") }
        do {
            if let status = try FileStatus.ifExists(path) {
                guard try status.kind == .regular && status.size == byteCount && isSame(path, key, byteCount, store) else {
                    throw UpkeepFailure.copyNotKept("\(key)", path: "\(path)", reason: "another file of this name is there")
                }
                return path
            }
            try copy(key, byteCount, of: store, to: path)
        } catch let error as SystemError {
            throw UpkeepFailure.copyNotKept("\(key)", path: "\(path)", reason: error.reason)
        }
        return path
    }

    private func copy(_ key: StoreKey, _ byteCount: UInt64, of store: any Store, to path: BytePath) throws {
        let temporary = BytePath(path.bytes + Array("-tmp-\(UInt64.random(in: 0 ... .max))".utf8))
        do {
            let file = try Descriptor.open(temporary, .createNew)
            try KeptCopies.forEachPiece(of: key, byteCount, store) { _, piece in try file.write(piece.span) }
            try file.synchronize()
            try Directory.rename(temporary, to: path)
        } catch {
            try? Directory.remove(temporary)
            throw error
        }
        try Directory.synchronize(directory)
    }

    private func isSame(_ path: BytePath, _ key: StoreKey, _ byteCount: UInt64, _ store: any Store) throws -> Bool {
        let file = try Descriptor.open(path, .read)
        var same = true
        try KeptCopies.forEachPiece(of: key, byteCount, store) { offset, piece in
            let there = try [UInt8](byteCount: piece.count) { (span) throws(SystemError) in try file.readFully(into: &span, at: offset) }
            same = same && there == piece
        }
        return same
    }

    private static func forEachPiece(
        of key: StoreKey, _ byteCount: UInt64, _ store: any Store, _ body: (UInt64, [UInt8]) throws -> Void
    ) throws {
        var offset: UInt64 = 0
        while offset < byteCount {
            let count = Int(min(UInt64(pieceByteCount), byteCount - offset))
            try body(offset, store.load(key, offset: offset, byteCount: count))
            offset += UInt64(count)
        }
    }
}
