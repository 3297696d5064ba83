// DiscardingStore: reads what is there, forgets what is written. A dry run is the real run over this.

import Bytes
import Stores

final class DiscardingStore: Store {
    private let base: any Store

    init(_ base: any Store) { self.base = base }

    var location: String { base.location }
    func create() {}
    func save(_ key: StoreKey, _ content: Span<UInt8>) {}
    func load(_ key: StoreKey, limit: Int) throws -> [UInt8] { try base.load(key, limit: limit) }
    func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws { try base.read(key, at: offset, into: &buffer) }
    func byteCount(of key: StoreKey) throws -> UInt64? { try base.byteCount(of: key) }
    func list(_ kind: StoreKind) throws -> [StoreEntry] { try base.list(kind) }
    func delete(_ key: StoreKey) {}
}
