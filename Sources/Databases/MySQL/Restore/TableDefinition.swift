// TableDefinition: the server's own text of a table (SHOW CREATE TABLE), taken apart where a restore must change it.
//
// 1. The text up to the first parenthesis, the items in it separated by commas, the text after it. Quotes, backticks, comments and
//    nested parentheses are respected, so that a comma in a column's comment separates nothing.
// 2. Items that are foreign keys are taken out: a table is created and filled without them, in any order, and gets them at the end.
// 3. Sequences in defaults are the only place where the server writes the name of the table's own database. Where they lie is found
//    outside of quotes, so that the name can be replaced.
//
// It reads what servers print, not whatever a person may type: a text it does not understand is left as it is, and the server judges.

package struct TableDefinition: Hashable, Sendable {
    /// CREATE TABLE without its foreign keys.
    package let withoutForeignKeys: SQLText
    package let foreignKeys: [ForeignKey]

    package init(_ text: [UInt8]) {
        guard let parts = TableDefinition.parts(of: text) else {
            withoutForeignKeys = SQLText(text)
            foreignKeys = []
            return
        }
        var kept: [[UInt8]] = [], keys: [ForeignKey] = []
        for item in parts.items {
            if let key = ForeignKey(item) { keys.append(key) } else { kept.append(item) }
        }
        foreignKeys = keys
        withoutForeignKeys =
            keys.isEmpty ? SQLText(text) : SQLText(parts.head + Array(kept.joined(separator: Array(",".utf8))) + Array("\n".utf8) + parts.tail)
    }

    /// - Returns: `head` ends with the opening parenthesis, `tail` begins with the closing one; nil if there are none.
    private static func parts(of text: [UInt8]) -> (head: [UInt8], items: [[UInt8]], tail: [UInt8])? {
        var scanner = DefinitionScanner(text), depth = 0, start = 0, head: [UInt8] = [], items: [[UInt8]] = []
        while let position = scanner.nextPlain() {
            switch text[position] {
            case UInt8(ascii: "("):
                depth += 1
                if depth == 1 && head.isEmpty {
                    head = Array(text[...position])
                    start = position + 1
                }
            case UInt8(ascii: ","):
                if depth == 1 {
                    items.append(Array(text[start..<position]))
                    start = position + 1
                }
            case UInt8(ascii: ")"):
                depth -= 1
                if depth == 0 {
                    items.append(DefinitionScanner.trimmed(Array(text[start..<position]), leading: false))
                    return (head, items, Array(text[position...]))
                }
            default: break
            }
        }
        return nil
    }
}

/// One CONSTRAINT … FOREIGN KEY … REFERENCES … of a table.
package struct ForeignKey: Hashable, Sendable {
    package let name: SchemaText
    /// The whole clause, as in CREATE TABLE.
    package let clause: SQLText
    package let columns: [SchemaText]
    /// nil: the table's own database.
    package let referencedDatabase: SchemaText?
    package let referencedTable: SchemaText
    package let referencedColumns: [SchemaText]

    init?(_ item: [UInt8]) {
        let text = DefinitionScanner.trimmed(item, leading: true)
        var scanner = DefinitionScanner(text)
        guard scanner.take("CONSTRAINT "), let name = scanner.identifier(), scanner.take(" FOREIGN KEY "), let columns = scanner.identifierList(),
            scanner.take(" REFERENCES "), let first = scanner.identifier()
        else { return nil }
        if scanner.take(".") {
            guard let second = scanner.identifier() else { return nil }
            referencedDatabase = first
            referencedTable = second
        } else {
            referencedDatabase = nil
            referencedTable = first
        }
        guard scanner.take(" "), let referencedColumns = scanner.identifierList() else { return nil }
        self.name = name
        self.clause = SQLText(text)
        self.columns = columns
        self.referencedColumns = referencedColumns
    }

    /// How many rows of `table` refer to nothing.
    func orphanCount(_ table: SchemaText, in database: SchemaText) -> SQLText {
        let pairs = zip(columns, referencedColumns).map { own, other -> SQLText in "c.\(identifier: own) = p.\(identifier: other)" }
        let filled = columns.map { own -> SQLText in "c.\(identifier: own) IS NOT NULL" }
        let parent: SQLText = "\(referencedDatabase ?? database, referencedTable)"
        return """
            SELECT COUNT(*) FROM \(database, table) c LEFT JOIN \(sql: parent) p ON \(sql: .joined(pairs, separator: " AND ")) \
            WHERE \(sql: .joined(filled, separator: " AND ")) AND p.\(identifier: referencedColumns.first ?? "") IS NULL
            """
    }
}

/// Sequences that columns take their defaults from.
enum SequenceDefaults {
    /// The text with `own` replaced by `other` wherever it names the database of a sequence, and the names of those sequences.
    static func moving(_ text: [UInt8], from own: SchemaText, to other: SchemaText) -> (text: [UInt8], sequences: [SchemaText]) {
        var result: [UInt8] = [], copied = 0, sequences: [SchemaText] = []
        let qualifier = SQLText(identifier: own).bytes + Array(".".utf8), replacement = SQLText(identifier: other).bytes + Array(".".utf8)
        var scanner = DefinitionScanner(text)
        while let position = scanner.nextPlain() {
            guard text[position] == UInt8(ascii: "("), isSequenceFunction(text[..<position]), text[(position + 1)...].starts(with: qualifier) else {
                continue
            }
            var rest = DefinitionScanner(text, at: position + 1 + qualifier.count)
            if let name = rest.identifier(), !sequences.contains(name) { sequences.append(name) }
            result += text[copied...position] + replacement
            copied = position + 1 + qualifier.count
        }
        return (result + text[copied...], sequences)
    }

    private static func isSequenceFunction(_ before: ArraySlice<UInt8>) -> Bool {
        ["nextval", "lastval", "setval"].contains { word in
            guard before.count >= word.utf8.count else { return false }
            return before.suffix(word.utf8.count).elementsEqual(word.utf8) { $0 | 0x20 == $1 }
        }
    }

    /// The whole of a column's DEFAULT with a sequence in it, for ALTER TABLE … SET DEFAULT: "nextval(`db`.`s`)", and the column.
    static func columns(of text: [UInt8]) -> [(column: SchemaText, expression: SQLText)] {
        var found: [(column: SchemaText, expression: SQLText)] = []
        for item in DefinitionScanner.items(of: text) {
            var scanner = DefinitionScanner(item)
            guard let column = scanner.identifier(), let start = scanner.find(" DEFAULT "), let end = scanner.endOfExpression(from: start) else { continue }
            let expression = Array(item[start..<end])
            guard expression.firstIndex(of: UInt8(ascii: "(")).map({ isSequenceFunction(expression[..<$0]) }) == true else { continue }
            found.append((column, SQLText(expression)))
        }
        return found
    }
}
