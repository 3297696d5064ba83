// DefinitionProof: what cannot be seen while a restored database is a scratch database, and questions to one that is in its place.
//
// Rows, tables and sequences are proved before the swap (ScratchProof). Views, triggers, routines and events are made by the swap or
// moved by it: a drill, which has the server to itself, reads them once more where they belong and compares every one with the manifest.
//
// What a server of another version prints in another way, and what could not be used in the live database already, is told and
// tolerated.

package enum DefinitionProof {
    package struct Verdict: Sendable {
        package internal(set) var differences: [ServerDifference] = []
        /// Differences that prove nothing against the backup.
        package internal(set) var tolerated: [ServerDifference] = []
        /// Definitions that are as they were.
        package internal(set) var comparedCount = 0
    }

    /// Compares every definition but those of tables.
    ///
    /// - Parameter server: with the restored database.
    package static func verdict(_ server: MySQLServer, password: [UInt8], manifest: ServerManifest) throws(MySQLFailure) -> Verdict {
        var verdict = Verdict()
        // A dump of the vendor's program lists no definitions.
        guard manifest.method == .native else { return verdict }
        let connection = try MySQLSession.openForReading(server, password)
        let schema = try SchemaReader(connection: connection, database: server.database ?? manifest.database).read()
        let found = manifest.with(objects: schema.entries.map(\.object), tables: [])
        let kinds = Set(ServerObject.Kind.allCases).subtracting([.table])
        let comparison = ServerComparison.compare(expected: manifest.with(objects: manifest.objects, tables: []), found: found, kinds: kinds)
        let isSameVersion = isLike(connection.version, manifest.version)
        for difference in comparison.differences {
            if isTolerable(difference, manifest, isSameVersion) { verdict.tolerated.append(difference) } else { verdict.differences.append(difference) }
        }
        let expected = manifest.objects.count { kinds.contains($0.kind) }
        verdict.comparedCount = max(0, expected - comparison.differences.count)
        return verdict
    }

    private static func isLike(_ a: MySQLVersion, _ b: MySQLVersion) -> Bool { (a.vendor, a.major, a.minor) == (b.vendor, b.major, b.minor) }

    private static func isTolerable(_ difference: ServerDifference, _ manifest: ServerManifest, _ isSameVersion: Bool) -> Bool {
        switch difference {
        case .objectMissing(let kind, let name), .objectChanged(let kind, let name):
            if case .objectChanged = difference, !isSameVersion { return true }
            return manifest.objects.contains { $0.kind == kind && $0.name == name && $0.problem != nil }
        default: return false
        }
    }
}

package enum ReadOnlyQuestion {
    private static let answerLimit = 1 << 20

    /// The first value that a query gives; nil for NULL, and for no row. It runs in a transaction that may not write.
    package static func value(of sql: String, on server: MySQLServer, password: [UInt8]) throws(MySQLFailure) -> SchemaText? {
        let connection = try MySQLConnection(server, password: password)
        try connection.execute("START TRANSACTION READ ONLY", to: "begin a check")
        let rows = try connection.query(SQLText(sql), to: "answer '\(SchemaText(sql))'", limit: answerLimit)
        return rows.first.flatMap { row in row[0].map { SchemaText($0) } }
    }
}
