// RepositoryConfig: the one file `config`, sealed JSON that says which repository this is and how it cuts files.

package import Bytes

package struct RepositoryConfig: Equatable, Sendable {
    package let version: RepositoryVersion
    /// 32 random bytes; nothing is hashed into it.
    package let id: Digest
    package let polynomial: Polynomial
    /// Whether another program's config forbids deleting anything (rustic's `append_only`).
    package let isAppendOnly: Bool

    /// An honest config has about 150 bytes; rustic's extras stay below 1 KiB.
    package static let maximumByteCount = 1 << 20

    package init(version: RepositoryVersion = .two, id: Digest, polynomial: Polynomial) {
        self.version = version
        self.id = id
        self.polynomial = polynomial
        self.isAppendOnly = false
    }

    /// The plaintext of the config file, without a newline.
    package var json: [UInt8] {
        var writer = JSONWriter(reserving: 160)
        writer.beginObject()
        writer.key("version")
        writer.integer(version.rawValue)
        writer.key("id")
        writer.digest(id)
        writer.key("chunker_polynomial")
        writer.string(polynomial.hex)
        writer.endObject()
        return writer.bytes
    }

    /// Parses and validates the plaintext. Unknown keys are ignored.
    /// - Throws: `.unsupported` for another version or another way of cutting files, `.damaged` for anything else.
    package init(parsing json: [UInt8]) throws(FormatError) {
        let fields = try FormatError.parsing("repository config") { try Fields(parsing: json) }
        guard let version = RepositoryVersion(rawValue: fields.version) else {
            throw FormatError(.unsupported, "repository config", "version \(fields.version) is not 1 or 2")
        }
        guard let id = Digest(hex: fields.id) else { throw .damaged("repository config", "the id is not 64 hex digits") }
        guard let polynomial = Polynomial(hex: fields.polynomial), polynomial.isIrreducible else {
            throw .damaged("repository config", "the chunker polynomial is not irreducible")
        }
        guard polynomial.degree == Polynomial.chunkerDegree else {
            throw FormatError(.unsupported, "repository config", "the chunker polynomial has degree \(polynomial.degree), not 53")
        }
        try fields.checkChunker()
        self.version = version
        self.id = id
        self.polynomial = polynomial
        self.isAppendOnly = fields.isAppendOnly
    }

    /// What stands in the file, before any of it is believed.
    private struct Fields {
        var version: UInt32 = 0
        var id = ""
        var polynomial = ""
        var isAppendOnly = false
        var chunker = "Rabin"
        var sizes: [UInt64?] = [nil, nil, nil]

        private static let keys = JSONWords([
            "version", "id", "chunker_polynomial", "append_only", "chunker", "chunk_size", "chunk_min_size", "chunk_max_size",
        ])

        init(parsing json: [UInt8]) throws {
            var scanner = JSONScanner(json)
            try scanner.beginObject()
            while let key = try scanner.nextKey(Fields.keys) {
                if try scanner.takeNull() { continue }
                switch key {
                case 0: version = try scanner.unsigned32()
                case 1: id = try scanner.text()
                case 2: polynomial = try scanner.text()
                case 3: isAppendOnly = try scanner.bool()
                case 4: chunker = try scanner.text()
                case 5, 6, 7: sizes[key - 5] = try scanner.unsigned()
                default: try scanner.skipValue()
                }
            }
            try scanner.endOfDocument()
        }

        /// Cutting differently would silently end deduplication, so it is refused.
        func checkChunker() throws(FormatError) {
            let expected: [UInt64] = [1 << 20, UInt64(Chunker.standardMinimum), UInt64(Chunker.standardMaximum)]
            let isStandard = zip(sizes, expected).allSatisfy { $0 == nil || $0 == $1 }
            guard chunker.lowercased() == "rabin", isStandard else {
                throw FormatError(.unsupported, "repository config", "it asks for another chunker or other chunk sizes")
            }
        }
    }
}
