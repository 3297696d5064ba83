// ResolvedApplication: an application as it stands on this machine: absolute paths, nothing left to guess.

package import Bytes

/// How an application was recognised.
package enum Framework: Hashable, Sendable, CustomStringConvertible {
    /// The version as composer.lock states it, such as `v11.3.0`.
    case laravel(version: String?)
    case hyperf
    case generic

    package var description: String {
        switch self {
        case .laravel(let version): version.map { "Laravel \($0.hasPrefix("v") ? String($0.dropFirst()) : $0)" } ?? "Laravel"
        case .hyperf: "Hyperf"
        case .generic: "application"
        }
    }
}

/// A database server and the database in it. The password is never here.
package struct DatabaseServer: Hashable, Sendable {
    package let host: String?
    package let port: Int?
    package let socket: BytePath?
    package let database: String?
    package let user: String?
    package let password: SecretReference?
}

/// Where a database is.
package enum DatabaseLocation: Hashable, Sendable {
    /// An SQLite file, absolute. It need not exist (yet).
    case file(BytePath)
    case server(DatabaseServer)
    /// The settings name a database that cannot be located here, and why: a backup has to fail, a restore may know better.
    case unknown(reason: String)
}

/// One database source.
package struct ResolvedDatabase: Hashable, Sendable {
    package let name: String
    /// Nil only where the location is unknown.
    package let type: DatabaseType?
    package let location: DatabaseLocation
    package let reading: ServerReading

    package init(name: String, type: DatabaseType?, location: DatabaseLocation, reading: ServerReading = ServerReading()) {
        self.name = name
        self.type = type
        self.location = location
        self.reading = reading
    }

    /// The file of an SQLite database.
    package var file: BytePath? { if case .file(let path) = location { path } else { nil } }

    /// One line for people: `SQLite at /srv/app/database.sqlite`, `MySQL at 127.0.0.1:3306/sms`.
    package var summary: String {
        switch location {
        case .file(let path): return "\(type ?? .sqlite) at \(path)"
        case .unknown(let reason): return reason
        case .server: return "\(type.map { "\($0)" } ?? "database") at \(place)"
        }
    }

    /// Where it is, without what it is: `127.0.0.1:3306/sms`.
    package var place: String {
        switch location {
        case .file(let path): return "\(path)"
        case .unknown(let reason): return reason
        case .server(let server):
            let address = server.socket.map { "\($0)" } ?? (server.host ?? "localhost") + (server.port.map { ":\($0)" } ?? "")
            return "\(address)/\(server.database ?? "")"
        }
    }
}

/// The files source.
package struct ResolvedFiles: Hashable, Sendable {
    /// Absolute, cleaned, none inside another.
    package let paths: [BytePath]
    /// restic patterns, as written.
    package let excludePatterns: [String]
    /// Subtrees and files to leave out by exact absolute path: live databases with their side files, local repositories,
    /// caches. A live SQLite file must not even be opened by the file scanner: closing it would drop the locks of a
    /// connection in the same process.
    package let skippedPaths: [BytePath]
    package let excludeLargerThan: ByteCount?

    /// `excludePatterns` and `skippedPaths` as one list of restic patterns; skipped paths are anchored and escaped.
    package var allExcludePatterns: [String] { excludePatterns + skippedPaths.map(ResolvedFiles.literalPattern) }

    /// The same with more patterns.
    package func excluding(_ patterns: [String]) -> ResolvedFiles {
        ResolvedFiles(
            paths: paths, excludePatterns: excludePatterns + patterns, skippedPaths: skippedPaths, excludeLargerThan: excludeLargerThan)
    }

    /// A restic pattern that matches exactly this absolute path.
    package static func literalPattern(_ path: BytePath) -> String {
        var pattern = String.UnicodeScalarView()
        for scalar in String(decoding: path.bytes, as: UTF8.self).unicodeScalars {
            if ["*", "?", "[", "\\"].contains(scalar) { pattern.append("\\") }
            pattern.append(scalar)
        }
        return String(pattern)
    }
}

/// One repository.
package struct ResolvedRepository: Hashable, Sendable {
    package let name: String
    /// What the engine opens: an absolute path for a local one, the address as written otherwise.
    package let url: String
    /// Nil for one behind a network.
    package let localPath: BytePath?
    package let retention: Retention
    package let copyFrom: String?
    package let credentials: SecretReference?
}

package struct ResolvedApplication: Hashable, Sendable {
    /// The identity in snapshots: the tag `app=NAME`.
    package let name: String
    /// For people: APP_NAME, or the name.
    package let title: String
    package let framework: Framework
    package let root: BytePath
    package let databases: [ResolvedDatabase]
    /// Nil if files are switched off.
    package let files: ResolvedFiles?
    /// Files and directories of configuration, absolute.
    package let config: [BytePath]
    package let repositories: [ResolvedRepository]
    package let key: SecretReference?
    package let objectives: Objectives
    package let schedule: Schedule
    package let retention: RetentionSettings
    package let verify: VerifySettings
    /// What a person should know and no verb has to stop for, one line each: a named path that is not there, and the like.
    package let notices: [String]
}
