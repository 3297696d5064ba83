// ServerColumn: how a column's values become text without losing anything, and how LOAD DATA makes them values again.
//
// - Text of a character set that UTF-8 can hold both ways: as UTF-8.
// - Bytes, bits, shapes, and text of any other character set: hexadecimal, `SET c = UNHEX(@c)`, which keeps '' and NULL apart. A
//   string of bytes is stored in a text column as it is, whatever the column's character set.
// - FLOAT: read as DOUBLE, because its own text has six digits.
// - Everything else: the server's own text, in a session whose time zone is +00:00.

package struct ServerColumn: Hashable, Sendable {
    package enum Reading: String, Sendable, CaseIterable {
        case asIs = "as is"
        case asDouble = "as double"
        /// Text of a character set that has no way back from UTF-8.
        case asBytes = "as bytes"
    }

    package let name: SchemaText
    /// As in CREATE TABLE: "decimal(65,30)".
    package let type: String
    package let form: ValueForm
    package let reading: Reading
    package let isAutoIncrement: Bool

    package init(name: SchemaText, type: String, form: ValueForm, reading: Reading, isAutoIncrement: Bool = false) {
        self.name = name
        self.type = type
        self.form = form
        self.reading = reading
        self.isAutoIncrement = isAutoIncrement
    }

    /// Character sets whose every value survives the way to utf8mb4 and back. Not ascii: its columns may hold bytes above 127.
    private static let roundTrip: Set<String> = ["utf8mb4", "utf8mb3", "utf8", "latin1"]

    /// - Parameters:
    ///   - dataType: DATA_TYPE of information_schema: "varchar".
    ///   - characterSet: CHARACTER_SET_NAME; nil for types that have none.
    init(name: SchemaText, type: String, dataType: String, characterSet: String?, isAutoIncrement: Bool) {
        switch dataType.lowercased() {
        case "float": self.init(name: name, type: type, form: .plain, reading: .asDouble)
        case "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "double", "year", "date", "time", "datetime", "timestamp", "uuid",
            "inet4", "inet6":
            self.init(name: name, type: type, form: .plain, reading: .asIs, isAutoIncrement: isAutoIncrement)
        case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set":
            let survives = characterSet.map { Self.roundTrip.contains($0) } ?? true
            self.init(name: name, type: type, form: survives ? .text : .bytes, reading: survives ? .asIs : .asBytes)
        case "json": self.init(name: name, type: type, form: .text, reading: .asIs)
        // binary, varbinary, the blobs, bit, geometry and its kinds, vector, and whatever is invented next.
        default: self.init(name: name, type: type, form: .bytes, reading: .asIs)
        }
    }

    /// The expression that reads it.
    var selected: SQLText {
        switch reading {
        case .asIs: "\(identifier: name)"
        // Times one rather than CAST … AS DOUBLE, which servers before MySQL 8.0.17 do not know.
        case .asDouble: "\(identifier: name) * 1e0"
        case .asBytes: "CAST(\(identifier: name) AS BINARY)"
        }
    }
}

package enum TableLoad {
    /// How rows are written: what LOAD DATA must be told.
    private static let format: SQLText = "CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'"

    /// The statement that loads a file of rows. Needs a session with sql_mode 'NO_AUTO_VALUE_ON_ZERO' and nothing else, time zone +00:00,
    /// and for a table with history `system_versioning_insert_history`.
    ///
    /// - Parameters:
    ///   - schema: the database of the table; nil for the session's own.
    ///   - file: the name the client is asked for.
    package static func statement(_ table: SchemaText, in schema: SchemaText? = nil, columns: [ServerColumn], file: SchemaText) -> SQLText {
        let target: SQLText = if let schema { "\(schema, table)" } else { "\(identifier: table)" }
        let assigns = columns.contains { $0.form == .bytes }
        // Once anything is assigned, servers forget that a counting column was given its value, and make a new one where it is 0:
        // unless it is assigned too.
        let isAssigned = { (column: ServerColumn) in column.form == .bytes || (assigns && column.isAutoIncrement) }
        let fields = columns.enumerated().map { index, column -> SQLText in
            isAssigned(column) ? "@c\(index)" : "\(identifier: column.name)"
        }
        let decoded = columns.enumerated().filter { isAssigned($0.element) }.map { index, column -> SQLText in
            column.form == .bytes ? "\(identifier: column.name) = UNHEX(@c\(index))" : "\(identifier: column.name) = @c\(index)"
        }
        let values: SQLText = decoded.isEmpty ? "" : " SET \(sql: .joined(decoded))"
        return "LOAD DATA LOCAL INFILE \(literal: file) INTO TABLE \(sql: target) \(sql: format) (\(sql: .joined(fields)))\(sql: values)"
    }
}
