// ExportForm: what kind of file outside a repository something is, told by the end of its name.

import Bytes
package import Codecs

package struct ExportForm: Sendable {
    package enum Content: Sendable {
        /// SQL that the stock client loads: `mariadb`, `mysql` or `sqlite3`.
        case sql
        /// An SQLite database's own file.
        case sqlite
        /// A tar archive.
        case tar
    }

    package let content: Content
    package let compression: StreamCompression

    package init(_ content: Content, _ compression: StreamCompression) {
        self.content = content
        self.compression = compression
    }

    private static let endings: [(String, ExportForm)] = [
        (".sql", ExportForm(.sql, .none)), (".sql.gz", ExportForm(.sql, .gzip)), (".sql.zst", ExportForm(.sql, .zstd)),
        (".tar", ExportForm(.tar, .none)), (".tar.gz", ExportForm(.tar, .gzip)), (".tgz", ExportForm(.tar, .gzip)),
        (".tar.zst", ExportForm(.tar, .zstd)), (".sqlite", ExportForm(.sqlite, .none)), (".sqlite.gz", ExportForm(.sqlite, .gzip)),
        (".sqlite.zst", ExportForm(.sqlite, .zstd)),
    ]

    /// - Parameter name: of a file; upper and lower case count as the same.
    package init(name: String) throws {
        let folded = name.lowercased()
        guard let (_, form) = Self.endings.first(where: { folded.hasSuffix($0.0) }) else {
            throw Failure(
                .usage, "'\(name)' does not say what to write",
                hint: "let it end in .sql or .sqlite (a database) or .tar (anything), and .gz or .zst after that to compress it")
        }
        self = form
    }
}
