// IngestQueue: work for the ingest threads. Two lists: files from the scan, which makes the scan wait when full, and chunks of
// large files, which a reader offers to whoever is free. A reader never waits for room: it keeps the chunk and does it itself.

import Bytes
import FileTrees
import HostOS
import RepositoryFormat

/// A file to read, and where its node belongs.
struct FileJob: Sendable {
    let entry: ScannedEntry
    let directory: PendingDirectory
    let slot: Int
    /// The file's node in the parent snapshot, for the statistics.
    let previous: Node?
}

/// A chunk cut from a large file.
struct ChunkJob: Sendable {
    let block: Block
    let content: LargeContent
    let position: Int
}

enum IngestWork: Sendable {
    case files([FileJob])
    case large(FileJob)
    case chunk(ChunkJob)
    /// A directory that was complete when the scan left it.
    case directory(PendingDirectory, [Node])
}

final class IngestQueue: Sendable {
    private struct State: Sendable {
        var scanned: [IngestWork] = []
        var next = 0
        var chunks: [ChunkJob] = []
        /// Threads inside a large file, which may still offer chunks.
        var readers = 0
        var closed = false
        var abandoned = false
    }

    private let state = Monitored(State())
    private let scanLimit: Int
    private let chunkLimit: Int

    /// - Parameters:
    ///   - scanLimit: pieces of work from the scan that may wait.
    ///   - chunkLimit: chunks that may wait; each holds a block of up to 8 MiB.
    init(scanLimit: Int, chunkLimit: Int) {
        self.scanLimit = scanLimit
        self.chunkLimit = chunkLimit
    }

    /// Waits for room. False if the work was abandoned.
    func push(_ work: IngestWork) -> Bool {
        state.wait { state in
            if state.abandoned { return false }
            guard state.scanned.count - state.next < scanLimit else { return nil }
            state.scanned.append(work)
            return true
        }
    }

    /// Gives a chunk away if there is room; false: the caller keeps it.
    func offer(_ chunk: ChunkJob) -> Bool {
        state.update { state in
            guard state.chunks.count < chunkLimit, !state.abandoned else { return false }
            state.chunks.append(chunk)
            return true
        }
    }

    /// The next piece of work, chunks first; nil when there is none and will be none.
    /// After `.large` the caller must call `finishedReading`.
    func pop() -> IngestWork? {
        state.wait { state -> IngestWork?? in
            if state.abandoned { return .some(nil) }
            if let chunk = state.chunks.popLast() { return .chunk(chunk) }
            if state.next < state.scanned.count { return .some(IngestQueue.takeScanned(&state)) }
            return state.closed && state.readers == 0 ? .some(nil) : nil
        }
    }

    private static func takeScanned(_ state: inout State) -> IngestWork {
        let work = state.scanned[state.next]
        state.next += 1
        if state.next == state.scanned.count {
            state.scanned.removeAll(keepingCapacity: true)
            state.next = 0
        } else if state.next >= 64 {
            state.scanned.removeFirst(state.next)
            state.next = 0
        }
        if case .large = work { state.readers += 1 }
        return work
    }

    func finishedReading() { state.update { $0.readers -= 1 } }

    /// The scan is over.
    func close() { state.update { $0.closed = true } }

    /// Wakes everyone; nothing more is handed out.
    func abandon() { state.update { $0.abandoned = true } }
}
