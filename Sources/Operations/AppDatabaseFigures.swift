// AppDatabaseFigures: what a captured database amounts to, whatever kind it is: for reports, plans and comparisons of size.

import Bytes
package import Databases

package struct AppDatabaseFigures: Sendable {
    package struct Table: Sendable {
        package let name: SchemaText
        /// Nil where rows cannot be counted.
        package let rowCount: UInt64?
    }

    package let byteCount: UInt64
    package let tables: [Table]
    /// What the database's own check complained about when it was captured; nil for a sound one.
    package let damage: [String]?
    /// What a person should know.
    package let notes: [String]

    package var rowCount: UInt64 { tables.reduce(0) { $0 + ($1.rowCount ?? 0) } }

    package init(_ manifest: DatabaseManifest) {
        byteCount = manifest.byteCount
        tables = manifest.tables.map { Table(name: $0.name, rowCount: $0.rowCount) }
        notes = []
        if case .problems(let lines) = manifest.integrity { damage = lines } else { damage = nil }
    }

    package init(_ manifest: ServerManifest) {
        byteCount = manifest.byteCount
        tables = manifest.tables.map { Table(name: $0.name, rowCount: $0.rows.rowCount) }
        damage = nil
        notes = manifest.notes
    }

    /// Only these tables.
    package func only(_ names: [SchemaText]) -> [Table] { names.compactMap { name in tables.first { $0.name == name } } }
}
