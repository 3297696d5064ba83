// CachedStore: a store that is far away, with copies on this machine of what every command reads: snapshots, index files, and packs that
// hold trees alone. It can only save time: no copy is believed, and no trouble with copies is trouble.
//
// 1. A copy is used only if its content has the hash that is its name; one that has not is removed, and the file comes from the repository.
// A pack is verified when it is first used by this process; should it change afterwards, its reader notices, and calls `drop`.
// 2. What was read from the repository and has the hash of its name becomes a copy, whole or not at all, but not flushed to disk: a power
// cut may leave a broken one, and it will not be believed. A pack is fetched whole, once, whoever wants parts of it.
// 3. What is no longer listed in the repository loses its copy at the next listing; packs when the index was loaded.
// 4. When a copy cannot be written, that is said once, and no more are made.
//
// Configuration, keys and locks are never copied.

import Bytes
import Codecs
import HostOS
import RepositoryFormat
package import Stores
import Synchronization

package final class CachedStore: Store {
    /// Larger packs of trees are read in parts from where they are.
    private static let maximumPackByteCount = 64 << 20

    private let base: any Store
    private let copies: LocalStore
    private let onTrouble: @Sendable (Failure) -> Void
    private let state = Mutex(State())
    /// Packs that some thread is fetching or verifying.
    private let underway = Monitored(Set<Digest>())

    private struct State {
        var treePacks: Set<Digest> = []
        /// Packs of whose copies this process has seen that they are right.
        var verified: Set<Digest> = []
        /// Packs that have no copy and will get none.
        var uncopied: Set<Digest> = []
        var makesCopies = true
    }

    /// - Parameters:
    ///   - copies: where they are kept; durability does not matter there.
    ///   - onTrouble: hears once that no more copies can be made.
    init(_ base: any Store, copies: LocalStore, onTrouble: @escaping @Sendable (Failure) -> Void) {
        self.base = base
        self.copies = copies
        self.onTrouble = onTrouble
    }

    package var location: String { base.location }
    package var listsAtOnce: Bool { base.listsAtOnce }
    package func create() throws { try base.create() }
    package func byteCount(of key: StoreKey) throws -> UInt64? { try base.byteCount(of: key) }

    private static func isCopiedWhole(_ kind: StoreKind) -> Bool { kind == .snapshot || kind == .index }

    // MARK: Whole files

    package func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        guard CachedStore.isCopiedWhole(key.kind) else { return try base.load(key, limit: limit) }
        if let copy = verifiedCopy(of: key, limit: limit) { return copy }
        let content = try base.load(key, limit: limit)
        if SHA256.hash(content) == key.name { _ = copy(key, content.span) }
        return content
    }

    package func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        try base.save(key, content)
        let isTreePack = key.kind == .pack && state.withLock { $0.treePacks.contains(key.name) }
        if CachedStore.isCopiedWhole(key.kind) || isTreePack { _ = copy(key, content) }
    }

    package func delete(_ key: StoreKey) throws {
        try base.delete(key)
        if CachedStore.isCopiedWhole(key.kind) || key.kind == .pack { _ = drop(copyOf: key) }
    }

    package func list(_ kind: StoreKind) throws -> [StoreEntry] {
        let entries = try base.list(kind)
        if CachedStore.isCopiedWhole(kind) { removeCopies(kind, besides: Set(entries.map(\.name))) }
        return entries
    }

    // MARK: Packs

    package func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        guard key.kind == .pack, hasPack(key) else { return try base.read(key, at: offset, into: &buffer) }
        do {
            try copies.read(key, at: offset, into: &buffer)
        } catch {
            _ = drop(copyOf: key)
            try base.read(key, at: offset, into: &buffer)
        }
    }

    /// These packs hold trees alone, and no others do. Copies of other packs go.
    func remember(treePacks packs: Set<Digest>) {
        state.withLock { $0.treePacks = packs }
        removeCopies(.pack, besides: packs)
    }

    /// A pack of trees that is about to be saved.
    func expect(treePack pack: Digest) { state.withLock { _ = $0.treePacks.insert(pack) } }

    /// Whether there is a copy to read from, now.
    private func hasPack(_ key: StoreKey) -> Bool {
        while true {
            let known: Bool? = state.withLock { state in
                if !state.treePacks.contains(key.name) || state.uncopied.contains(key.name) { return false }
                return state.verified.contains(key.name) ? true : nil
            }
            if let known { return known }
            guard underway.update({ $0.insert(key.name).inserted }) else {
                underway.wait { $0.contains(key.name) ? nil : () }
                continue
            }
            defer { underway.update { _ = $0.remove(key.name) } }
            let isThere = verifiedCopy(of: key, limit: CachedStore.maximumPackByteCount) != nil || fetchPack(key)
            state.withLock { state in _ = isThere ? state.verified.insert(key.name) : state.uncopied.insert(key.name) }
            return isThere
        }
    }

    private func fetchPack(_ key: StoreKey) -> Bool {
        guard state.withLock({ $0.makesCopies }),
            // Whatever is wrong with the pack, reading the part that is wanted will tell.
            let content = try? base.load(key, limit: CachedStore.maximumPackByteCount), SHA256.hash(content) == key.name
        else { return false }
        return copy(key, content.span)
    }

    // MARK: Copies

    private func verifiedCopy(of key: StoreKey, limit: Int) -> [UInt8]? {
        do {
            let content = try copies.load(key, limit: limit)
            if SHA256.hash(content) == key.name { return content }
        } catch let error as StoreFailure where error.kind == .missing {
            return nil
        } catch {}
        _ = drop(copyOf: key)
        return nil
    }

    /// Returns whether there is a copy now.
    private func copy(_ key: StoreKey, _ content: Span<UInt8>) -> Bool {
        guard state.withLock({ $0.makesCopies }) else { return false }
        do {
            try copies.save(key, content)
            return true
        } catch {
            let isNews = state.withLock { state in
                defer { state.makesCopies = false }
                return state.makesCopies
            }
            if isNews { onTrouble(Failure(.failed, "the cache is not written any more: \(Failure(describing: error).message)")) }
            return false
        }
    }

    /// Removes a copy that turned out to be wrong, or whose file is gone.
    /// - Returns: whether a reader may have been given what the copy held, so that reading again may give something else: also if another
    ///   thread was first to remove it.
    func drop(copyOf key: StoreKey) -> Bool {
        let mayHaveServed = state.withLock { state in
            if key.kind == .pack { state.uncopied.insert(key.name) }
            state.verified.remove(key.name)
            return state.treePacks.contains(key.name)
        }
        try? copies.delete(key)
        return mayHaveServed
    }

    private func removeCopies(_ kind: StoreKind, besides wanted: Set<Digest>) {
        for copy in (try? copies.list(kind)) ?? [] where !wanted.contains(copy.name) { try? copies.delete(StoreKey(kind, copy.name)) }
    }
}
