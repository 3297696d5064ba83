// DatabaseSchema: every definition of a database and the layout of its tables, as SchemaReader found them.

import Bytes
import Codecs

/// One definition: what the manifest says of it, and its text as the server gave it.
struct SchemaEntry: Sendable {
    let object: ServerObject
    let sql: SchemaText
}

/// How the rows of a table are read.
struct TableLayout: Sendable {
    enum Order: Sendable {
        /// By one integer column, `column` of the selected ones; cut at fixed multiples.
        case grid(index: SchemaText, column: Int)
        /// By the columns of an index; cut where the key's hash says so.
        case key(index: SchemaText, columns: [Int])
        /// As the rows lie in the table; cut where the row's hash says so.
        case none
    }

    let name: SchemaText
    let engine: String
    let columns: [ServerColumn]
    let order: Order
    let hasHistory: Bool
    let autoIncrement: UInt64?
    /// What the server believes; for deciding what to read first, never for counting.
    let estimatedRows: UInt64
    let estimatedBytes: UInt64

    var isTransactional: Bool { Self.isTransactional(engine) }

    /// Rows that are kept somewhere else, or nowhere.
    var hasRowsOfItsOwn: Bool { Self.hasRowsOfItsOwn(engine) }

    func with(estimatedRows: UInt64) -> TableLayout {
        TableLayout(
            name: name, engine: engine, columns: columns, order: order, hasHistory: hasHistory, autoIncrement: autoIncrement, estimatedRows: estimatedRows,
            estimatedBytes: estimatedBytes)
    }

    static func isTransactional(_ engine: String) -> Bool { ["innodb", "rocksdb", "tokudb", "ndbcluster"].contains(engine.lowercased()) }
    static func hasRowsOfItsOwn(_ engine: String) -> Bool { !["mrg_myisam", "federated", "blackhole"].contains(engine.lowercased()) }
}

struct DatabaseSchema: Sendable {
    let name: SchemaText
    let characterSet: String
    let collation: String
    let databaseSQL: SchemaText
    /// Sequences, tables, routines, views, triggers, events: in this order they can be created, if views get a stand-in first.
    let entries: [SchemaEntry]
    /// Sorted by name.
    let layouts: [TableLayout]

    func entries(_ kind: ServerObject.Kind) -> [SchemaEntry] { entries.filter { $0.object.kind == kind } }

    /// The first definition in which the two differ, for a message; nil if there is none. Counters do not count.
    func firstChange(since earlier: DatabaseSchema) -> String? {
        let before = Dictionary(earlier.entries.map { (Key($0.object), $0.object.sha256) }, uniquingKeysWith: { first, _ in first })
        let now = Dictionary(entries.map { (Key($0.object), $0.object.sha256) }, uniquingKeysWith: { first, _ in first })
        let changed = before.filter { now[$0.key] != $0.value }.keys.first ?? now.filter { before[$0.key] == nil }.keys.first
        return changed.map { "\($0.kind.rawValue) '\($0.name)'" }
    }

    private struct Key: Hashable {
        let kind: ServerObject.Kind
        let name: SchemaText

        init(_ object: ServerObject) {
            kind = object.kind
            name = object.name
        }
    }
}

/// What of a definition stays the same while nobody changes it.
enum NormalisedDefinition {
    static func hash(_ sql: SchemaText, _ kind: ServerObject.Kind, database: SchemaText) -> Digest {
        switch kind {
        case .table: SHA256.hash(withoutCounter(unqualified(sql, database).bytes))
        case .view: SHA256.hash(unqualified(sql, database).bytes)
        default: SHA256.hash(sql.bytes)
        }
    }

    /// Without the database's own name before other names: so views are shown that refer to something missing, and sequences in the
    /// default of a column. The definition then works in a database of any name.
    static func unqualified(_ sql: SchemaText, _ database: SchemaText) -> SchemaText {
        SchemaText(sql.bytes.removing(SQLText(identifier: database).bytes + [UInt8(ascii: ".")]))
    }

    /// The counter stands among the options, which follow the last line that starts with a closing parenthesis.
    static func withoutCounter(_ sql: [UInt8]) -> [UInt8] {
        guard let options = sql.lastRange(of: Array("\n)".utf8)), let counter = sql.firstRange(of: Array(" AUTO_INCREMENT=".utf8), from: options)
        else { return sql }
        var end = counter + " AUTO_INCREMENT=".utf8.count
        while end < sql.count, (0x30...0x39).contains(sql[end]) { end += 1 }
        return Array(sql[..<counter]) + Array(sql[end...])
    }
}

extension [UInt8] {
    /// Where `part` starts for the first time at or after `start`.
    func firstRange(of part: [UInt8], from start: Int = 0) -> Int? {
        guard !part.isEmpty, count >= part.count else { return nil }
        var index = start
        while index <= count - part.count {
            if self[index] == part[0] && self[index..<index + part.count].elementsEqual(part) { return index }
            index += 1
        }
        return nil
    }

    /// Where `part` starts for the last time.
    func lastRange(of part: [UInt8]) -> Int? {
        var found: Int? = nil, start = 0
        while let next = firstRange(of: part, from: start) {
            found = next
            start = next + 1
        }
        return found
    }

    func removing(_ part: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [], start = 0
        while let next = firstRange(of: part, from: start) {
            result += self[start..<next]
            start = next + part.count
        }
        return result + self[start...]
    }
}
