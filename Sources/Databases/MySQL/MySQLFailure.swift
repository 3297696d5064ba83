// MySQLFailure: what could not be done on which MySQL or MariaDB server, and why. Never holds a password: servers do not repeat it.

package import Bytes

package struct MySQLFailure: Error, Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Nobody answers at the address.
        case unreachable
        /// The server does not let this account in.
        case loginRefused
        /// The account lacks a privilege.
        case denied
        /// The connection broke, or the server went down, in the middle.
        case connectionLost
        /// A lock could not be had in the time we were willing to wait.
        case busy
        /// A table was changed (ALTER, DROP …) while it was being read.
        case schemaChanged
        /// A database, table or account that is not there.
        case missing
        case noSpace
        /// Something the server or lifeboat cannot do with this database.
        case unsupported
        /// What was restored is not what its manifest says.
        case differs
        /// The snapshot's own files are damaged or incomplete.
        case damaged
        /// Any other refusal.
        case refused
    }

    package let kind: Kind
    /// What was attempted, as it follows "could not": "read the table 'users'".
    package let operation: String
    package let server: MySQLServer
    /// The server's or the client library's own number; 0 if the refusal is ours.
    package let number: UInt32
    /// Five characters; empty if the refusal is ours.
    package let sqlState: String
    /// Why, on one line.
    package let reason: String
    package let hint: String?

    /// A refusal of our own.
    package init(_ kind: Kind, _ operation: String, _ server: MySQLServer, _ reason: String, hint: String? = nil) {
        self.init(kind, operation, server, number: 0, sqlState: "", reason: reason, hint: hint)
    }

    /// A refusal of the server or the client library, by its number.
    package init(number: UInt32, sqlState: String, text: String, _ operation: String, _ server: MySQLServer) {
        self.init(Self.kind(of: number), operation, server, number: number, sqlState: sqlState, reason: BytePath.display(Array(text.utf8)), hint: nil)
    }

    private init(_ kind: Kind, _ operation: String, _ server: MySQLServer, number: UInt32, sqlState: String, reason: String, hint: String?) {
        self.kind = kind
        self.operation = operation
        self.server = server
        self.number = number
        self.sqlState = sqlState
        self.reason = reason
        self.hint = hint ?? Self.usualHint(kind, number)
    }

    private static func kind(of number: UInt32) -> Kind {
        switch number {
        case 2002, 2003, 2005, 1040, 1129, 1203: .unreachable
        case 1045, 1698, 1130, 1820, 1862, 1524, 2059, 2061, 3118, 3159, 4151: .loginRefused
        case 1044, 1142, 1143, 1227, 1370, 1410: .denied
        case 2006, 2012, 2013, 2014, 2026, 2027, 2055, 1053, 1080, 1158, 1159, 1160, 1161, 1184, 1317, 1927: .connectionLost
        case 1205, 1213, 1637, 3572: .busy
        case 1412, 1615: .schemaChanged
        case 1049, 1051, 1146, 1305, 1360, 1539, 4091: .missing
        case 1021, 1114, 1041, 1037: .noSpace
        case 1235, 1064, 1193, 1231: .unsupported
        default: .refused
        }
    }

    private static func usualHint(_ kind: Kind, _ number: UInt32) -> String? {
        switch kind {
        case .unreachable: "check that the server runs, and the host, port or socket in the configuration"
        case .loginRefused where number == 3159: "the server wants encryption: set it for this source in the configuration"
        case .loginRefused: "check the user and the password in the configuration"
        case .connectionLost: "look into the server's error log, then try again"
        case .busy: "a long query or transaction is in the way: try again later, or look at SHOW FULL PROCESSLIST"
        case .schemaChanged: "do not change tables while a backup runs, or start it again"
        case .missing: "check the name in the configuration"
        case .noSpace: "free some space on the server, then try again"
        case .damaged: "`lifeboat verify` shows what else is damaged; restore another snapshot"
        case .denied, .unsupported, .differs, .refused: nil
        }
    }
}

extension MySQLFailure: FailureConvertible, CustomStringConvertible {
    package var description: String {
        let number = number == 0 ? "" : " (error \(number))"
        return "could not \(operation) on \(server): \(reason)\(number)"
    }

    package var failure: Failure {
        switch kind {
        case .unreachable, .connectionLost, .noSpace: Failure(.unreachable, description, hint: hint)
        case .damaged, .differs: Failure(.damaged, description, hint: hint)
        default: Failure(.failed, description, hint: hint)
        }
    }
}
