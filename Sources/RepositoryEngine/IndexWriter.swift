// IndexWriter: what the index files of this run say. A file is written when it is full or old, when it names much data, and at the end,
// so that a long backup that dies leaves most of its packs usable.

import Bytes
import HostOS
import RepositoryFormat
import Stores
import Synchronization

final class IndexWriter: Sendable {
    /// No pack waits longer than this for being named by a stored index file, nor behind more bytes of others.
    private static let maximumAgeSeconds: Int64 = 600
    private static let maximumPackedByteCount: UInt64 = 1 << 30

    private let repository: Repository
    private let clock: any Clock
    private let state: Mutex<State>

    private struct State {
        var writer = IndexFileWriter()
        var packedByteCount: UInt64 = 0
        var started: Int64
    }

    init(_ repository: Repository, clock: any Clock) {
        self.repository = repository
        self.clock = clock
        state = Mutex(State(started: clock.now().seconds))
    }

    /// Notes a durable pack; may write an index file.
    func add(_ pack: PackID, _ blobs: [PackedBlob]) throws {
        let now = clock.now().seconds
        let full = state.withLock { state -> IndexFileWriter? in
            state.writer.append(pack, blobs: blobs)
            state.packedByteCount += blobs.reduce(0) { $0 + UInt64($1.length) }
            let isDue = state.packedByteCount >= IndexWriter.maximumPackedByteCount || now - state.started >= IndexWriter.maximumAgeSeconds
            guard state.writer.isFull || isDue else { return nil }
            return IndexWriter.take(&state, now)
        }
        if let full { try write(full) }
    }

    /// Writes what is left.
    func flush() throws {
        let now = clock.now().seconds
        let rest = state.withLock { IndexWriter.take(&$0, now) }
        if !rest.isEmpty { try write(rest) }
    }

    private static func take(_ state: inout State, _ now: Int64) -> IndexFileWriter {
        defer { state = State(started: now) }
        return state.writer
    }

    private func write(_ writer: IndexFileWriter) throws {
        _ = try repository.saveFile(.index, json: writer.finished())
    }
}
