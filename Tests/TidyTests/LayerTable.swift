// LayerTable: who may import whom. The same table as Package.swift and docs/ARCHITECTURE.md, written down where a test can read it.
//
// SwiftPM does not enforce it: a module that is only linked transitively imports without a murmur. A room may import only rooms that
// stand above it in this list, so the table cannot hold a cycle. Rooms that are only reserved so far are in it already.

/// One room and everything it may import.
struct Room: Sendable {
    let name: String
    /// Rooms and system modules of this package.
    let own: Set<String>
    /// Modules of the platform and of third-party packages.
    let external: Set<String>

    init(_ name: String, own: Set<String> = [], external: Set<String> = []) {
        self.name = name
        self.own = own
        self.external = external
    }
}

enum LayerTable {
    /// Part of the language: every room may import them.
    static let standard: Set<String> = ["Swift", "Synchronization"]

    static let systemModules: Set<String> = ["COpenSSL", "CZstd", "CZlib", "CArchive", "CErasureCode", "CLinux", "CSQLite", "CMariaDB", "CFuse"]

    /// Test support: an ordinary target for SwiftPM, but free to use what tests use.
    static let testSupport: Set<String> = ["TestKit"]

    static let rooms: [Room] = [
        // ground
        Room("Bytes"),
        Room("HostOS", own: ["Bytes", "CLinux"], external: ["Glibc"]),
        Room("Codecs", own: ["Bytes", "COpenSSL", "CZstd", "CZlib", "CArchive", "CErasureCode"]),
        Room("Transport", own: ["Bytes"], external: ["Foundation", "AsyncHTTPClient", "NIOCore"]),
        // nouns
        Room("Settings", own: ["Bytes"], external: ["Yams"]),
        Room("RepositoryFormat", own: ["Bytes", "Codecs"]),
        Room("Stores", own: ["Bytes", "HostOS"]),
        // engines
        Room("NetworkStores", own: ["Bytes", "HostOS", "Codecs", "Stores", "Transport"], external: ["Foundation", "Logging"]),
        Room("RepositoryEngine", own: ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores"]),
        Room("FileTrees", own: ["Bytes", "HostOS"]),
        Room("Databases", own: ["Bytes", "HostOS", "Codecs", "CSQLite", "CMariaDB"], external: ["GRDB", "GRDBSQLite"]),
        Room("Journal", own: ["Bytes", "HostOS", "Codecs"], external: ["GRDB"]),
        // flows
        Room("Archiving", own: ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees"]),
        Room("Upkeep", own: ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees"]),
        Room("Mounting", own: ["Bytes", "HostOS", "RepositoryFormat", "Stores", "RepositoryEngine", "CFuse"]),
        Room("Notices", own: ["Bytes", "Settings", "Journal", "Transport"], external: ["Foundation", "Logging"]),
        // verbs
        Room(
            "Operations",
            own: [
                "Bytes", "HostOS", "Codecs", "Settings", "RepositoryFormat", "Stores", "NetworkStores", "RepositoryEngine", "FileTrees",
                "Databases", "Journal", "Archiving", "Upkeep", "Mounting", "Notices",
            ]),
        // faces
        Room(
            "Daemon", own: ["Bytes", "HostOS", "Settings", "Journal", "Operations"],
            external: ["ServiceLifecycle", "UnixSignals", "Logging"]),
        Room("Dashboard", own: ["Bytes", "Settings", "Journal", "Operations"], external: ["Foundation", "Hummingbird", "Logging"]),
        Room(
            "lifeboat",
            own: [
                "Bytes", "HostOS", "Codecs", "Settings", "RepositoryFormat", "Stores", "RepositoryEngine", "FileTrees", "Databases",
                "Journal", "Archiving", "Upkeep", "Operations", "Daemon", "Dashboard",
            ],
            external: ["Foundation", "ArgumentParser"]),
        // tests
        Room(
            "TestKit", own: ["Bytes", "HostOS", "Codecs", "RepositoryFormat", "Stores", "RepositoryEngine"],
            external: ["Foundation", "Testing"]),
        Room("FuzzTargets", own: ["Bytes", "HostOS", "Codecs", "Settings", "RepositoryFormat", "FileTrees", "Databases"]),
    ]

    static func room(named name: String) -> Room? { rooms.first { $0.name == name } }

    /// What to do instead of an import that the table forbids.
    static func replacement(for module: String, in room: Room) -> String {
        if room.name == "Archiving" && module == "Databases" {
            return "a database reaches Archiving as a ByteSource with a name and a manifest; let Operations pass it in"
        }
        switch module {
        case "Foundation", "FoundationEssentials":
            return "use Bytes (text, hex, times) and HostOS (files, clock, child processes), or do it in lifeboat"
        case "Glibc", "Musl", "CLinux": return "give HostOS a small function for the system call and call that"
        case "COpenSSL", "CZstd", "CZlib", "CArchive", "CErasureCode": return "use Codecs, which wraps each C call once"
        case "GRDB", "GRDBSQLite", "CSQLite": return "ask Databases (the application's data) or Journal (our own records)"
        case "CMariaDB": return "ask Databases"
        case "CFuse": return "ask Mounting"
        case "Yams": return "take the values that Settings has decoded"
        case "ArgumentParser": return "parse in lifeboat and pass values down"
        case "AsyncHTTPClient", "NIOCore": return "use Transport's HTTPExchange"
        default:
            let allowed = room.own.union(room.external).sorted().joined(separator: ", ")
            return "\(room.name) may import \(allowed.isEmpty ? "nothing" : allowed); move the code to a higher room, "
                + "or move the wall in LayerTable.swift, Package.swift and docs/ARCHITECTURE.md together"
        }
    }
}
