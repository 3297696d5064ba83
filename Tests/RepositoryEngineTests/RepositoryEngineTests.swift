// What the tests of the engine share.

import Bytes
import Codecs
import HostOS
import RepositoryEngine
import RepositoryFormat
import Stores
import TestKit
import Testing

let cheapParameters: ScryptParameters = {
    do { return try ScryptParameters(cost: 16, blockSize: 8, parallelism: 1) } catch { preconditionFailure("N=16 is accepted") }
}()

func secret(_ text: String) -> SecretBytes { SecretBytes(Array(text.utf8)) }

func makeRepository(_ store: any Store, version: RepositoryVersion = .two) throws -> Repository {
    try Repository.create(
        in: store, password: secret(RepositoryFixture.password), identity: RepositoryFixture.identity, parameters: cheapParameters, version: version)
}

func blobID(_ bytes: [UInt8]) -> BlobID { BlobID(SHA256.hash(bytes)) }

/// The short name of a RepositoryFailure, for comparing.
func failureName(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "none"
    } catch let error as RepositoryFailure {
        return String("\(error)".prefix { $0 != "(" })
    } catch { return "\(type(of: error))" }
}

/// Flips one bit of a stored file.
func damage(_ store: MemoryStore, _ key: StoreKey, at position: Int, bit: UInt8 = 1) throws {
    var bytes = try store.load(key, limit: 1 << 30)
    bytes[position] ^= bit
    store.save(key, bytes.span)
}

/// A pack as it lies in the store, opened without the index.
struct ParsedPack {
    let id: PackID
    let byteCount: Int
    let blobs: [PackedBlob]

    static func all(in repository: Repository) throws -> [ParsedPack] {
        try repository.store.list(.pack).map { entry in
            let bytes = try repository.store.load(StoreKey(.pack, entry.name), limit: 1 << 30)
            #expect(SHA256.hash(bytes) == entry.name)
            let trailer = bytes.span.extracting(bytes.count - 4..<bytes.count)
            let sealed = try PackHeader.sealedLength(trailer: trailer, fileByteCount: UInt64(bytes.count))
            let start = bytes.count - 4 - sealed
            let header = try Seal(key: repository.masterKey).open(bytes.span.extracting(start..<start + sealed))
            let blobs = try PackHeader.parse(header.span, version: repository.config.version, blobByteCount: UInt64(start))
            return ParsedPack(id: PackID(entry.name), byteCount: bytes.count, blobs: blobs)
        }
    }
}
