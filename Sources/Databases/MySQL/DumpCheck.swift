// DumpCheck: whether the files of a dump hold the rows that its manifest counted: every file is read and every row hashed, without a
// server. What it does not show: that a server takes the definitions. That is what a drill is for.

import Bytes

package enum DumpCheck {
    /// - Throws: `Failure` with exit status 20 for the first file whose rows are not those of the manifest; what reading throws.
    package static func rows(of manifest: ServerManifest, in source: any DumpSource) throws {
        if manifest.method == .client { return try completeness(of: source.open(DumpPath.clientDump)) }
        for table in manifest.tables {
            for chunk in table.chunks {
                let path = DumpPath.data(table.name, chunk.file)
                let found = try sum(of: source.open(path))
                guard found.byteCount == chunk.byteCount, found.rows == chunk.rows else {
                    throw Failure(
                        .damaged,
                        "'\(DumpPath.joined(path))' does not hold the \(chunk.rows.rowCount) rows of its manifest (\(found.rows.rowCount) found, or other values)")
                }
            }
        }
    }

    /// The vendor's program ends a whole dump with a line that says so; a cut one would load without an error.
    private static func completeness(of file: any DumpFile) throws {
        var end: [UInt8] = []
        while true {
            let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try file.read(into: &span) }
            if piece.isEmpty { break }
            end = Array((end + piece.suffix(256)).suffix(256))
        }
        guard String(decoding: end, as: UTF8.self).contains("-- Dump completed") else {
            throw Failure(.damaged, "'\(DumpPath.joined(DumpPath.clientDump))' does not end as a whole dump ends")
        }
    }

    /// Whether the files of rows can be read to their ends and have the sizes of the manifest. What holds a file vouches for its bytes.
    /// - Throws: `Failure` with exit status 20 for the first file that has not; what reading throws.
    package static func sizes(of manifest: ServerManifest, in source: any DumpSource) throws {
        if manifest.method == .client { return try completeness(of: source.open(DumpPath.clientDump)) }
        for table in manifest.tables {
            for chunk in table.chunks {
                let path = DumpPath.data(table.name, chunk.file)
                let file = try source.open(path)
                var byteCount: UInt64 = 0
                while true {
                    let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try file.read(into: &span) }
                    if piece.isEmpty { break }
                    byteCount += UInt64(piece.count)
                }
                guard byteCount == chunk.byteCount else {
                    throw Failure(.damaged, "'\(DumpPath.joined(path))' has \(byteCount) bytes, its manifest says \(chunk.byteCount)")
                }
            }
        }
    }

    /// The rows of one file of text, as RowText writes them: a line feed within a value is escaped, so every one ends a row.
    private static func sum(of file: any DumpFile) throws -> (rows: RowSum, byteCount: UInt64) {
        var rows = RowSum(), byteCount: UInt64 = 0
        var pending: [UInt8] = []
        while true {
            let piece = try [UInt8](byteCount: 1 << 18) { (span: inout MutableSpan<UInt8>) throws in try file.read(into: &span) }
            if piece.isEmpty { break }
            byteCount += UInt64(piece.count)
            var start = 0
            for index in piece.indices where piece[index] == UInt8(ascii: "\n") {
                if pending.isEmpty {
                    rows.add(RowHash.hash(piece.span.extracting(start..<index + 1)))
                } else {
                    pending += piece[start...index]
                    rows.add(RowHash.hash(pending))
                    pending.removeAll()
                }
                start = index + 1
            }
            pending += piece[start...]
        }
        // A last row without its end is no row: it shows as one too few.
        return (rows, byteCount)
    }
}
