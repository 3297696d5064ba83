// AppVerifyJSON: a verify's report as one JSON document.

package import Bytes
import Journal
import RepositoryEngine
import RepositoryFormat
import Upkeep

extension AppVerifyReport {
    /// - Parameter file: where the report was written, too.
    package func json(file: BytePath? = nil) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("message_type", "summary")
        writer.member("application", application)
        writer.member("run_id", runID.text)
        writer.key("time")
        writer.timestamp(time)
        writer.member("host", host)
        writer.member("repository", repository)
        writer.key("ok")
        writer.bool(isClean)
        writer.member("num_errors", UInt64(damage.count))
        writer.member("snapshots", UInt64(snapshots.count))
        writer.member("packs", UInt64(check.counts.packs))
        writer.member("packs_read", UInt64(check.counts.packsRead))
        writer.member("bytes_read", check.counts.bytesRead)
        write(coverage, to: &writer)
        writer.list("sources", states, write)
        writer.list("databases", databases, write)
        writer.list("damage", damage) { line, writer in
            writer.beginObject()
            writer.member("message", line)
            writer.endObject()
        }
        writer.list("damaged_snapshots", damagedSnapshots) { $1.string($0.id.hex) }
        writer.list("advice", advice) { $1.string($0) }
        if let file {
            writer.key("report_file")
            writer.string(file.bytes)
        }
        writer.key("seconds_elapsed")
        writer.raw("\(Double(durationNanoseconds) / 1e9)")
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func write(_ coverage: ReadCoverage, to writer: inout JSONWriter) {
        writer.key("coverage")
        writer.beginObject()
        writer.member("packs", UInt64(coverage.packCount))
        writer.member("bytes", coverage.byteCount)
        writer.member("packs_read_back", UInt64(coverage.readPackCount))
        writer.member("bytes_read_back", coverage.readByteCount)
        if let oldest = coverage.oldest {
            writer.key("oldest_reading")
            writer.timestamp(oldest)
        }
        if let days = coverage.days { writer.member("complete_within_days", UInt64(days)) }
        writer.endObject()
    }

    private func write(_ state: State, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("source", state.source.rawValue)
        if let path = state.path {
            writer.key("path")
            writer.string(path.bytes)
        }
        writer.member("good_snapshots", UInt64(state.good.count))
        writer.member("damaged_captures", UInt64(state.damagedCaptures.count))
        if let newest = state.newest {
            writer.member("newest", newest.id.hex)
            writer.key("newest_time")
            writer.timestamp(newest.snapshot.time)
        }
        writer.endObject()
    }

    private func write(_ database: Database, to writer: inout JSONWriter) {
        writer.beginObject()
        if let id = database.snapshot?.id.hex { writer.member("snapshot_id", id) }
        writer.key("path")
        writer.string(database.path.bytes)
        if let proof = database.proof { writer.member("proof", proof.rawValue) }
        writer.member("tables", UInt64(database.tableCount))
        writer.member("rows", database.rowCount)
        if let failure = database.failure { writer.member("error", failure.message) }
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    fileprivate mutating func member(_ name: String, _ number: UInt64) {
        key(name)
        integer(number)
    }

    fileprivate mutating func list<Element>(_ name: String, _ elements: [Element], _ body: (Element, inout JSONWriter) -> Void) {
        key(name)
        beginArray()
        for element in elements { body(element, &self) }
        endArray()
    }
}
