// DatabaseComparison: how what was found differs from what was recorded, table by table.
//
// Two questions: is it the same *content* (schema, rows, values: after any restore, also of chosen tables), and is it the same
// *file* (the bytes that were captured). The caller must look at how much was compared: nothing compared proves nothing.

import Bytes

package enum DatabaseDifference: Hashable, Sendable, CustomStringConvertible {
    case fileContent(expectedByteCount: UInt64, foundByteCount: UInt64)
    case setting(name: String, expected: String, found: String)
    case tableMissing(SchemaText, expectedRows: UInt64?)
    case tableUnexpected(SchemaText)
    case rowCount(SchemaText, expected: UInt64, found: UInt64)
    /// As many rows, but not the same values.
    case values(SchemaText, rows: UInt64)
    case tableUnreadable(SchemaText, reason: String)
    case objectMissing(type: String, SchemaText)
    case objectUnexpected(type: String, SchemaText)
    case objectChanged(type: String, SchemaText)

    package var description: String {
        switch self {
        case .fileContent(let expected, let found) where expected != found: "the file has \(found) bytes instead of \(expected)"
        case .fileContent: "the file's SHA-256 differs"
        case .setting(let name, let expected, let found): "\(name) is \(found) instead of \(expected)"
        case .tableMissing(let name, let rows?): "table '\(name)' is missing (\(rows) rows expected)"
        case .tableMissing(let name, nil): "table '\(name)' is missing"
        case .tableUnexpected(let name): "table '\(name)' was not there when the backup was made"
        case .rowCount(let name, let expected, let found): "table '\(name)' has \(found) rows instead of \(expected)"
        case .values(let name, let rows): "table '\(name)' has its \(rows) rows, but with different values"
        case .tableUnreadable(let name, let reason): "table '\(name)' cannot be read: \(reason)"
        case .objectMissing(let type, let name): "\(type) '\(name)' is missing"
        case .objectUnexpected(let type, let name): "\(type) '\(name)' was not there when the backup was made"
        case .objectChanged(let type, let name): "\(type) '\(name)' has another definition"
        }
    }
}

package struct DatabaseComparison: Hashable, Sendable {
    package let differences: [DatabaseDifference]
    /// Tables whose rows were compared, and how many rows they should have.
    package let comparedTables: Int
    package let comparedRows: UInt64

    package var isEqual: Bool { differences.isEmpty }

    /// Compares what the tables hold, and the settings an application sees.
    ///
    /// - Parameter tables: only these, with their indexes and triggers; nil for everything.
    package static func content(
        expected: DatabaseManifest, found: DatabaseManifest, tables: Set<SchemaText>? = nil
    ) -> DatabaseComparison {
        var differences = tables == nil ? settings(expected.format, found.format) : []
        differences += compareTables(selected(expected.tables, tables), selected(found.tables, tables))
        differences += compareObjects(
            expected.schema.filter { tables?.contains($0.table) ?? true }, found.schema.filter { tables?.contains($0.table) ?? true })
        let counted = selected(expected.tables, tables).compactMap(\.rowCount)
        return DatabaseComparison(differences: differences, comparedTables: counted.count, comparedRows: counted.reduce(0, +))
    }

    /// Compares the content and the file's bytes.
    package static func file(expected: DatabaseManifest, found: DatabaseManifest) -> DatabaseComparison {
        let content = content(expected: expected, found: found)
        guard expected.sha256 != found.sha256 || expected.byteCount != found.byteCount else { return content }
        let bytes = DatabaseDifference.fileContent(expectedByteCount: expected.byteCount, foundByteCount: found.byteCount)
        return DatabaseComparison(
            differences: [bytes] + content.differences, comparedTables: content.comparedTables, comparedRows: content.comparedRows)
    }

    private static func selected(_ tables: [TableSummary], _ names: Set<SchemaText>?) -> [TableSummary] {
        guard let names else { return tables }
        return tables.filter { names.contains($0.name) }
    }

    private static func settings(_ expected: DatabaseManifest.Format, _ found: DatabaseManifest.Format) -> [DatabaseDifference] {
        let pairs = [
            ("user_version", "\(expected.userVersion)", "\(found.userVersion)"),
            ("application_id", "\(expected.applicationID)", "\(found.applicationID)"),
            ("encoding", expected.encoding, found.encoding),
            ("page_size", "\(expected.pageSize)", "\(found.pageSize)"),
        ]
        return pairs.filter { $0.1 != $0.2 }.map { .setting(name: $0.0, expected: $0.1, found: $0.2) }
    }

    private static func compareTables(_ expected: [TableSummary], _ found: [TableSummary]) -> [DatabaseDifference] {
        let foundByName = Dictionary(found.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let expectedNames = Set(expected.map(\.name))
        var differences: [DatabaseDifference] = []
        for table in expected {
            guard let other = foundByName[table.name] else {
                differences.append(.tableMissing(table.name, expectedRows: table.rowCount))
                continue
            }
            if let difference = compare(table, other) { differences.append(difference) }
        }
        return differences + found.filter { !expectedNames.contains($0.name) }.map { .tableUnexpected($0.name) }
    }

    private static func compare(_ expected: TableSummary, _ found: TableSummary) -> DatabaseDifference? {
        switch (expected.content, found.content) {
        case (.rows(let a), .rows(let b)) where a.rowCount != b.rowCount:
            return .rowCount(expected.name, expected: a.rowCount, found: b.rowCount)
        case (.rows(let a), .rows(let b)): return a.sum == b.sum ? nil : .values(expected.name, rows: a.rowCount)
        case (.virtual, .virtual): return nil
        case (_, .unreadable(let reason)): return .tableUnreadable(expected.name, reason: reason)
        // Unreadable when captured, so there is nothing it could be compared with: that is said, not passed over.
        case (.unreadable(let reason), _): return .tableUnreadable(expected.name, reason: "it was damaged when captured (\(reason))")
        default: return .objectChanged(type: "table", expected.name)
        }
    }

    /// Everything but the presence of tables, which compareTables tells better.
    private static func compareObjects(_ expected: [SchemaObject], _ found: [SchemaObject]) -> [DatabaseDifference] {
        struct Key: Hashable {
            let type: String
            let name: SchemaText
        }
        let foundByKey = Dictionary(found.map { (Key(type: $0.type, name: $0.name), $0) }, uniquingKeysWith: { first, _ in first })
        let expectedKeys = Set(expected.map { Key(type: $0.type, name: $0.name) })
        var differences: [DatabaseDifference] = []
        for object in expected {
            let other = foundByKey[Key(type: object.type, name: object.name)]
            if let other, other != object { differences.append(.objectChanged(type: object.type, object.name)) }
            if other == nil && object.type != "table" { differences.append(.objectMissing(type: object.type, object.name)) }
        }
        for object in found where object.type != "table" && !expectedKeys.contains(Key(type: object.type, name: object.name)) {
            differences.append(.objectUnexpected(type: object.type, object.name))
        }
        return differences
    }
}
