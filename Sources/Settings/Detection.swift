// Detection: what kind of application lies in a directory, and which parts of it are worth saving.
//
// 1. Laravel: an `artisan` file and laravel/framework in composer.json or composer.lock. Hyperf: `bin/hyperf.php` and a
//    requirement hyperf/*. A server may have neither composer file: then the first file is enough. Everything else is generic.
// 2. Databases: the application's variables; without any, or if they say SQLite and no file, SQLite files that
//    begin as such in the usual places.
// 3. Files: the framework's upload directories; a generic application, or a framework without any of them, is saved whole.
// 4. Configuration: `.env`, `config/`, compose files, lifeboat.yaml.
//
// What is left out by default is left out by exact path below the root (vendor, caches, logs), never by a name anywhere: a
// directory `vendor` among somebody's uploads is data. Only `node_modules` is left out everywhere.
//
// Not promised: that an application stores nothing elsewhere. `lifeboat init` shows what was found and asks.

package import Bytes

/// What was found in a directory. Paths are absolute.
package struct DetectedApplication: Hashable, Sendable {
    package let framework: Framework
    package let root: BytePath
    /// APP_NAME, unless it is empty or the framework's own example.
    package let title: String?
    package let databases: [ResolvedDatabase]
    package let files: [BytePath]
    package let config: [BytePath]
    /// What is left out of the files, by exact path.
    package let skippedPaths: [BytePath]
    /// The files that gave it away, relative to the root, for "✓ Laravel (artisan, composer.lock)".
    package let evidence: [String]
}

