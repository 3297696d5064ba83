// AuditVerification: is the audit log what was written, all of it and in its order?
//
// 1. Every line is whole, and has the hash it says. 2. Each follows the one before it: next number, previous hash. 3. The head file names
// the last line, or the one before it (a crash in between). 4. Every head that a run left in the journal is a line of the log.
//
// Each finding names the line of the file. What is missing at the end is found by 3 and 4 alone: the lines that are left are in order.

import Bytes

package struct AuditVerdict: Sendable {
    package internal(set) var entryCount = 0
    /// Of the last line; nil without any.
    package internal(set) var head: AuditHead?
    /// Empty if the log is what was written.
    package internal(set) var findings: [String] = []

    package var isClean: Bool { findings.isEmpty }
}

/// A head that a run left in the journal.
package struct AuditAnchor: Hashable, Sendable {
    package let run: RunID
    package let head: AuditHead

    package init(run: RunID, head: AuditHead) {
        self.run = run
        self.head = head
    }
}

extension AuditLog {
    /// Reads the whole log. Writers are not kept out: a line that is appended meanwhile is no finding.
    package func verify(anchors: [AuditAnchor]) throws(AuditFailure) -> AuditVerdict {
        let before = readHead()
        let (text, after, hasHead) = try content()
        return AuditVerification(text, heads: [before, after].compactMap { $0 }, hasHead: hasHead, anchors).verdict
    }
}

struct AuditVerification {
    private(set) var verdict = AuditVerdict()
    /// Hashes by sequence; a number that comes twice keeps its first.
    private var known: [UInt64: Digest] = [:]
    /// Nil after a line that tells nothing.
    private var last: AuditHead? = .beginning

    /// - Parameter heads: as they were before and after the text was read.
    init(_ text: [UInt8], heads: [AuditHead], hasHead: Bool, _ anchors: [AuditAnchor]) {
        var lines = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        let rest = lines.popLast() ?? []
        for (index, line) in lines.enumerated() { look(Array(line), number: index + 1) }
        if !rest.isEmpty { note("line \(lines.count + 1) is not whole: a writer was killed, or its end was cut off") }
        compare(heads, hasHead: hasHead)
        compare(anchors)
    }

    private mutating func note(_ text: String) { verdict.findings.append(text) }

    private mutating func look(_ line: [UInt8], number: Int) {
        do throws(AuditEntry.Flaw) {
            let entry = try AuditEntry(line: line)
            place(entry, number)
            verdict.entryCount += 1
            verdict.head = entry.head
            last = entry.head
            if known[entry.sequence] == nil { known[entry.sequence] = entry.hash }
        } catch .edited(let sequence) {
            note("line \(number) (entry \(sequence)) was edited: it does not have the hash that it says")
            last = nil
        } catch {
            note("line \(number) cannot be read as an entry")
            last = nil
        }
    }

    private mutating func place(_ entry: AuditEntry, _ number: Int) {
        if known[entry.sequence] != nil { return note("line \(number) is entry \(entry.sequence) again: it was duplicated") }
        // After a line that could not be read nothing is known to compare with.
        guard let last else { return }
        if entry.sequence > last.sequence + 1 {
            let missing = entry.sequence - last.sequence - 1
            note("before line \(number) (entry \(entry.sequence)) \(missing == 1 ? "an entry is" : "\(missing) entries are") missing: removed, or put elsewhere")
        } else if entry.sequence <= last.sequence {
            note("line \(number) (entry \(entry.sequence)) stands after entry \(last.sequence): the order was changed")
        } else if entry.previous != last.hash {
            note("line \(number) (entry \(entry.sequence)) does not follow the line before it, which is another than the one it was chained to")
        }
    }

    private mutating func compare(_ heads: [AuditHead], hasHead: Bool) {
        let newest = known.keys.max() ?? 0
        guard let head = heads.max(by: { $0.sequence < $1.sequence }) else {
            if hasHead { return note("the head file cannot be read") }
            if verdict.entryCount > 0 { note("the head file is gone: entries may be missing at the end") }
            return
        }
        let oldest = heads.map(\.sequence).min() ?? head.sequence
        if newest < oldest {
            note("the log ends with entry \(newest), but its head is entry \(head.sequence): the end was cut off")
        } else if let hash = known[head.sequence], hash != head.hash {
            note("entry \(head.sequence) is not the one that the head file names: the log was written anew")
        } else if newest > head.sequence + 1 {
            note("the log goes on to entry \(newest), but its head is entry \(head.sequence): the head file is an older one")
        }
    }

    private mutating func compare(_ anchors: [AuditAnchor]) {
        let wrong = anchors.filter { known[$0.head.sequence] != $0.head.hash }
        guard let newest = wrong.max(by: { $0.head.sequence < $1.head.sequence }) else { return }
        let what = known[newest.head.sequence] == nil ? "is missing" : "is another one"
        let more = wrong.count > 1 ? ", and so for \(wrong.count - 1) more runs" : ""
        note("the journal says that run \(newest.run) ended with entry \(newest.head.sequence), which \(what)\(more)")
    }
}
