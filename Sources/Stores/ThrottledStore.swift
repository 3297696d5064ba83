// ThrottledStore: a store that moves no more bytes a second than it is allowed, so that a backup leaves room on the line or the disk.
//
// Bytes are paid for in advance: each transfer waits until those before it have had their time at the given rate. So the average over any
// time longer than one transfer holds, while a single pack still goes at the speed of the place. Waits are short steps, so that a
// program that is asked to end does. What is small goes at once: a lock that waited behind packs to be refreshed would be taken for stale.

import Bytes
import HostOS
import Synchronization

/// What may be moved, in bytes a second; nil: as much as goes.
package struct TransferLimits: Hashable, Sendable {
    package var upload: UInt64?
    package var download: UInt64?

    package init(upload: UInt64? = nil, download: UInt64? = nil) {
        self.upload = upload
        self.download = download
    }

    package var isEmpty: Bool { upload == nil && download == nil }
}

package final class ThrottledStore: Store {
    private let base: any Store
    private let uploads: Pace?
    private let downloads: Pace?

    package init(_ base: any Store, _ limits: TransferLimits) {
        self.base = base
        uploads = limits.upload.map { Pace(bytesPerSecond: $0) }
        downloads = limits.download.map { Pace(bytesPerSecond: $0) }
    }

    package var location: String { base.location }
    package var listsAtOnce: Bool { base.listsAtOnce }
    package func create() throws { try base.create() }
    package func byteCount(of key: StoreKey) throws -> UInt64? { try base.byteCount(of: key) }
    package func list(_ kind: StoreKind) throws -> [StoreEntry] { try base.list(kind) }
    package func delete(_ key: StoreKey) throws { try base.delete(key) }

    package func save(_ key: StoreKey, _ content: Span<UInt8>) throws {
        if ThrottledStore.isCounted(key) { uploads?.wait(for: content.count) }
        try base.save(key, content)
    }

    package func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        let content = try base.load(key, limit: limit)
        if ThrottledStore.isCounted(key) { downloads?.wait(for: content.count) }
        return content
    }

    package func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        if ThrottledStore.isCounted(key) { downloads?.wait(for: buffer.count) }
        try base.read(key, at: offset, into: &buffer)
    }

    private static func isCounted(_ key: StoreKey) -> Bool { key.kind == .pack || key.kind == .index }

    /// When the next byte may go.
    private final class Pace: Sendable {
        private static let step: Int64 = 100_000_000

        private let bytesPerSecond: UInt64
        private let free = Mutex<Int64>(0)

        init(bytesPerSecond: UInt64) {
            self.bytesPerSecond = max(1, bytesPerSecond)
        }

        /// Returns when the bytes asked for earlier have had their time, and these as well.
        func wait(for byteCount: Int) {
            let nanoseconds = Int64(min(Double(byteCount) / Double(bytesPerSecond) * 1e9, 1e17))
            let ready = free.withLock { free in
                free = max(free, Host.monotonicNanoseconds()) + nanoseconds
                return free
            }
            while !Interrupts.isRequested {
                let left = ready - Host.monotonicNanoseconds()
                if left <= 0 { return }
                SystemClock().sleep(nanoseconds: min(left, Pace.step))
            }
        }
    }
}