package enum Detection {
    /// Left out of files everywhere.
    package static let standardExcludePatterns = ["node_modules"]

    private static let uploadDirectories = [
        "storage/app", "storage/uploads", "storage/upload", "public/uploads", "public/upload", "public/storage", "public/files",
        "public/media", "uploads", "upload",
    ]
    private static let laravelCaches = ["vendor", "storage/framework", "storage/logs", "bootstrap/cache"]
    private static let hyperfCaches = ["vendor", "runtime"]
    private static let genericCaches = [
        "vendor", "cache", "tmp", "log", "logs", "var/cache", "var/log", ".cache", "storage/framework", "storage/logs", "bootstrap/cache", "runtime",
    ]
    private static let configNames = [".env", "config", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", "lifeboat.yaml"]
    private static let databaseDirectories = ["", "data", "db", "database", "storage", "var", "instance", "prisma"]
    private static let databaseSuffixes = [".sqlite", ".sqlite3", ".db", ".db3"]
    /// More would not be an application's databases but somebody's collection of them.
    private static let maximumDatabaseCount = 32

    /// Looks at a directory. Deterministic for the same answers of the probe.
    package static func detect(root: BytePath, env: DotEnv?, probe: some FileProbe) -> DetectedApplication {
        let (framework, evidence) = framework(root: root, probe: probe)
        let files = files(framework: framework, root: root, probe: probe)
        let caches =
            switch framework {
            case .laravel: laravelCaches
            case .hyperf: hyperfCaches
            case .generic: genericCaches
            }
        return DetectedApplication(
            framework: framework, root: root, title: title(env),
            databases: databases(framework: framework, root: root, env: env, probe: probe),
            files: files,
            config: configNames.map { root.appending($0) }.filter { probe.kind(of: $0) != nil },
            skippedPaths: caches.map { root.appending($0) }.filter { cache in probe.isDirectory(cache) && files.contains { $0.contains(cache) } },
            evidence: evidence)
    }

    private static func title(_ env: DotEnv?) -> String? {
        guard let name = env?.setting("APP_NAME"), !["laravel", "skeleton", "hyperf", "lumen"].contains(name.lowercased()) else { return nil }
        return name
    }

    // MARK: Frameworks

    private static func framework(root: BytePath, probe: some FileProbe) -> (Framework, evidence: [String]) {
        let composer = root.appending("composer.json"), lock = root.appending("composer.lock")
        let composerFiles = [("composer.json", composer), ("composer.lock", lock)].filter { probe.isFile($0.1) }.map(\.0)
        if probe.isFile(root.appending("artisan")),
            requires(["\"laravel/framework\"", "\"laravel/lumen-framework\"", "\"illuminate/"], composer, lock, probe)
        {
            return (.laravel(version: laravelVersion(lock, probe)), ["artisan"] + composerFiles)
        }
        if probe.isFile(root.appending("bin/hyperf.php")), requires(["\"hyperf/"], composer, lock, probe) {
            return (.hyperf, ["bin/hyperf.php"] + composerFiles)
        }
        return (.generic, composerFiles)
    }

    private static let maximumLockByteCount = 8 << 20

    private static func requires(_ packages: [String], _ composer: BytePath, _ lock: BytePath, _ probe: some FileProbe) -> Bool {
        if !probe.isFile(composer) && !probe.isFile(lock) { return true }
        return probe.file(composer, containsAnyOf: packages) || probe.file(lock, containsAnyOf: packages, within: maximumLockByteCount)
    }

    /// The `"version"` that follows `"name": "laravel/framework"` in composer.lock.
    private static func laravelVersion(_ lock: BytePath, _ probe: some FileProbe) -> String? {
        guard let bytes = probe.beginning(of: lock, byteCount: maximumLockByteCount) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let name = text.firstRange(of: "\"name\": \"laravel/framework\"") else { return nil }
        let rest = text[name.upperBound...].prefix(200)
        guard let key = rest.firstRange(of: "\"version\": \"") else { return nil }
        let version = rest[key.upperBound...].prefix { $0 != "\"" }
        return version.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") } ? String(version) : nil
    }

    // MARK: Files

    private static func files(framework: Framework, root: BytePath, probe: some FileProbe) -> [BytePath] {
        if framework == .generic { return [root] }
        let found = uploadDirectories.map { root.appending($0) }.filter { probe.isDirectory($0) }
        return found.isEmpty ? [root] : withoutNested(found, probe: probe)
    }

    /// Paths of which none lies, by its real place, inside another: public/storage is usually a link into storage/app.
    static func withoutNested(_ paths: [BytePath], probe: some FileProbe) -> [BytePath] {
        var kept: [(path: BytePath, real: BytePath)] = []
        for path in paths {
            let real = probe.realPath(of: path) ?? path
            if kept.contains(where: { $0.real.contains(real) }) { continue }
            kept.removeAll { real.contains($0.real) }
            kept.append((path, real))
        }
        return kept.map(\.path)
    }

    // MARK: Databases

    private static func databases(framework: Framework, root: BytePath, env: DotEnv?, probe: some FileProbe) -> [ResolvedDatabase] {
        let variables = variables(prefix: "DB", framework: framework, root: root, env: env ?? DotEnv([], file: root.appending(".env")), probe: probe)
        let found = variables.database()
        if let found, found.type == .sqlite, case .unknown = found.location {
            let files = sqliteFiles(root: root, probe: probe)
            if !files.isEmpty { return files }
        }
        if let found { return [ResolvedDatabase(name: name(of: found.location), type: found.type, location: found.location)] }
        // Variables that name a database in memory leave nothing to save, and nothing to look for.
        if variables.connection != nil { return [] }
        return sqliteFiles(root: root, probe: probe)
    }

    /// The application's variables, with the framework's defaults behind them.
    static func variables(prefix: String, framework: Framework, root: BytePath, env: DotEnv, probe: some FileProbe) -> DatabaseVariables {
        var variables = DatabaseVariables(env: env, prefix: prefix, root: root)
        if case .laravel = framework, prefix == "DB" {
            let file = root.appending("database/database.sqlite")
            variables.defaultSQLiteFile = file
            variables.defaultConnection = laravelConnection(root: root, probe: probe) ?? (probe.isSQLiteDatabase(file) ? "sqlite" : nil)
        }
        return variables
    }

    /// The default in Laravel's config/database.php: `env('DB_CONNECTION', 'sqlite')`.
    private static func laravelConnection(root: BytePath, probe: some FileProbe) -> String? {
        guard let bytes = probe.beginning(of: root.appending("config/database.php"), byteCount: 1 << 20) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let call = text.firstRange(of: "env('DB_CONNECTION', '") else { return nil }
        let word = text[call.upperBound...].prefix { $0 != "'" && !$0.isNewline }
        return word.isEmpty ? nil : String(word)
    }

    private static func sqliteFiles(root: BytePath, probe: some FileProbe) -> [ResolvedDatabase] {
        var found: [BytePath] = []
        for directory in databaseDirectories {
            let parent = directory.isEmpty ? root : root.appending(directory)
            for name in probe.names(in: parent) where found.count < maximumDatabaseCount {
                let path = parent.appending(name)
                let text = String(decoding: name, as: UTF8.self).lowercased()
                if databaseSuffixes.contains(where: { text.hasSuffix($0) }), probe.isSQLiteDatabase(path) { found.append(path) }
            }
        }
        var taken: Set<String> = []
        return found.map { path in
            let base = name(of: .file(path))
            var unique = base, number = 2
            while !taken.insert(unique).inserted { (unique, number) = ("\(base)-\(number)", number + 1) }
            return ResolvedDatabase(name: unique, type: .sqlite, location: .file(path))
        }
    }

    /// A source's name: the file's without its suffix, or the database's.
    static func name(of location: DatabaseLocation) -> String {
        switch location {
        case .file(let path):
            let text = String(decoding: path.name, as: UTF8.self)
            let suffix = databaseSuffixes.first { text.lowercased().hasSuffix($0) && text.count > $0.count } ?? ""
            return identifier(String(text.dropLast(suffix.count))) ?? "database"
        case .server(let server): return server.database.flatMap(identifier) ?? "database"
        case .unknown: return "database"
        }
    }

    /// Lower-case letters and digits of any script with single hyphens between: `School SMS` → `school-sms`. Nil if nothing is left.
    package static func identifier(_ text: String) -> String? {
        let words = text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        let joined = String(words.joined(separator: "-").prefix(64))
        return joined.isEmpty || joined.allSatisfy({ $0 == "." }) ? nil : joined
    }
}
