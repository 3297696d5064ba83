// AppDrillJSON: a drill's report as one JSON document.

import Bytes
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

extension AppDrillReport {
    package var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("message_type", "summary")
        writer.field("application", application)
        writer.field("outcome", outcome.rawValue)
        writer.field("verdict", verdict)
        writer.key("time")
        writer.timestamp(time)
        writer.field("host", host)
        writer.field("program", program)
        writer.field("repository", repository)
        writer.field("run_id", runID.text)
        writer.list("sources", parts) { $1.write($0) }
        writer.list("checks", checks) { $1.write($0) }
        writer.field("tables_compared", total(\.tables))
        writer.field("rows_compared", total(\.rows))
        writer.field("files_compared", total(\.files))
        writer.list("phases", phases) { phase, writer in
            writer.beginObject()
            writer.field("name", phase.name)
            writer.field("seconds", nanoseconds: phase.nanoseconds)
            writer.endObject()
        }
        writer.field("seconds_elapsed", nanoseconds: durationNanoseconds)
        writer.field("rto_seconds", UInt64(clamping: objectives.rto.components.seconds))
        writer.key("rto_met")
        writer.bool(outcome == .proved && !isTooSlow)
        if let hint = reason?.hint { writer.field("hint", hint) }
        writer.field("exit_code", UInt64(code?.rawValue ?? 0))
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JSONWriter {
    fileprivate mutating func field(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }

    fileprivate mutating func field(_ key: String, _ value: UInt64) {
        self.key(key)
        integer(value)
    }

    fileprivate mutating func field(_ key: String, nanoseconds: Int64) {
        self.key(key)
        raw("\(Double(nanoseconds) / 1e9)")
    }

    fileprivate mutating func list<Element>(_ key: String, _ elements: [Element], _ write: (Element, inout JSONWriter) -> Void) {
        self.key(key)
        beginArray()
        for element in elements { write(element, &self) }
        endArray()
    }

    fileprivate mutating func write(_ part: AppDrillReport.Part) {
        beginObject()
        if let source = part.source { field("source", source.rawValue) }
        field("label", part.label)
        field("outcome", part.outcome.rawValue)
        if let snapshot = part.snapshot {
            field("snapshot_id", snapshot.id.hex)
            key("snapshot_time")
            timestamp(snapshot.snapshot.time)
        }
        if let failure = part.failure {
            field("error", failure.message)
            if let hint = failure.hint { field("hint", hint) }
        }
        if part.source == .database {
            field("tables", part.tables)
            field("tables_expected", part.expectedTables)
            field("rows", part.rows)
            field("rows_expected", part.expectedRows)
            if let server = part.server { field("server", server) }
        } else if part.source != nil {
            field("files_restored", part.restoredFiles)
            field("files", part.files)
            field("files_expected", part.expectedFiles)
        }
        field("bytes", part.byteCount)
        list("notes", part.notes) { $1.string($0) }
        endObject()
    }

    fileprivate mutating func write(_ check: AppDrillReport.Check) {
        beginObject()
        field("check", check.question)
        field("outcome", check.outcome.rawValue)
        if let expectation = check.expectation { field("expect", expectation) }
        if let answer = check.answer { field("answer", answer) }
        if let failure = check.failure { field("error", failure.message) }
        endObject()
    }
}
