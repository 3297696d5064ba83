// AuditEntry: one line of the audit log: who did what to what, when, and what came of it; chained to the line before it.
//
// A line is one JSON object in a fixed order of keys, and ends with its hash:
//
//   {"sequence":7,"time":"…","stage":"intent","user":"root","uid":0,"sudo_user":"anna","host":"web1","pid":812,"verb":"forget",
//    "object":"…","result":"…","exit_code":0,"run_id":"…","previous":"<hash of line 6>","hash":"<SHA-256 of this line without this key>"}
//
// What is hashed are the bytes as they stand, not values read from them: no two texts can mean the same line.

package import Bytes
import Codecs
import HostOS

/// Who did it, as far as this machine can tell.
package struct AuditActor: Hashable, Sendable {
    package let user: String
    package let userID: UInt32
    /// Who became root by sudo; nil for everybody else, who could write anything into that variable.
    package let sudoUser: String?
    package let host: String
    package let process: Int32

    package init(user: String, userID: UInt32, sudoUser: String?, host: String, process: Int32) {
        self.user = user
        self.userID = userID
        self.sudoUser = sudoUser
        self.host = host
        self.process = process
    }

    package static var current: AuditActor {
        let sudo = Host.userID == 0 ? Host.environment("SUDO_USER").flatMap { $0.isEmpty ? nil : $0 } : nil
        return AuditActor(
            user: AccountNames().user(Host.userID), userID: Host.userID, sudoUser: sudo, host: Host.name(), process: Host.processID)
    }
}

/// What is to be recorded.
package struct AuditEvent: Hashable, Sendable {
    package enum Stage: String, Sendable {
        /// Before it is done.
        case intent
        /// After it was done, or failed.
        case result
    }

    package var stage: Stage
    package var verb: String
    package var object: String
    package var result: String?
    package var exitStatus: Int32?
    package var run: String?

    package init(_ stage: Stage, verb: String, object: String, result: String? = nil, exitStatus: Int32? = nil, run: String? = nil) {
        self.stage = stage
        self.verb = verb
        self.object = object
        self.result = result
        self.exitStatus = exitStatus
        self.run = run
    }
}

/// Where the log ends: what has to be known elsewhere to notice that its end is gone.
package struct AuditHead: Hashable, Sendable {
    package let sequence: UInt64
    package let hash: Digest

    package init(sequence: UInt64, hash: Digest) {
        self.sequence = sequence
        self.hash = hash
    }

    /// Before the first line.
    package static let beginning = AuditHead(sequence: 0, hash: .zero)
}

