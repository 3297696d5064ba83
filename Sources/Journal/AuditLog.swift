// AuditLog: the tamper-evident record of actions: a file of lines, each chained to the one before it by its hash.
//
//   audit.jsonl   the lines (AuditEntry), appended and never changed      audit.head   sequence and hash of the newest line
//   audit.lock    one writer at a time
//
// Appending, under the lock: 1. The end of the file is compared with the head. 2. The line is appended and flushed. 3. The head is replaced in
// one step. So a crash leaves the file at most one line ahead of its head, or a piece of a line that nobody was told of: that is taken away
// by the next writer, who says so in a line of its own. A file that ends before its head was cut off: the next line goes on from the head,
// so the gap stays to be seen for ever.
//
// The head is also written into the journal with every run. Not promised: evidence against somebody who can rewrite all three, as root can,
// unless the head is known elsewhere too. `chattr +a audit.jsonl` is respected.

package import Bytes
package import HostOS

/// The audit log could not be written or read.
package struct AuditFailure: Error, Hashable, Sendable, FailureConvertible, CustomStringConvertible {
    package let path: BytePath
    package let reason: String

    package var description: String { "could not use the audit log '\(path)': \(reason)" }
    package var failure: Failure {
        Failure(.failed, description, hint: "make its directory writable for the user lifeboat runs as, or set LIFEBOAT_STATE_DIR to a place that is")
    }
}

package struct AuditLog: Sendable {
    /// A log of a million lines is a quarter of this.
    package static let maximumByteCount = 1 << 30

    package let directory: BytePath
    private let clock: any Clock
    private let actor: AuditActor

    package var path: BytePath { directory.appending("audit.jsonl") }
    package var headPath: BytePath { directory.appending("audit.head") }

    /// Nothing is opened or made.
    package init(in directory: BytePath, clock: any Clock = SystemClock(), actor: AuditActor = .current) {
        self.directory = directory
        self.clock = clock
        self.actor = actor
    }

    // MARK: Writing

    /// Appends a line. On return it is on disk.
    @discardableResult
    package func append(_ event: AuditEvent) throws(AuditFailure) -> AuditEntry {
        do throws(SystemError) {
            try Directory.createAll(directory)
            let lock = try Descriptor.open(directory.appending("audit.lock"), .openOrCreate)
            try lock.lock()
            let end = try readEnd()
            let entry = try write(event, after: end)
            // The lock is held until here, whatever the optimiser thinks of its last use.
            _ = try lock.status()
            return entry
        } catch {
            throw AuditFailure(path: path, reason: error.reason)
        }
    }

    /// What is found before a line is appended.
    private struct End {
        let head: AuditHead
        /// Of whole lines; what follows is torn.
        let byteCount: UInt64
        let tornByteCount: UInt64
        let isNew: Bool
        /// What a line of its own has to say before anything else is appended.
        var notes: [String] = []
    }

    private func write(_ event: AuditEvent, after end: End) throws(SystemError) -> AuditEntry {
        let time = clock.now(), now = Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds)
        let file = try Descriptor.open(path, .append)
        if end.tornByteCount > 0 { try file.truncate(to: end.byteCount) }
        var head = end.head, text: [UInt8] = []
        for note in end.notes {
            let entry = AuditEntry(AuditEvent(.result, verb: "audit", object: "\(path)", result: note), by: actor, at: now, after: head)
            text += entry.line + [0x0a]
            head = entry.head
        }
        let entry = AuditEntry(event, by: actor, at: now, after: head)
        text += entry.line + [0x0a]
        do {
            try file.write(text.span)
            try file.synchronize()
        } catch {
            // A full disk took a part of it: nobody has been told of that line.
            try? file.truncate(to: end.byteCount)
            throw error
        }
        if end.isNew { try Directory.synchronize(directory) }
        try writeHead(entry.head)
        return entry
    }

    private func writeHead(_ head: AuditHead) throws(SystemError) {
        let text = Array("{\"sequence\":\(head.sequence),\"hash\":\"\(head.hash.hex)\"}\n".utf8)
        try AtomicFile.write(text.span, to: headPath)
    }

    private func readEnd() throws(SystemError) -> End {
        let head = readHead()
        guard let status = try FileStatus.ifExists(path) else {
            return End(head: head ?? .beginning, byteCount: 0, tornByteCount: 0, isNew: true, notes: head == nil ? [] : ["the log was gone"])
        }
        let (line, torn) = try lastLine(status.size)
        let last = try? line.map { line throws(AuditEntry.Flaw) in try AuditEntry(line: line) }
        var end = End(
            head: AuditLog.continuation(last?.head, head), byteCount: status.size - torn, tornByteCount: torn, isNew: false)
        if torn > 0 { end.notes.append("a piece of a line, \(torn) bytes that no writer had finished, was taken away") }
        if head == nil && line != nil { end.notes.append("the head was gone") }
        return end
    }

    /// Where the chain goes on: from the newest line, unless the head knows of newer ones.
    private static func continuation(_ last: AuditHead?, _ head: AuditHead?) -> AuditHead {
        guard let last else { return head ?? .beginning }
        guard let head else { return last }
        return last.sequence > head.sequence ? last : head
    }

    /// The last whole line, and how many bytes follow it.
    private func lastLine(_ size: UInt64) throws(SystemError) -> (line: [UInt8]?, tornByteCount: UInt64) {
        let wanted = min(size, UInt64(4 * AuditEntry.maximumLineByteCount))
        let file = try Descriptor.open(path, .read)
        let tail = try [UInt8](byteCount: Int(wanted)) { (span) throws(SystemError) in try file.readFully(into: &span, at: size - wanted) }
        guard let end = tail.lastIndex(of: 0x0a) else { return (nil, UInt64(tail.count)) }
        let start = tail[..<end].lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return (Array(tail[start..<end]), UInt64(tail.count - end - 1))
    }

    // MARK: Reading

    /// The newest line, as the head file says; nil if there is none, or it cannot be read.
    package func readHead() -> AuditHead? {
        guard let text = try? AtomicFile.read(headPath, limit: 1024) else { return nil }
        return AuditLog.head(text)
    }

    private static func head(_ text: [UInt8]) -> AuditHead? {
        var scanner = JSONScanner(text), sequence: UInt64?, hash: Digest?
        do throws(JSONError) {
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                switch String(decoding: key, as: UTF8.self) {
                case "sequence": sequence = try scanner.unsigned()
                case "hash": hash = try scanner.digest()
                default: try scanner.skipValue()
                }
            }
            try scanner.endOfDocument()
        } catch {
            return nil
        }
        guard let sequence, let hash else { return nil }
        return AuditHead(sequence: sequence, hash: hash)
    }

    /// Everything in the file, and nil for its head if that is gone.
    func content() throws(AuditFailure) -> (text: [UInt8], head: AuditHead?, hasHead: Bool) {
        do throws(SystemError) {
            let text = try FileStatus.ifExists(path) == nil ? [] : AtomicFile.read(path, limit: AuditLog.maximumByteCount)
            return (text, readHead(), try FileStatus.ifExists(headPath) != nil)
        } catch {
            throw AuditFailure(path: path, reason: error.reason)
        }
    }

    /// The newest lines that can be read, the oldest first. Nothing is proved: that is `verify`.
    package func entries(last count: Int) throws(AuditFailure) -> [AuditEntry] {
        let lines = try content().text.split(separator: 0x0a).suffix(count)
        return lines.compactMap { line in try? AuditEntry(line: Array(line)) }
    }
}
