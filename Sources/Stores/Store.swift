// Store: a flat object store of a few kinds of files, the only thing the engine knows of a place. Files appear whole under their
// final name and are never changed afterwards. Six kinds are restic's format; parity is lifeboat's, in a folder that restic ignores.
//
// The calls block (docs/decisions/0002): they run on data-plane threads and never on Swift's cooperative pool.

package import Bytes

/// The kinds of files in a repository.
package enum StoreKind: String, Sendable, CaseIterable {
    case config, key, lock, snapshot, index, pack
    /// What packs are rebuilt from, and how much of it is wanted. Not of the format: nothing that restic reads depends on them.
    case parity
    case paritySettings = "parity setting"

    /// Of the format: what a new repository has folders for.
    package static let ofFormat: [StoreKind] = [.config, .key, .lock, .snapshot, .index, .pack]

    /// The folder of this kind; the config is a single file in the root.
    package var folder: String {
        switch self {
        case .config: ""
        case .key: "keys"
        case .lock: "locks"
        case .snapshot: "snapshots"
        case .index: "index"
        case .pack: "data"
        case .parity: "lifeboat/parity"
        case .paritySettings: "lifeboat/parity-settings"
        }
    }
}

/// The name of one file: its kind and its digest (the config has none).
package struct StoreKey: Hashable, Sendable, CustomStringConvertible {
    package let kind: StoreKind
    package let name: Digest

    package init(_ kind: StoreKind, _ name: Digest) {
        precondition(kind != .config)
        self.kind = kind
        self.name = name
    }

    private init(config: Void) {
        kind = .config
        name = .zero
    }

    package static let config = StoreKey(config: ())

    /// The path below the repository: `config`, `keys/ab…`, `data/ab/ab…`.
    package var path: String {
        let hex = name.hex
        return switch kind {
        case .config: "config"
        case .pack: "data/\(hex.prefix(2))/\(hex)"
        default: "\(kind.folder)/\(hex)"
        }
    }

    /// For people: "pack 4115c453".
    package var description: String { kind == .config ? "config" : "\(kind.rawValue) \(name.hex.prefix(8))" }
}

package struct StoreEntry: Sendable, Hashable {
    package let name: Digest
    package let byteCount: UInt64

    package init(name: Digest, byteCount: UInt64) {
        self.name = name
        self.byteCount = byteCount
    }
}

package protocol Store: AnyObject, Sendable {
    /// The place, without secrets.
    var location: String { get }

    /// Whether a file that was saved is in every listing that begins afterwards, whoever lists.
    var listsAtOnce: Bool { get }

    /// Makes the folders of an empty repository; what exists is left alone.
    func create() throws

    /// Stores a whole file. On return it is durable and listed. Replaces a file of the same name.
    func save(_ key: StoreKey, _ content: Span<UInt8>) throws

    /// The whole file; refused as corrupt if larger than `limit` bytes.
    func load(_ key: StoreKey, limit: Int) throws -> [UInt8]

    /// Fills `buffer` with the bytes from `offset`; a shorter file is corrupt, never a short read.
    func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws

    /// The size in bytes; nil if there is no such file.
    func byteCount(of key: StoreKey) throws -> UInt64?

    /// Every file of a kind whose name is a digest, in no particular order. A missing folder is an empty one.
    func list(_ kind: StoreKind) throws -> [StoreEntry]

    /// Removes a file. Throws `.missing` if there is none.
    func delete(_ key: StoreKey) throws
}

extension Store {
    package var listsAtOnce: Bool { false }

    package func exists(_ key: StoreKey) throws -> Bool { try byteCount(of: key) != nil }

    /// Exactly `byteCount` bytes from `offset`.
    package func load(_ key: StoreKey, offset: UInt64, byteCount: Int) throws -> [UInt8] {
        try [UInt8](byteCount: byteCount) { buffer in
            try read(key, at: offset, into: &buffer)
            return buffer.count
        }
    }
}
