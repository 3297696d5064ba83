// ServerProgram: the MariaDB and MySQL servers that are installed on this machine, as programs.

package import Bytes
import HostOS

/// A mariadbd or mysqld that can be started.
package struct ServerProgram: Hashable, Sendable {
    package let path: BytePath
    /// mariadb-install-db, which makes a data directory for MariaDB; MySQL's server does it itself.
    package let installer: BytePath?
    package let version: MySQLVersion

    /// PATH, and where distributions and the vendors' own packages put servers, which PATH often lacks.
    package static var usualPlaces: [BytePath] {
        Host.programPlaces + ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/bin", "/usr/local/bin", "/usr/local/mysql/bin", "/opt/mysql/bin"]
    }

    /// The server that resembles `source` most: the same vendor before everything; then one that is not older; then the nearest.
    ///
    /// - Throws: `ThrowawayServerFailure` if there is none at all.
    package static func find(like source: MySQLVersion, in places: [BytePath] = usualPlaces) throws -> ServerProgram {
        let found = installed(in: places)
        guard let best = found.min(by: { $0.distance(from: source) < $1.distance(from: source) }) else {
            throw ThrowawayServerFailure.notInstalled(source.vendor)
        }
        return best
    }

    /// Every server in `places`, each once, whatever names lead to it. One that does not say its version is none.
    package static func installed(in places: [BytePath]) -> [ServerProgram] {
        var seen: Set<BytePath> = [], programs: [ServerProgram] = []
        for place in places where place.isAbsolute {
            for name in ["mariadbd", "mysqld"] {
                guard let path = Host.programs(named: name, in: [place]).first, seen.insert(Directory.canonical(path) ?? path).inserted,
                    let version = version(of: path), let program = ServerProgram(path, version, places)
                else { continue }
                programs.append(program)
            }
        }
        return programs
    }

    private init?(_ path: BytePath, _ version: MySQLVersion, _ places: [BytePath]) {
        self.path = path
        self.version = version
        guard version.vendor == .mariadb else {
            installer = nil
            return
        }
        // Beside the server first: of several installed, each brings its own.
        let beside = [path.parent, path.parent.parent.appending("bin"), path.parent.parent.appending("scripts")] + places
        guard let installer = Host.programs(named: "mariadb-install-db", "mysql_install_db", in: beside).first else { return nil }
        self.installer = installer
    }

    /// "…/mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64": the word after Ver.
    private static func version(of path: BytePath) -> MySQLVersion? {
        guard let result = try? Child.run(path, [Array("--no-defaults".utf8), Array("--version".utf8)], outputLimit: 1 << 16),
            result.exitStatus == 0
        else { return nil }
        let words = result.outputText.split(whereSeparator: \.isWhitespace)
        guard let index = words.firstIndex(of: "Ver"), index + 1 < words.count else { return nil }
        let version = MySQLVersion(String(words[index + 1]))
        return version.major > 0 ? version : nil
    }

    /// Smaller is better.
    private func distance(from source: MySQLVersion) -> Int {
        let own = version.major * 10_000 + version.minor * 100 + version.patch
        let wanted = source.major * 10_000 + source.minor * 100 + source.patch
        let isOlder = (version.major, version.minor) < (source.major, source.minor)
        return (version.vendor == source.vendor ? 0 : 1 << 40) + (isOlder ? 1 << 30 : 0) + abs(own - wanted)
    }
}

/// Why there is no throw-away server.
package enum ThrowawayServerFailure: Error, Hashable, Sendable {
    /// Neither this vendor's server nor the other's is installed.
    case notInstalled(MySQLVersion.Vendor)
    /// No directory that the server's account can enter has this much space.
    case noPlace(tried: [BytePath], byteCount: UInt64)
    /// It was started and ended, or was not ready in time. `log`: its last words.
    case didNotStart(BytePath, reason: String, log: [String])
}

extension ThrowawayServerFailure: FailureConvertible, CustomStringConvertible {
    package var description: String { failure.message }

    package var failure: Failure {
        switch self {
        case .notInstalled(let vendor):
            let (name, package) = vendor == .mariadb ? ("MariaDB", "mariadb-server") : ("MySQL", "mysql-server")
            return Failure(
                .failed, "could not start a throw-away server: no \(name) server program is installed on this machine",
                hint: "`apt-get install \(package)` (the service itself may stay disabled: `systemctl disable --now \(package == "mysql-server" ? "mysql" : "mariadb")`)")
        case .noPlace(let tried, let byteCount):
            let places = tried.map { "'\($0)'" }.joined(separator: ", ")
            return Failure(
                .unreachable,
                "could not start a throw-away server: none of \(places) has \(byteCount >> 20) MiB free and can be entered by the account it runs as",
                hint: "free some space in one of them")
        case .didNotStart(let program, let reason, let log):
            let words = log.isEmpty ? "" : ": " + log.joined(separator: " | ")
            return Failure(.failed, "could not start a throw-away server with '\(program)': \(reason)\(words)", hint: hint(log))
        }
    }

    private func hint(_ log: [String]) -> String? {
        let text = log.joined(separator: " ").lowercased()
        if text.contains("permission denied") || text.contains("errno: 13") || text.contains("errcode: 13") {
            return "a security profile may keep the server out of its directory: see `aa-status` and `journalctl -k | grep DENIED`"
        }
        return nil
    }
}
