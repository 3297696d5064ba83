// LoadQueue: what several connections have to do while a scratch database is filled: load tables, and read large ones back.
//
// Loading goes first, because reading back can be shared and the load of a table cannot. Whoever finds neither waits, while somebody
// loads, for what there will be to read.

import Bytes
import HostOS

/// A loaded table's rows as they were read back: what the proof compares with the manifest.
struct ReadBack: Sendable {
    /// By which it was read.
    let layout: TableLayout
    let chunks: [TableChunk]
}

final class LoadQueue: Sendable {
    enum Step: Sendable {
        case load(TableLoader.Job)
        /// One range of the keys of a loaded table, the `part`-th.
        case read(TableLayout, ReadingTask, part: Int)
    }

    private struct State {
        var jobs: ArraySlice<TableLoader.Job>
        var ranges: [Step] = []
        var loadingCount = 0
        var isStopped = false
        var complaints: [String] = []
        var layouts: [SchemaText: TableLayout] = [:]
        var parts: [SchemaText: [Int: [TableChunk]]] = [:]
    }

    private let state: Monitored<State>

    init(_ jobs: [TableLoader.Job]) { state = Monitored(State(jobs: jobs[...])) }

    /// nil: everything is done, or somebody failed.
    func next() -> Step? {
        state.wait { state -> Step?? in
            if state.isStopped { return .some(nil) }
            if let job = state.jobs.popFirst() {
                state.loadingCount += 1
                return .load(job)
            }
            if let range = state.ranges.popLast() { return range }
            return state.loadingCount == 0 ? .some(nil) : nil
        }
    }

    /// - Parameter toRead: how the table is to be read back; nil if that is left to the proof.
    func loaded(complaints: [String], toRead: (layout: TableLayout, tasks: [ReadingTask])?) {
        state.update { state in
            state.loadingCount -= 1
            state.complaints += complaints
            guard let (layout, tasks) = toRead else { return }
            state.layouts[layout.name] = layout
            for (part, task) in tasks.enumerated() { state.ranges.append(.read(layout, task, part: part)) }
        }
    }

    func read(_ layout: TableLayout, _ part: Int, _ chunks: [TableChunk]) {
        state.update { $0.parts[layout.name, default: [:]][part] = chunks }
    }

    /// Nobody gets anything more to do.
    func stop() { state.update { $0.isStopped = true } }

    /// Once `next` has said nil to everybody.
    var outcome: TableLoader.Outcome {
        state.update { state in
            let readBack = state.layouts.mapValues { layout in
                let parts = state.parts[layout.name] ?? [:]
                return ReadBack(layout: layout, chunks: parts.sorted { $0.key < $1.key }.flatMap(\.value))
            }
            return TableLoader.Outcome(complaints: state.complaints, readBack: readBack)
        }
    }
}

/// Reads ranges of tables as a backup reads them, hashes and counts the rows and throws them away. Belongs to one thread.
struct RangeReader {
    private let connection: MySQLConnection
    private let database: SchemaText
    private let reader: TableReader

    init(_ server: RestoreServer, _ database: SchemaText) throws {
        connection = try MySQLSession.openForReading(server.server.with(database: database), server.password)
        self.database = database
        reader = TableReader(connection, DiscardingSink().lane())
    }

    /// How a loaded table is read in pieces; nil if the server does not show it.
    func plan(_ table: ServerTable) throws -> (layout: TableLayout, tasks: [ReadingTask])? {
        guard let layout = try SchemaReader(connection: connection, database: database).layout(of: table.name, rowCount: table.rows.rowCount) else { return nil }
        return (layout, try transaction { try ReadingPlan.tasks(layout, connection) })
    }

    func read(_ task: ReadingTask) throws -> [TableChunk] { try transaction { try reader.read(task) } }

    /// The reader sets savepoints, which only a transaction has; one for each table, because engines do not mix in one.
    private func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try connection.execute("START TRANSACTION", to: "read the scratch database")
        let value = try body()
        try connection.execute("COMMIT", to: "read the scratch database")
        return value
    }
}
