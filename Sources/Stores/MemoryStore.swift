// MemoryStore: a repository in memory, for tests of everything above stores and for dry runs.

import Bytes
import Synchronization

package final class MemoryStore: Store {
    private let files = Mutex<[StoreKey: [UInt8]]>([:])

    package let location = "memory"
    package let listsAtOnce = true

    package init() {}

    /// A copy of every file, to branch a repository's history in a test.
    package var contents: [StoreKey: [UInt8]] { files.withLock { $0 } }

    package init(contents: [StoreKey: [UInt8]]) { files.withLock { $0 = contents } }

    package func create() {}

    package func save(_ key: StoreKey, _ content: Span<UInt8>) {
        let copy = [UInt8](copying: content)
        files.withLock { $0[key] = copy }
    }

    package func load(_ key: StoreKey, limit: Int) throws -> [UInt8] {
        let content = try content(key)
        guard content.count <= limit else { throw StoreFailure(.corrupt, "\(key) is larger than the limit of \(limit) bytes") }
        return content
    }

    package func read(_ key: StoreKey, at offset: UInt64, into buffer: inout MutableSpan<UInt8>) throws {
        let content = try content(key)
        guard offset <= UInt64(content.count), buffer.count <= content.count - Int(offset) else {
            throw StoreFailure(.corrupt, "\(key) is too short: \(offset) + \(buffer.count) bytes wanted, \(content.count) there")
        }
        for index in 0..<buffer.count { buffer[index] = content[Int(offset) + index] }
    }

    private func content(_ key: StoreKey) throws -> [UInt8] {
        guard let content = files.withLock({ $0[key] }) else { throw StoreFailure(.missing, "\(key) does not exist") }
        return content
    }

    package func byteCount(of key: StoreKey) -> UInt64? { files.withLock { $0[key].map { UInt64($0.count) } } }

    package func list(_ kind: StoreKind) -> [StoreEntry] {
        files.withLock { files in
            files.filter { $0.key.kind == kind }.map { StoreEntry(name: $0.key.name, byteCount: UInt64($0.value.count)) }
        }
    }

    package func delete(_ key: StoreKey) throws {
        guard files.withLock({ $0.removeValue(forKey: key) }) != nil else { throw StoreFailure(.missing, "\(key) does not exist") }
    }
}
