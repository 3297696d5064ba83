// TarWriter: a tar archive as a stream. Memory is bounded by its buffer, whatever the size of a file.

package import Bytes
package import RepositoryFormat

package struct TarWriter {
    private static let bufferByteCount = 1 << 20

    private let sink: (Span<UInt8>) throws -> Void
    private var buffer: [UInt8] = []
    /// Content bytes announced by the last header and not yet written.
    private var expected: UInt64 = 0
    private var contentByteCount: UInt64 = 0
    private let exactTimes: Bool

    /// - Parameters:
    ///   - exactTimes: whether times keep their nanoseconds.
    ///   - sink: takes the archive piece by piece.
    package init(exactTimes: Bool = false, sink: @escaping (Span<UInt8>) throws -> Void) {
        self.sink = sink
        self.exactTimes = exactTimes
        buffer.reserveCapacity(TarWriter.bufferByteCount)
    }

    /// Begins an entry. Devices, fifos and sockets have no place in such an archive and are left out.
    ///
    /// - Parameters:
    ///   - path: relative names are made of it by dropping the leading slash.
    ///   - byteCount: of a file's content; exactly that much must be written before the next entry.
    ///   - linked: an earlier entry, of which this file is another name; it has no content of its own.
    package mutating func add(_ node: Node, at path: BytePath, byteCount: UInt64 = 0, linkedTo linked: BytePath? = nil) throws {
        let name = TarWriter.relative(path)
        let kind: TarHeader.Kind
        switch node.kind {
        case .file: kind = linked == nil ? .file : .hardLink
        case .directory: kind = .directory
        case .symbolicLink: kind = .symbolicLink
        default: return
        }
        precondition(expected == 0, "the content of the entry before is not complete")
        contentByteCount = kind == .file ? byteCount : 0
        expected = contentByteCount
        try append(
            TarHeader.blocks(
                for: node, name: kind == .directory ? name + [BytePath.slash] : name, kind: kind, byteCount: contentByteCount,
                linkedName: linked.map(TarWriter.relative) ?? [], exactTimes: exactTimes))
    }

    private static func relative(_ path: BytePath) -> [UInt8] { Array(path.bytes.drop { $0 == BytePath.slash }) }

    /// Writes a part of a file's content.
    package mutating func write(_ bytes: Span<UInt8>) throws {
        if bytes.isEmpty { return }
        precondition(UInt64(bytes.count) <= expected, "more content than the header says")
        expected -= UInt64(bytes.count)
        if buffer.count + bytes.count > TarWriter.bufferByteCount { try flush() }
        if bytes.count > TarWriter.bufferByteCount { try sink(bytes) } else { buffer.append(copying: bytes) }
        if expected == 0 { try append(TarHeader.padding(after: contentByteCount)) }
    }

    /// Ends the archive with two empty blocks.
    package mutating func finish() throws {
        precondition(expected == 0, "the content of the last entry is not complete")
        try append([UInt8](repeating: 0, count: 2 * TarHeader.blockByteCount))
        try flush()
    }

    private mutating func append(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= TarWriter.bufferByteCount { try flush() }
    }

    private mutating func flush() throws {
        if buffer.isEmpty { return }
        try sink(buffer.span)
        buffer.removeAll(keepingCapacity: true)
    }
}
