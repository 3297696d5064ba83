// Tree: one directory's listing, the plaintext of a tree blob.
//
//   {"nodes":[ node , node … ]}\n      nodes strictly ascending by raw name, compared as unsigned bytes
//
// Reading accepts what restic accepts, so that a repository someone else damaged can still be restored: unknown keys, wrong order,
// unsafe names. Whoever uses names checks Node.hasSafeName; whoever rewrites trees asks roundTrips first.

import Bytes

package enum Tree {
    /// The largest tree that is read. A million files in one directory take about 400 MiB.
    package static let maximumByteCount = 1 << 30

    /// As many entries fit into a tree of that size if each says what honest entries say; shorter ones would take twenty times the text's
    /// size as values.
    package static let maximumEntryCount = 4_000_000

    private static let keys = JSONWords(["nodes"])

    /// - Throws: `.damaged` if the bytes are not a tree, `.tooLarge` beyond `maximumByteCount`, `.unsupported` beyond
    ///   `maximumEntryCount`.
    package static func parse(_ json: [UInt8], maximumEntryCount: Int = maximumEntryCount) throws(FormatError) -> [Node] {
        guard json.count <= maximumByteCount else { throw FormatError(.tooLarge, "tree", "it has \(json.count) bytes") }
        return try FormatError.parsing("tree") {
            var nodes: [Node] = []
            var hasNodes = false
            var scanner = JSONScanner(json)
            try scanner.beginObject()
            while let key = try scanner.nextKey(keys) {
                guard key == 0 else {
                    try scanner.skipValue()
                    continue
                }
                guard !hasNodes else { throw FormatError.damaged("tree", "it lists its nodes twice") }
                hasNodes = true
                if try scanner.takeNull() { continue }
                try scanner.beginArray()
                while try scanner.nextElement() {
                    // No damage that a repair might cut away: whatever wrote this may have meant it.
                    guard nodes.count < maximumEntryCount else { throw FormatError(.unsupported, "tree", "it lists more than \(maximumEntryCount) entries") }
                    nodes.append(try Node(from: &scanner))
                }
            }
            try scanner.endOfDocument()
            guard hasNodes else { throw FormatError.damaged("tree", "it has no list of nodes") }
            return nodes
        }
    }

    /// Whether writing the parsed tree again gives the same bytes. If not, it holds something this program does not know or breaks a
    /// rule, and must not be rewritten except to repair it.
    package static func roundTrips(_ json: [UInt8]) -> Bool {
        guard let nodes = try? parse(json), let written = try? serialise(nodes) else { return false }
        return written == json
    }

    /// The bytes of a tree blob.
    /// - Throws: `.refused` for names out of order, or a node that cannot be written.
    package static func serialise(_ nodes: [Node]) throws(FormatError) -> [UInt8] {
        var writer = TreeWriter()
        for node in nodes { try writer.append(node) }
        return writer.finished()
    }
}

/// Writes a tree node by node, in strictly ascending order of names.
package struct TreeWriter: Sendable {
    package private(set) var nodeCount = 0
    private var lastName: [UInt8] = []
    private var writer = JSONWriter(reserving: 4096)

    package init() {
        writer.beginObject()
        writer.key("nodes")
        writer.beginArray()
    }

    /// - Throws: `.refused` if the name does not follow the last one or the node cannot be written. The writer is then of no use.
    package mutating func append(_ node: Node) throws(FormatError) {
        try accept(node.name)
        try node.write(to: &writer)
    }

    /// Appends what `Node.json()` gave for a node of this name, for callers that keep encoded nodes of unchanged files.
    package mutating func append(encoded json: [UInt8], name: [UInt8]) throws(FormatError) {
        try accept(name)
        writer.raw(json)
    }

    /// The whole tree with its final newline.
    package consuming func finished() -> [UInt8] {
        writer.endArray()
        writer.endObject()
        writer.newline()
        return writer.bytes
    }

    private mutating func accept(_ name: [UInt8]) throws(FormatError) {
        guard nodeCount == 0 || lastName.lexicographicallyPrecedes(name) else {
            throw FormatError(
                .refused, "tree", "'\(BytePath.display(name))' must not follow '\(BytePath.display(lastName))': names ascend strictly")
        }
        nodeCount += 1
        lastName = name
    }
}
