// InterruptibleStore: a store that refuses once the user asked the program to end. Whatever a verb is doing, its next access ends
// it with "cancelled"; the lock is given back through the store below, so that a cancelled run leaves none. Only index files are still
// taken: they are small, and a run that is cancelled names with them what it has sent.

import Bytes
import HostOS
import RepositoryEngine
import Stores

final class InterruptibleStore: Store {
    private let base: any Store

    init(_ base: any Store) { self.base = base }

    private func goOn() throws {
        if Interrupts.isRequested { throw RepositoryFailure.cancelled }
    }

    var location: String { base.location }

    func create() throws {
        try goOn()
        try base.create()
    }

    func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        if key.kind != .index { try goOn() }
        try base.save(key, content)
    }

    func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        try goOn()
        return try base.load(key, limit: limit)
    }

    func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        try goOn()
        try base.read(key, at: offset, into: &buffer)
    }

    func byteCount(of key: StoreKey) throws -> UInt64? {
        try goOn()
        return try base.byteCount(of: key)
    }

    func list(_ kind: StoreKind) throws -> [StoreEntry] {
        try goOn()
        return try base.list(kind)
    }

    func delete(_ key: StoreKey) throws {
        try goOn()
        try base.delete(key)
    }
}
