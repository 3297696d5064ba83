// ManifestEngine: which kind of database a manifest describes, by the manifest's own word: the two kinds are different documents.

package import Bytes

package enum ManifestEngine: Sendable {
    /// A file: DatabaseManifest.
    case sqlite
    /// A database on a server: ServerManifest.
    case server

    /// - Throws: if it is no manifest, or of an engine that this version does not know.
    package init(json: [UInt8]) throws(JSONError) {
        guard json.count <= DatabaseManifest.maximumByteCount else { throw JSONError(problem: "the manifest is too large", offset: 0) }
        var scanner = JSONScanner(json), engine: String?
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if key == Array("engine".utf8) { engine = try scanner.text() } else { try scanner.skipValue() }
        }
        switch engine {
        case "sqlite": self = .sqlite
        case let name? where MySQLVersion.Vendor(rawValue: name) != nil: self = .server
        case let name?: throw JSONError(problem: "the manifest is of '\(name)', an engine that this version does not know", offset: scanner.offset)
        case nil: throw JSONError(problem: "the manifest names no engine", offset: scanner.offset)
        }
    }
}