package struct AuditEntry: Hashable, Sendable {
    /// Longer texts are cut: a line must stay small enough to be written at once.
    static let maximumTextByteCount = 4096
    static let maximumLineByteCount = 1 << 16

    package let sequence: UInt64
    package let time: Timestamp
    package let actor: AuditActor
    package let event: AuditEvent
    package let previous: Digest
    package let hash: Digest
    /// As it stands in the file, without its line feed.
    package let line: [UInt8]

    package var head: AuditHead { AuditHead(sequence: sequence, hash: hash) }

    /// The line that follows another.
    init(_ event: AuditEvent, by actor: AuditActor, at time: Timestamp, after head: AuditHead) {
        sequence = head.sequence + 1
        self.time = time
        self.actor = actor
        self.event = event
        previous = head.hash
        let body = AuditEntry.body(event, actor, time, head)
        hash = AuditEntry.hash(body)
        line = body.dropLast() + Array(",\"hash\":\"\(hash.hex)\"}".utf8)
    }

    /// The object without its hash.
    private static func body(_ event: AuditEvent, _ actor: AuditActor, _ time: Timestamp, _ head: AuditHead) -> [UInt8] {
        var writer = JSONWriter()
        func text(_ key: String, _ value: String?) {
            guard let value else { return }
            writer.key(key)
            writer.string(clipped(value))
        }
        writer.beginObject()
        writer.key("sequence")
        writer.integer(head.sequence + 1)
        writer.key("time")
        writer.timestamp(time)
        text("stage", event.stage.rawValue)
        text("user", actor.user)
        writer.key("uid")
        writer.integer(actor.userID)
        text("sudo_user", actor.sudoUser)
        text("host", actor.host)
        writer.key("pid")
        writer.integer(Int64(actor.process))
        text("verb", event.verb)
        text("object", event.object)
        text("result", event.result)
        if let status = event.exitStatus {
            writer.key("exit_code")
            writer.integer(Int64(status))
        }
        text("run_id", event.run)
        writer.key("previous")
        writer.digest(head.hash)
        writer.endObject()
        return writer.bytes
    }

    private static func clipped(_ text: String) -> String {
        text.utf8.count <= maximumTextByteCount ? text : String(decoding: text.utf8.prefix(maximumTextByteCount), as: UTF8.self) + "…"
    }

    private static func hash(_ body: [UInt8]) -> Digest { SHA256.hash(body.span) }

    // MARK: Reading

    /// Why a line is none of the log's.
    package enum Flaw: Error, Sendable {
        case unreadable
        /// It is a line, but not the one that was written: its hash is another.
        case edited(sequence: UInt64)
    }

    private static let tailByteCount = Array(",\"hash\":\"".utf8).count + 64 + 2

    /// Reads a line, and checks its hash.
    package init(line: [UInt8]) throws(Flaw) {
        guard line.count <= AuditEntry.maximumLineByteCount, line.count > AuditEntry.tailByteCount else { throw .unreadable }
        let body = line.dropLast(AuditEntry.tailByteCount) + [UInt8(ascii: "}")]
        do {
            self = try AuditEntry.parse(line)
        } catch {
            throw .unreadable
        }
        let bodyBytes = Array(body)
        guard AuditEntry.hash(bodyBytes) == hash, line.suffix(AuditEntry.tailByteCount) == Array(",\"hash\":\"\(hash.hex)\"}".utf8)[...] else {
            throw .edited(sequence: sequence)
        }
    }

    private init(_ fields: Fields, line: [UInt8]) throws(JSONError) {
        guard let sequence = fields.sequence, let time = fields.time, let stage = fields.stage.flatMap(AuditEvent.Stage.init(rawValue:)),
            let verb = fields.verb, let previous = fields.previous, let hash = fields.hash
        else { throw JSONError(problem: "a key is missing", offset: line.count) }
        self.sequence = sequence
        self.time = time
        actor = AuditActor(
            user: fields.user ?? "", userID: fields.userID ?? 0, sudoUser: fields.sudoUser, host: fields.host ?? "", process: fields.process ?? 0)
        event = AuditEvent(stage, verb: verb, object: fields.object ?? "", result: fields.result, exitStatus: fields.exitStatus, run: fields.run)
        self.previous = previous
        self.hash = hash
        self.line = line
    }

    private struct Fields {
        var sequence: UInt64?
        var time: Timestamp?
        var stage, user, sudoUser, host, verb, object, result, run: String?
        var userID: UInt32?
        var process, exitStatus: Int32?
        var previous, hash: Digest?
    }

    private static func parse(_ line: [UInt8]) throws(JSONError) -> AuditEntry {
        var scanner = JSONScanner(line), fields = Fields()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch String(decoding: key, as: UTF8.self) {
            case "sequence": fields.sequence = try scanner.unsigned()
            case "time": fields.time = try scanner.timestamp()
            case "stage": fields.stage = try scanner.text()
            case "user": fields.user = try scanner.text()
            case "uid": fields.userID = try scanner.unsigned32()
            case "sudo_user": fields.sudoUser = try scanner.text()
            case "host": fields.host = try scanner.text()
            case "pid": fields.process = Int32(clamping: try scanner.signed())
            case "verb": fields.verb = try scanner.text()
            case "object": fields.object = try scanner.text()
            case "result": fields.result = try scanner.text()
            case "exit_code": fields.exitStatus = Int32(clamping: try scanner.signed())
            case "run_id": fields.run = try scanner.text()
            case "previous": fields.previous = try scanner.digest()
            case "hash": fields.hash = try scanner.digest()
            default: try scanner.skipValue()
            }
        }
        try scanner.endOfDocument()
        return try AuditEntry(fields, line: line)
    }
}
