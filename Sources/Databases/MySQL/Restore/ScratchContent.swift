// ScratchContent: what a scratch database holds, ready to take the place of live tables; and what the swap must make besides.

import Bytes

struct ScratchContent: Sendable {
    /// A view, trigger, routine or event, to be made in the live database.
    struct Definition: Sendable {
        let object: ServerObject
        /// As the live database gets it.
        let text: [UInt8]

        var kind: ServerObject.Kind { object.kind }
        var name: SchemaText { object.name }
        var context: DefinitionContext { object.context }
    }

    /// A foreign key that leads out of the restored tables: it can be made only in the live database.
    struct DeferredKey: Sendable {
        let table: SchemaText
        let key: ForeignKey
    }

    var characterSet: String
    var collation: String
    /// Tables and sequences that take places, by name.
    var swapped: [SchemaText] = []
    /// Sequences that restored tables take defaults from, made along: they take a place only if it is empty.
    var helperSequences: [SchemaText] = []
    var triggers: [Definition] = []
    /// Routines, views, events, in an order in which they can be made.
    var definitions: [Definition] = []
    /// Definitions the server refused; the report says why.
    var unmade: [ServerObject] = []
    var deferredForeignKeys: [DeferredKey] = []
    /// Tables whose columns take defaults from sequences: table, column, and the default as it is meant in `SequenceDefaults.columns`.
    var defaults: [(table: SchemaText, column: SchemaText, expression: SQLText)] = []
    /// The database that the expressions in `defaults` name.
    var sourceDatabase: SchemaText

    /// Statements that make the defaults name `database`.
    func sequenceDefaults(in database: SchemaText) -> [SQLText] {
        defaults.map { table, column, expression in
            let moved = SequenceDefaults.moving(expression.bytes, from: sourceDatabase, to: database).text
            return "ALTER TABLE \(database, table) ALTER COLUMN \(identifier: column) SET DEFAULT \(sql: SQLText(moved))"
        }
    }
}

/// What of a dump is to be restored.
struct RestoreSelection: Sendable {
    let isWhole: Bool
    let tables: [ServerTable]
    /// Sequences asked for.
    let sequences: [ServerObject]
    let triggers: [ServerObject]
    /// Routines, views, events: only of a whole restore.
    let definitions: [ServerObject]

    var names: Set<SchemaText> { Set(tables.map(\.name) + sequences.map(\.name)) }

    /// - Parameter names: tables and sequences; empty for everything.
    init(_ names: [SchemaText], of manifest: ServerManifest, _ server: MySQLServer) throws(MySQLFailure) {
        isWhole = names.isEmpty
        let wanted = Set(names), known = Set(manifest.tables.map(\.name) + manifest.objects(.sequence).map(\.name))
        if let missing = names.first(where: { !known.contains($0) }) {
            let near = known.filter { $0.folded == missing.folded }.sorted().first
            throw MySQLFailure(
                .missing, "restore the table '\(missing)'", server, "the snapshot of '\(manifest.database)' has no such table",
                hint: near.map { "did you mean '\($0)'?" } ?? "it has: \(known.sorted().prefix(20).map(\.description).joined(separator: ", "))")
        }
        tables = manifest.tables.filter { wanted.isEmpty || wanted.contains($0.name) }
        sequences = manifest.objects(.sequence).filter { wanted.isEmpty || wanted.contains($0.name) }
        triggers = manifest.objects(.trigger).filter { wanted.isEmpty || wanted.contains($0.table) }
        let kinds: [ServerObject.Kind] = [.package, .packageBody, .function, .procedure, .view, .event]
        definitions = wanted.isEmpty ? kinds.flatMap { manifest.objects($0) } : []
    }
}
