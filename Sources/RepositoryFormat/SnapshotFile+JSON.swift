// SnapshotFile+JSON: the text of a snapshot, and back.

import Bytes

extension SnapshotFile {
    /// The JSON without a newline.
    package var json: [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.key("time")
        writer.timestamp(time)
        if let parent {
            writer.key("parent")
            writer.digest(parent.digest)
        }
        writer.key("tree")
        writer.digest(tree.digest)
        writer.key("paths")
        writer.beginArray()
        for path in paths { writer.string(path.bytes) }
        writer.endArray()
        writeOrigin(to: &writer)
        writeList("excludes", excludes, to: &writer)
        writeList("tags", tags, to: &writer)
        if let original {
            writer.key("original")
            writer.digest(original.digest)
        }
        if !programVersion.isEmpty {
            writer.key("program_version")
            writer.string(programVersion)
        }
        summary?.write(to: &writer)
        writer.endObject()
        return writer.bytes
    }

    private func writeOrigin(to writer: inout JSONWriter) {
        for (key, value) in [("hostname", hostName), ("username", userName)] where !value.isEmpty {
            writer.key(key)
            writer.string(value)
        }
        for (key, value) in [("uid", userID), ("gid", groupID)] where value != 0 {
            writer.key(key)
            writer.integer(value)
        }
    }

    private func writeList(_ key: String, _ values: [String], to writer: inout JSONWriter) {
        guard !values.isEmpty else { return }
        writer.key(key)
        writer.beginArray()
        for value in values { writer.string(value) }
        writer.endArray()
    }

    private static let keys = JSONWords([
        "time", "parent", "tree", "paths", "hostname", "username", "uid", "gid", "excludes", "tags", "original", "program_version",
        "summary",
    ])

    /// - Throws: `.damaged` if the bytes are not a snapshot; a snapshot without time or tree is none. `.unsupported` beyond `maximumByteCount`.
    package init(parsing json: [UInt8]) throws(FormatError) {
        // No damage that a repair might remove: whatever wrote this may have meant it.
        guard json.count <= SnapshotFile.maximumByteCount else {
            throw FormatError(.unsupported, "snapshot", "it has \(json.count) bytes, more than the \(SnapshotFile.maximumByteCount) that are read")
        }
        self = try FormatError.parsing("snapshot") {
            var snapshot = SnapshotFile(time: .zero, tree: BlobID(.zero), paths: [])
            var hasTime = false
            var scanner = JSONScanner(json)
            try scanner.beginObject()
            while let key = try scanner.nextKey(SnapshotFile.keys) {
                if try scanner.takeNull() { continue }
                if key == 0 { hasTime = true }
                try snapshot.read(key, from: &scanner)
            }
            try scanner.endOfDocument()
            guard hasTime, !snapshot.tree.digest.isZero else { throw FormatError.damaged("snapshot", "it has no time or no tree") }
            return snapshot
        }
    }

    private mutating func read(_ key: Int, from scanner: inout JSONScanner) throws(JSONError) {
        switch key {
        case 0: time = try scanner.timestamp()
        case 1: parent = SnapshotID(try scanner.digest())
        case 2: tree = BlobID(try scanner.digest())
        case 3: paths = try SnapshotFile.strings(from: &scanner).map { BytePath($0) }
        case 4: hostName = try scanner.text()
        case 5: userName = try scanner.text()
        case 6: userID = try scanner.unsigned32()
        case 7: groupID = try scanner.unsigned32()
        case 8: excludes = try SnapshotFile.strings(from: &scanner).map { String(decoding: $0, as: UTF8.self) }
        case 9: tags = try SnapshotFile.strings(from: &scanner).map { String(decoding: $0, as: UTF8.self) }
        case 10: original = SnapshotID(try scanner.digest())
        case 11: programVersion = try scanner.text()
        case 12: summary = try SnapshotSummary(from: &scanner)
        default: try scanner.skipValue()
        }
    }

    private static func strings(from scanner: inout JSONScanner) throws(JSONError) -> [[UInt8]] {
        var strings: [[UInt8]] = []
        try scanner.beginArray()
        while try scanner.nextElement() { strings.append(try scanner.string()) }
        return strings
    }
}

extension SnapshotSummary {
    func write(to writer: inout JSONWriter) {
        writer.key("summary")
        writer.beginObject()
        writer.key("backup_start")
        writer.timestamp(backupStart)
        writer.key("backup_end")
        writer.timestamp(backupEnd)
        for counter in SnapshotSummary.counters {
            writer.key(counter.key)
            writer.integer(self[keyPath: counter.field])
        }
        writer.endObject()
    }

    private static let keys = JSONWords(["backup_start", "backup_end"] + counters.map(\.key))

    init(from scanner: inout JSONScanner) throws(JSONError) {
        self.init()
        try scanner.beginObject()
        while let key = try scanner.nextKey(SnapshotSummary.keys) {
            if try scanner.takeNull() { continue }
            switch key {
            case 0: backupStart = try scanner.timestamp()
            case 1: backupEnd = try scanner.timestamp()
            case JSONWords.unknown: try scanner.skipValue()
            default: self[keyPath: SnapshotSummary.counters[key - 2].field] = try scanner.unsigned()
            }
        }
    }
}
