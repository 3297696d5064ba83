// RowReading: several readers work through a plan, each with its own connection and its own lane.
//
// The first failure stops everyone: the others' connections are cut, because a reader in the middle of a large table would not look
// up for minutes. What the failed one said is what is thrown.

import HostOS
import Synchronization

enum RowReading {
    /// Reads every piece; the files of each table, in the order of its key, under its place among the layouts.
    static func run(_ plan: ReadingPlan, _ connections: [MySQLConnection], _ sink: any DumpSink) throws -> [Int: [TableChunk]] {
        let pieces = BoundedQueue<ReadingPlan.Piece>(limit: max(1, plan.pieces.count))
        for piece in plan.pieces { pieces.push(piece) }
        pieces.close()
        let results = Mutex<[Int: [Int: [TableChunk]]]>([:])
        let failure = Mutex<(any Error)?>(nil)
        let workers = Workers()
        for connection in connections {
            workers.start("table reader") {
                do {
                    let reader = TableReader(connection, try sink.lane())
                    while let piece = pieces.pop() {
                        let chunks = try reader.read(piece.task)
                        results.withLock { $0[piece.table, default: [:]][piece.part] = chunks }
                    }
                } catch {
                    let isFirst = failure.withLock { first in
                        defer { if first == nil { first = error } }
                        return first == nil
                    }
                    pieces.abandon()
                    if isFirst { for other in connections where other !== connection { other.interrupt() } }
                }
            }
        }
        try workers.join()
        if let error = failure.withLock({ $0 }) { throw error }
        return results.withLock { tables in
            tables.mapValues { parts in parts.sorted { $0.key < $1.key }.flatMap(\.value) }
        }
    }
}
