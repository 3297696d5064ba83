// Node+JSON: a node's text, byte for byte as restic writes it, and back.
//
// The order of the keys and what is omitted when empty are part of the format, because a tree's id is the hash of its text.

import Bytes

extension Node {
    /// The JSON of this node alone, as it stands between the commas of a tree.
    /// - Throws: `.refused` for a name that cannot be one, or a type that is not known.
    package func json() throws(FormatError) -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        try write(to: &writer)
        return writer.bytes
    }

    func write(to writer: inout JSONWriter) throws(FormatError) {
        guard hasSafeName else { throw FormatError(.refused, "node", "'\(displayName)' is not a file name") }
        guard kind != .unknown else { throw FormatError(.refused, "node '\(displayName)'", "its type is not known") }
        writer.beginObject()
        writer.key("name")
        writer.string(GoQuote.quote(name))
        writer.key("type")
        writer.string(kind.word)
        if mode.rawValue != 0 {
            writer.key("mode")
            writer.integer(mode.rawValue)
        }
        writeTimes(to: &writer)
        writeOwner(to: &writer)
        writePlace(to: &writer)
        writeLink(to: &writer)
        writeAttributes(to: &writer)
        if device != 0 {
            writer.key("device")
            writer.integer(device)
        }
        writeContent(to: &writer)
        writer.endObject()
    }

    private func writeTimes(to writer: inout JSONWriter) {
        writer.key("mtime")
        let start = writer.count
        writer.timestamp(modificationTime)
        let end = writer.count
        writer.key("atime")
        // Access times equal modification times by default: copying the text is much cheaper than writing it again.
        if accessTime.identical(to: modificationTime) { writer.repeating(start..<end) } else { writer.timestamp(accessTime) }
        writer.key("ctime")
        writer.timestamp(changeTime)
    }

    private func writeOwner(to writer: inout JSONWriter) {
        writer.key("uid")
        writer.integer(userID)
        writer.key("gid")
        writer.integer(groupID)
        if !userName.isEmpty {
            writer.key("user")
            writer.string(userName)
        }
        if !groupName.isEmpty {
            writer.key("group")
            writer.string(groupName)
        }
    }

    private func writePlace(to writer: inout JSONWriter) {
        if inode != 0 {
            writer.key("inode")
            writer.integer(inode)
        }
        if deviceID != 0 {
            writer.key("device_id")
            writer.integer(deviceID)
        }
        if size != 0 {
            writer.key("size")
            writer.integer(size)
        }
        if linkCount != 0 {
            writer.key("links")
            writer.integer(linkCount)
        }
    }

    private func writeLink(to writer: inout JSONWriter) {
        guard !linkTarget.isEmpty else { return }
        writer.key("linktarget")
        writer.string(linkTarget)
        if !UTF8Sequence.isValid(linkTarget.span) {
            writer.key("linktarget_raw")
            writer.base64(linkTarget)
        }
    }

    private func writeAttributes(to writer: inout JSONWriter) {
        if !extendedAttributes.isEmpty {
            writer.key("extended_attributes")
            writer.beginArray()
            for attribute in extendedAttributes {
                writer.beginObject()
                writer.key("name")
                writer.string(attribute.name)
                writer.key("value")
                writer.base64(attribute.value)
                writer.endObject()
            }
            writer.endArray()
        }
        if !genericAttributes.isEmpty {
            writer.key("generic_attributes")
            writer.raw(genericAttributes)
        }
    }

    private func writeContent(to writer: inout JSONWriter) {
        writer.key("content")
        if let content {
            writer.beginArray()
            for blob in content { writer.digest(blob.digest) }
            writer.endArray()
        } else {
            writer.null()
        }
        if let subtree {
            writer.key("subtree")
            writer.digest(subtree.digest)
        }
        if !error.isEmpty {
            writer.key("error")
            writer.string(error)
        }
    }
}

extension Node {
    private static let kindWords = JSONWords(Kind.words)
    private static let attributeKeys = JSONWords(["name", "value"])
    private static let keys = JSONWords([
        "name", "type", "mode", "mtime", "atime", "ctime", "uid", "gid", "user", "group", "inode", "device_id", "size", "links",
        "linktarget", "linktarget_raw", "extended_attributes", "generic_attributes", "device", "content", "subtree", "error",
    ])

    /// Reads one node. Unknown keys are passed over; a node without name or type is damage.
    init(from scanner: inout JSONScanner) throws {
        self.init(name: [], kind: .unknown)
        var hasName = false, hasKind = false
        var rawTarget: [UInt8]? = nil
        try scanner.beginObject()
        while let key = try scanner.nextKey(Node.keys) {
            if try scanner.takeNull() { continue }
            switch key {
            case 0:
                guard let name = GoQuote.unquote(try scanner.string()) else { throw scannerProblem("a name is not quoted as Go does") }
                self.name = name
                hasName = true
            case 1:
                kind = Kind(rawValue: try scanner.word(Node.kindWords)) ?? .unknown
                hasKind = true
            case 15: rawTarget = try scanner.base64()
            default: try read(key, from: &scanner)
            }
        }
        guard hasName, hasKind else { throw scannerProblem("a node has no name or no type") }
        if let rawTarget, !rawTarget.isEmpty { linkTarget = rawTarget }
    }

    private mutating func read(_ key: Int, from scanner: inout JSONScanner) throws {
        switch key {
        case 2: mode = GoFileMode(rawValue: try scanner.unsigned32())
        case 3: modificationTime = try scanner.timestamp()
        case 4: accessTime = try scanner.timestamp()
        case 5: changeTime = try scanner.timestamp()
        case 6: userID = try scanner.unsigned32()
        case 7: groupID = try scanner.unsigned32()
        case 8: userName = try scanner.text()
        case 9: groupName = try scanner.text()
        case 10: inode = try scanner.unsigned()
        case 11: deviceID = try scanner.unsigned()
        case 12: size = try scanner.unsigned()
        case 13: linkCount = try scanner.unsigned()
        case 14: linkTarget = try scanner.string()
        case 16: extendedAttributes = try Node.attributes(from: &scanner)
        case 17:
            let value = try scanner.rawValue()
            guard value.first == UInt8(ascii: "{") else { throw scannerProblem("generic attributes are not an object") }
            genericAttributes = value
        case 18: device = try scanner.unsigned()
        case 19: content = try Node.blobs(from: &scanner)
        case 20: subtree = BlobID(try scanner.digest())
        case 21: error = try scanner.text()
        default: try scanner.skipValue()
        }
    }

    private func scannerProblem(_ detail: String) -> FormatError {
        .damaged(name.isEmpty ? "tree" : "node '\(displayName)'", detail)
    }

    private static func attributes(from scanner: inout JSONScanner) throws -> [ExtendedAttribute] {
        var attributes: [ExtendedAttribute] = []
        try scanner.beginArray()
        while try scanner.nextElement() {
            var attribute = ExtendedAttribute(name: [], value: [])
            try scanner.beginObject()
            while let key = try scanner.nextKey(attributeKeys) {
                if try scanner.takeNull() { continue }
                switch key {
                case 0: attribute.name = try scanner.string()
                case 1: attribute.value = try scanner.base64()
                default: try scanner.skipValue()
                }
            }
            attributes.append(attribute)
        }
        return attributes
    }

    private static func blobs(from scanner: inout JSONScanner) throws -> [BlobID] {
        var blobs: [BlobID] = []
        try scanner.beginArray()
        while try scanner.nextElement() { blobs.append(BlobID(try scanner.digest())) }
        return blobs
    }
}
