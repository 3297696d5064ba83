// MySQLServer: which server, as whom, which database: everything a connection needs but the password.

package import Bytes

package struct MySQLServer: Hashable, Sendable, CustomStringConvertible {
    package enum Address: Hashable, Sendable {
        case socket(BytePath)
        case tcp(host: String, port: UInt16)
    }

    package enum Encryption: Hashable, Sendable {
        /// As the server's address suggests: none. Right for a socket and for the machine itself.
        case plain
        /// TLS without asking who answers: against listeners, not against impostors.
        case encrypted
        /// TLS with a server certificate that this authority's certificate (a PEM file) vouches for.
        case verified(authority: BytePath)
    }

    package var address: Address
    package var user: String
    /// The database to work in; nil for none.
    package var database: SchemaText?
    package var encryption: Encryption

    package init(_ address: Address, user: String, database: SchemaText? = nil, encryption: Encryption = .plain) {
        self.address = address
        self.user = user
        self.database = database
        self.encryption = encryption
    }

    /// The same server and account with another database, or none.
    package func with(database: SchemaText?) -> MySQLServer {
        var copy = self
        copy.database = database
        return copy
    }

    package var description: String {
        switch address {
        case .socket(let path): "\(user)@\(path)"
        case .tcp(let host, let port): "\(user)@\(host):\(port)"
        }
    }
}

/// Which program answers, and how old it is.
package struct MySQLVersion: Hashable, Sendable, CustomStringConvertible {
    package enum Vendor: String, Sendable {
        case mariadb, mysql
    }

    package let vendor: Vendor
    package let major: Int
    package let minor: Int
    package let patch: Int
    /// As the server says it: "10.11.19-MariaDB-0+deb12u1".
    package let text: String

    package init(_ text: String) {
        self.text = text
        let numbers = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").prefix(3).map { Int($0) ?? 0 }
        vendor = text.lowercased().contains("mariadb") ? .mariadb : .mysql
        major = numbers.first ?? 0
        minor = numbers.dropFirst().first ?? 0
        patch = numbers.dropFirst(2).first ?? 0
    }

    package func isAtLeast(_ major: Int, _ minor: Int, _ patch: Int = 0) -> Bool {
        (self.major, self.minor, self.patch) >= (major, minor, patch)
    }

    /// "MariaDB 10.11.19".
    package var description: String { "\(vendor == .mariadb ? "MariaDB" : "MySQL") \(major).\(minor).\(patch)" }
}
