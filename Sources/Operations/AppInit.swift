// AppInit: the verb `init`: from a directory to a protected application.
//
// 1. Look: which framework, which databases, which files, how much (nothing is changed).
// 2. The key file: made if it is missing, 0600, with a random passphrase of 160 bits; one that is there is used.
// 3. The repository: made if it is missing; one that is there must open with the key.
// 4. lifeboat.yaml, last, so that it exists only if everything it names does.
//
// Each step leaves what the steps before it made, and running init again goes on from there.

package import Bytes
import Codecs
package import Databases
import FileTrees
import HostOS
import RepositoryEngine
package import Settings
import Stores

package struct AppInit: Sendable {
    package struct Database: Sendable {
        package let database: ResolvedDatabase
        /// Nil if it could not be looked at, or is not of a kind that this version saves.
        package let probe: DatabaseProbe?
        package let problem: String?
    }

    /// What was found in the directory.
    package struct Findings: Sendable {
        package let detected: DetectedApplication
        package let name: String
        package let databases: [Database]
        package let fileCount: UInt64
        package let byteCount: UInt64
        package let hasEnvironmentFile: Bool
    }

    /// Where things are to go. Absolute.
    package struct Places: Sendable {
        package var repository: BytePath
        package var keyFile: BytePath
    }

    package struct Outcome: Sendable {
        package let settingsFile: BytePath
        package let keyWasMade: Bool
        package let repositoryWasMade: Bool
        package let warnings: [String]
    }

    package let root: BytePath
    package var replacesSettings = false
    private let sqlite: SQLiteClient

    package init(root: BytePath, sqlite: SQLiteClient? = nil) throws {
        self.root = root
        self.sqlite = try sqlite ?? .ofThisProgram()
    }

    package var settingsFile: BytePath { root.appending(AppLookup.fileName) }

    // MARK: Looking

    package func look() throws -> Findings {
        let probe = HostProbe()
        guard probe.kind(of: root) == .directory else {
            throw Failure(.usage, "'\(root)' is not a directory", hint: "change into your application, or use --app DIR")
        }
        if !replacesSettings, (try? FileStatus.ifExists(settingsFile)) ?? nil != nil {
            throw Failure(
                .failed, "'\(settingsFile)' is there already", hint: "use it as it is (`lifeboat backup`), or replace it with --force")
        }
        let env = DotEnv.read(root: root, probe: probe)
        let application = try resolve(DefaultSettings.settings(root: root), env: env, probe: probe)
        let files = application.files.map(count) ?? (0, 0)
        return Findings(
            detected: Detection.detect(root: root, env: env, probe: probe), name: application.name,
            databases: application.databases.map(look),
            fileCount: files.0, byteCount: files.1, hasEnvironmentFile: env != nil)
    }

    private func look(_ database: ResolvedDatabase) -> Database {
        switch database.location {
        case .server:
            return Database(
                database: database, probe: nil,
                problem: "this version of lifeboat does not back up \(database.type.map { "\($0)" } ?? "such") databases: only files and configuration would be saved")
        case .unknown: return Database(database: database, probe: nil, problem: "name it under `sources:` in lifeboat.yaml, or it is not saved")
        case .file(let file):
            do throws(DatabaseFailure) {
                return Database(database: database, probe: try sqlite.probe(file), problem: nil)
            } catch {
                return Database(database: database, probe: nil, problem: error.failure.message)
            }
        }
    }

    private func count(_ files: ResolvedFiles) -> (UInt64, UInt64) {
        let counter = FileCounter()
        let patterns = (try? PatternList(files.excludePatterns)).map { [$0] } ?? []
        let scanner = TreeScanner(
            targets: files.paths, workingDirectory: .root,
            exclusions: Exclusions(patterns: patterns, largerThan: files.excludeLargerThan?.bytes),
            skipping: Set(files.skippedPaths))
        try? scanner.walk(counter)
        return (counter.files, counter.bytes)
    }

    /// Where backups and key go if nobody says otherwise.
    package func proposal(name: String) -> Places {
        let home = BytePath(Host.environment("HOME") ?? "/root")
        let identifier = Detection.identifier(name) ?? "application"
        let mounted = (try? FileStatus.following("/mnt/backup"))?.kind == .directory
        let repository = mounted ? "/mnt/backup" : Host.isRoot ? "/var/backups/lifeboat" : home.appending("backups")
        let key = Host.isRoot ? "/etc/lifeboat" : home.appending(".config/lifeboat")
        return Places(repository: repository.appending(identifier), keyFile: key.appending(identifier + ".key"))
    }

    // MARK: Making

    package func make(_ places: Places, _ findings: Findings) throws -> Outcome {
        try refuse(places, findings)
        let keyWasMade = try makeKey(places.keyFile)
        let access = RepositoryAccess(address: .local(places.repository), password: .file(places.keyFile))
        let repositoryWasMade = try !access.address.open().exists(.config)
        if repositoryWasMade {
            try Directory.createAll(places.repository.parent)
            _ = try access.create()
        } else {
            _ = try access.open()
        }
        try writeSettings(places, findings)
        let warnings = AppPlaces(application: root, repository: places.repository, keyFile: places.keyFile).warnings
        return Outcome(settingsFile: settingsFile, keyWasMade: keyWasMade, repositoryWasMade: repositoryWasMade, warnings: warnings)
    }

    private func refuse(_ places: Places, _ findings: Findings) throws {
        for path in findings.detected.files where places.repository.contains(path) {
            throw Failure(
                .usage, "the files of the application at '\(path)' would lie inside the repository",
                hint: "choose another place with --repository")
        }
        guard !places.repository.contains(places.keyFile) else {
            throw Failure(
                .usage, "the key would lie inside the repository that it opens", hint: "choose another place with --password-file")
        }
    }

    /// True if a new key was made.
    private func makeKey(_ path: BytePath) throws -> Bool {
        if try FileStatus.ifExists(path) != nil { return false }
        try Directory.createAll(path.parent)
        // Crockford's letters and digits, which cannot be misread: it may have to be typed from paper one day.
        let letters = Array("0123456789abcdefghjkmnpqrstvwxyz")
        let groups = (0..<8).map { _ in String(SecureRandom.bytes(4).map { letters[Int($0 & 31)] }) }
        let text = groups.joined(separator: "-")
        let content = Array((text + "\n").utf8)
        try AtomicFile.write(content.span, to: path)
        return true
    }

    private func writeSettings(_ places: Places, _ findings: Findings) throws {
        guard let repository = String(validating: places.repository.bytes, as: UTF8.self) else {
            throw Failure(
                .usage, "the repository's path '\(places.repository)' is not UTF-8, and a settings file cannot name it",
                hint: "choose another path")
        }
        // The name is written down, though it can be detected: it must outlive the .env file that it was detected from.
        let writer = SettingsWriter(
            root: root, name: findings.name, repository: repository, passwordFile: places.keyFile, detected: findings.detected)
        let text = Array(try writer.text().utf8)
        // Read back before it is written: a settings file that we refuse ourselves would protect nothing.
        _ = try resolve(SettingsReader.read(text, file: settingsFile), env: nil, probe: HostProbe())
        try AtomicFile.write(text.span, to: settingsFile)
    }
}

/// Counts what a backup of files would read.
private final class FileCounter: ScanVisitor {
    var files: UInt64 = 0
    var bytes: UInt64 = 0

    func enterDirectory(_ directory: ScannedEntry) {}
    func leaveDirectory(_ directory: ScannedEntry) {}
    func problem(_ problem: ScanProblem) {}
    func entry(_ entry: ScannedEntry) {
        files += 1
        if entry.status.kind == .regular { bytes += entry.status.size }
    }
}
