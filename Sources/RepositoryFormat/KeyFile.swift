// KeyFile: a password's door to the repository. Plain JSON that holds the master key, sealed with a key derived by scrypt.
//
// The parameters come from storage that may be hostile: each is checked before any memory or time is spent on it.

package import Bytes

package struct KeyFile: Equatable, Sendable {
    /// Informative, like the two names.
    package let created: Timestamp
    package let userName: String
    package let hostName: String
    package let parameters: ScryptParameters
    /// 64 bytes.
    package let salt: [UInt8]
    /// The sealed JSON of the master key.
    package let sealedMasterKey: [UInt8]

    package static let saltByteCount = 64
    /// An honest key file has about 460 bytes.
    package static let maximumByteCount = 1 << 20

    package init(
        created: Timestamp, userName: String, hostName: String, parameters: ScryptParameters, salt: [UInt8], sealedMasterKey: [UInt8]
    ) {
        self.created = created
        self.userName = userName
        self.hostName = hostName
        self.parameters = parameters
        self.salt = salt
        self.sealedMasterKey = sealedMasterKey
    }

    /// The whole file, without a newline. Its SHA-256 is its name.
    package var json: [UInt8] {
        var writer = JSONWriter(reserving: 512)
        writer.beginObject()
        writer.key("created")
        writer.timestamp(created)
        writer.key("username")
        writer.string(userName)
        writer.key("hostname")
        writer.string(hostName)
        writer.key("kdf")
        writer.string("scrypt")
        writer.key("N")
        writer.integer(parameters.cost)
        writer.key("r")
        writer.integer(parameters.blockSize)
        writer.key("p")
        writer.integer(parameters.parallelism)
        writer.key("salt")
        writer.base64(salt)
        writer.key("data")
        writer.base64(sealedMasterKey)
        writer.endObject()
        return writer.bytes
    }

    private static let keys = JSONWords(["created", "username", "hostname", "kdf", "N", "r", "p", "salt", "data"])

    /// - Throws: `.damaged` for bad JSON or bad parameters, `.unsupported` for another key derivation.
    package init(parsing json: [UInt8]) throws(FormatError) {
        self = try FormatError.parsing("key file") {
            var created = Timestamp.zero, userName = "", hostName = "", derivation = ""
            var cost: UInt64 = 0, blockSize: UInt64 = 0, parallelism: UInt64 = 0
            var salt: [UInt8] = [], sealed: [UInt8] = []
            var scanner = JSONScanner(json)
            try scanner.beginObject()
            while let key = try scanner.nextKey(KeyFile.keys) {
                if try scanner.takeNull() { continue }
                switch key {
                case 0: created = try scanner.timestamp()
                case 1: userName = try scanner.text()
                case 2: hostName = try scanner.text()
                case 3: derivation = try scanner.text()
                case 4: cost = try scanner.unsigned()
                case 5: blockSize = try scanner.unsigned()
                case 6: parallelism = try scanner.unsigned()
                case 7: salt = try scanner.base64()
                case 8: sealed = try scanner.base64()
                default: try scanner.skipValue()
                }
            }
            try scanner.endOfDocument()
            guard derivation == "scrypt" else {
                throw FormatError(.unsupported, "key file", "its key derivation is not scrypt")
            }
            guard salt.count == KeyFile.saltByteCount else { throw FormatError.damaged("key file", "the salt is not 64 bytes long") }
            return KeyFile(
                created: created, userName: userName, hostName: hostName,
                parameters: try ScryptParameters(cost: cost, blockSize: blockSize, parallelism: parallelism),
                salt: salt, sealedMasterKey: sealed)
        }
    }
}

/// N, r and p of scrypt, within the limits that keep memory below 2 GiB.
package struct ScryptParameters: Equatable, Sendable {
    /// N, a power of two.
    package let cost: UInt64
    /// r
    package let blockSize: UInt64
    /// p
    package let parallelism: UInt64

    package init(cost: UInt64, blockSize: UInt64, parallelism: UInt64) throws(FormatError) {
        let limit: UInt64 = 1 << 31 - 1
        guard cost > 1, cost < 1 << 31, cost & (cost - 1) == 0 else { throw .damaged("key file", "the scrypt cost N is out of range") }
        guard blockSize >= 1, blockSize <= limit, parallelism >= 1, parallelism <= limit,
            blockSize * parallelism < 1 << 30, blockSize <= limit / 128 / parallelism, blockSize <= limit / 256,
            cost <= limit / 128 / blockSize
        else { throw .damaged("key file", "the scrypt parameters r and p are out of range") }
        self.cost = cost
        self.blockSize = blockSize
        self.parallelism = parallelism
    }
}

/// The JSON that a key file seals: the three parts of the master key.
package struct MasterKeyJSON: Equatable, Sendable {
    /// 32 bytes, AES-256.
    package let encryption: [UInt8]
    /// `mac.k`, 16 bytes, AES-128.
    package let macK: [UInt8]
    /// `mac.r`, 16 bytes, Poly1305, not clamped.
    package let macR: [UInt8]

    package init(encryption: [UInt8], macK: [UInt8], macR: [UInt8]) {
        self.encryption = encryption
        self.macK = macK
        self.macR = macR
    }

    /// Exactly 128 bytes.
    package var json: [UInt8] {
        var writer = JSONWriter(reserving: 128)
        writer.beginObject()
        writer.key("mac")
        writer.beginObject()
        writer.key("k")
        writer.base64(macK)
        writer.key("r")
        writer.base64(macR)
        writer.endObject()
        writer.key("encrypt")
        writer.base64(encryption)
        writer.endObject()
        return writer.bytes
    }

    private static let keys = JSONWords(["mac", "encrypt"])
    private static let macKeys = JSONWords(["k", "r"])

    /// - Throws: `.damaged` for bad JSON, parts of other lengths, or a part that is all zero.
    package init(parsing json: [UInt8]) throws(FormatError) {
        self = try FormatError.parsing("master key") {
            var encryption: [UInt8] = [], macK: [UInt8] = [], macR: [UInt8] = []
            var scanner = JSONScanner(json)
            try scanner.beginObject()
            while let key = try scanner.nextKey(MasterKeyJSON.keys) {
                switch key {
                case 0:
                    try scanner.beginObject()
                    while let part = try scanner.nextKey(MasterKeyJSON.macKeys) {
                        switch part {
                        case 0: macK = try scanner.base64()
                        case 1: macR = try scanner.base64()
                        default: try scanner.skipValue()
                        }
                    }
                case 1: encryption = try scanner.base64()
                default: try scanner.skipValue()
                }
            }
            try scanner.endOfDocument()
            guard encryption.count == 32, macK.count == 16, macR.count == 16 else {
                throw FormatError.damaged("master key", "its parts do not have 32, 16 and 16 bytes")
            }
            guard [encryption, macK, macR].allSatisfy({ part in part.contains { $0 != 0 } }) else {
                throw FormatError.damaged("master key", "one of its parts is all zero")
            }
            return MasterKeyJSON(encryption: encryption, macK: macK, macR: macR)
        }
    }
}
