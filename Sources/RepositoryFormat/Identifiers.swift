// Identifiers: the names of things in a repository. Each kind of SHA-256 name is a type of its own, so that a pack's name can
// never be looked up among blobs.

package import Bytes

/// A SHA-256 value that names one kind of object.
package protocol DigestIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    var digest: Digest { get }
    init(_ digest: Digest)
}

extension DigestIdentifier {
    /// 64 hex digits of either case; nil for anything else.
    package init?(hex: String) {
        guard let digest = Digest(hex: hex) else { return nil }
        self.init(digest)
    }

    /// 64 lower-case hex digits.
    package var hex: String { digest.hex }
    /// The first eight digits, for people.
    package var short: String { String(digest.hex.prefix(8)) }
    package var description: String { hex }

    package static func < (a: Self, b: Self) -> Bool { a.digest < b.digest }
}

/// Names a blob by its plaintext; together with the blob's type this is its identity. Trees are named by it too.
package struct BlobID: DigestIdentifier {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// Names a pack file by its stored bytes.
package struct PackID: DigestIdentifier {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// Names an index file by its stored bytes.
package struct IndexID: DigestIdentifier {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// Names a snapshot by the stored bytes of its file.
package struct SnapshotID: DigestIdentifier {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// Names a key file by its bytes.
package struct KeyID: DigestIdentifier {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// Names a lock file by its stored bytes.
package struct LockID: DigestIdentifier {
    package let digest: Digest
    package init(_ digest: Digest) { self.digest = digest }
}

/// What a blob holds. A data blob and a tree blob with equal bytes are different objects.
package enum BlobType: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case data = 0
    case tree = 1

    /// The word of index files.
    package var description: String { self == .data ? "data" : "tree" }
}

/// The identity of a blob.
package struct BlobHandle: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let type: BlobType
    package let id: BlobID

    package init(type: BlobType, id: BlobID) {
        self.type = type
        self.id = id
    }

    package var description: String { "\(type) blob \(id.short)" }

    package static func < (a: BlobHandle, b: BlobHandle) -> Bool {
        a.type == b.type ? a.id < b.id : a.type.rawValue < b.type.rawValue
    }
}

/// Versions 1 and 2 of the format.
package enum RepositoryVersion: UInt32, Sendable {
    /// Without compression.
    case one = 1
    /// With compression; trees and data in separate packs.
    case two = 2
}
