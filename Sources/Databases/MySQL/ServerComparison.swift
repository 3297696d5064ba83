// ServerComparison: how the database found differs from the one recorded, object by object and range by range.
//
// The caller must look at how much was compared: nothing compared proves nothing. A table whose rows were left out on purpose is
// compared in its structure only, and not counted.

package enum ServerDifference: Hashable, Sendable, CustomStringConvertible {
    case tableMissing(SchemaText, expectedRows: UInt64)
    case tableUnexpected(SchemaText)
    case rowCount(SchemaText, expected: UInt64, found: UInt64)
    /// As many rows, but not the same values; the files of rows in which they differ, if that can be told.
    case values(SchemaText, rows: UInt64, files: [String])
    case columns(SchemaText)
    case autoIncrement(SchemaText, expected: UInt64?, found: UInt64?)
    case objectMissing(ServerObject.Kind, SchemaText)
    case objectUnexpected(ServerObject.Kind, SchemaText)
    case objectChanged(ServerObject.Kind, SchemaText)
    case sequencePosition(SchemaText, expected: String, found: String)

    package var description: String {
        switch self {
        case .tableMissing(let name, let rows): "table '\(name)' is missing (\(rows) rows expected)"
        case .tableUnexpected(let name): "table '\(name)' was not there when the backup was made"
        case .rowCount(let name, let expected, let found): "table '\(name)' has \(found) rows instead of \(expected)"
        case .values(let name, let rows, let files) where files.isEmpty: "table '\(name)' has its \(rows) rows, but with different values"
        case .values(let name, let rows, let files):
            "table '\(name)' has its \(rows) rows, but with different values in \(files.prefix(3).joined(separator: ", "))\(files.count > 3 ? " and \(files.count - 3) more" : "")"
        case .columns(let name): "table '\(name)' has other columns"
        case .autoIncrement(let name, let expected, let found):
            "table '\(name)' goes on with AUTO_INCREMENT \(Self.text(found)) instead of \(Self.text(expected))"
        case .objectMissing(let kind, let name): "\(kind.rawValue) '\(name)' is missing"
        case .objectUnexpected(let kind, let name): "\(kind.rawValue) '\(name)' was not there when the backup was made"
        case .objectChanged(let kind, let name): "\(kind.rawValue) '\(name)' has another definition"
        case .sequencePosition(let name, let expected, let found): "sequence '\(name)' goes on with \(found) instead of \(expected)"
        }
    }

    private static func text(_ number: UInt64?) -> String { number.map { "\($0)" } ?? "nothing" }
}

package struct ServerComparison: Hashable, Sendable {
    package let differences: [ServerDifference]
    /// Tables whose rows were compared, and how many rows they should have.
    package let comparedTables: Int
    package let comparedRows: UInt64

    package var isEqual: Bool { differences.isEmpty }

    /// - Parameters:
    ///   - tables: only these, with their triggers; nil for everything.
    ///   - kinds: which definitions to compare: a scratch database that has no triggers yet is compared without them.
    package static func compare(
        expected: ServerManifest, found: ServerManifest, tables: Set<SchemaText>? = nil, kinds: Set<ServerObject.Kind> = Set(ServerObject.Kind.allCases)
    ) -> ServerComparison {
        let wanted = expected.tables.filter { tables?.contains($0.name) ?? true }
        let present = found.tables.filter { tables?.contains($0.name) ?? true }
        let isSelected = { (object: ServerObject) in kinds.contains(object.kind) && (tables?.contains(object.table) ?? true) }
        let differences =
            compareTables(wanted, present) + compareObjects(expected.objects.filter(isSelected), found.objects.filter(isSelected))
        let counted = wanted.filter { !$0.isExcluded }
        return ServerComparison(
            differences: differences, comparedTables: counted.count, comparedRows: counted.reduce(0) { $0 + $1.rows.rowCount })
    }

    private static func compareTables(_ expected: [ServerTable], _ found: [ServerTable]) -> [ServerDifference] {
        let byName = Dictionary(found.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(expected.map(\.name))
        var differences: [ServerDifference] = []
        for table in expected {
            if let other = byName[table.name] {
                differences += compare(table, other)
            } else {
                differences.append(.tableMissing(table.name, expectedRows: table.rows.rowCount))
            }
        }
        return differences + found.filter { !names.contains($0.name) }.map { .tableUnexpected($0.name) }
    }

    private static func compare(_ expected: ServerTable, _ found: ServerTable) -> [ServerDifference] {
        if expected.columns.map(\.name) != found.columns.map(\.name) { return [.columns(expected.name)] }
        if expected.isExcluded { return [] }
        let rows = expected.rows, other = found.rows
        if rows.rowCount != other.rowCount { return [.rowCount(expected.name, expected: rows.rowCount, found: other.rowCount)] }
        if rows != other { return [.values(expected.name, rows: rows.rowCount, files: differingFiles(expected, found))] }
        // An empty table that counted once and was emptied keeps its counter in one server and forgets it in another: only what
        // could give a number twice matters.
        if let counter = expected.autoIncrement, (found.autoIncrement ?? 0) < counter, rows.rowCount > 0 || counter > 1 {
            return [.autoIncrement(expected.name, expected: counter, found: found.autoIncrement)]
        }
        return []
    }

    /// Files of the same name whose rows differ; both are cut at the same places unless the key says otherwise.
    private static func differingFiles(_ expected: ServerTable, _ found: ServerTable) -> [String] {
        let byName = Dictionary(found.chunks.map { ($0.file, $0.rows) }, uniquingKeysWith: { first, _ in first })
        return expected.chunks.filter { byName[$0.file] != $0.rows }.map(\.file)
    }

    private struct Key: Hashable {
        let kind: ServerObject.Kind
        let name: SchemaText

        init(_ object: ServerObject) {
            kind = object.kind
            name = object.name
        }
    }

    /// The presence of tables is told by compareTables.
    private static func compareObjects(_ expected: [ServerObject], _ found: [ServerObject]) -> [ServerDifference] {
        let byKey = Dictionary(found.map { (Key($0), $0) }, uniquingKeysWith: { first, _ in first })
        let keys = Set(expected.map(Key.init))
        var differences: [ServerDifference] = []
        for object in expected {
            guard let other = byKey[Key(object)] else {
                if object.kind != .table { differences.append(.objectMissing(object.kind, object.name)) }
                continue
            }
            if other.sha256 != object.sha256 || other.context != object.context || other.table != object.table {
                differences.append(.objectChanged(object.kind, object.name))
            } else if let position = object.position, other.position != position {
                differences.append(.sequencePosition(object.name, expected: position, found: other.position ?? "nothing"))
            }
        }
        return differences
            + found.filter { $0.kind != .table && !keys.contains(Key($0)) }.map { .objectUnexpected($0.kind, $0.name) }
    }
}
