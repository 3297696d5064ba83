// Resolution: settings × machine → ResolvedApplication.
//
// 1. Paths become absolute: the root from the settings file's directory, everything else from the root.
// 2. What is not said is detected; what is not detected has a default.
// 3. What must never be read as a plain file (live databases, local repositories) is put on the files' skip list.
//
// A root or a path that does not exist is a notice, not an error: on a new machine, after the disaster, nothing exists yet and
// the same settings have to serve the restore. Deterministic for the same answers of the probe.

import Bytes

/// Applies settings to a machine.
/// - Parameter env: the application's env file (`DotEnv.read`); nil if there is none.
/// - Throws: what contradicts itself only on this machine, such as an unknown time zone.
package func resolve(_ settings: SettingsFile, env: DotEnv?, probe: some FileProbe) throws(SettingsProblems) -> ResolvedApplication {
    var resolution = Resolution(settings: settings, env: env, probe: probe)
    return try resolution.run()
}

private struct Resolution<Probe: FileProbe> {
    let settings: SettingsFile
    let env: DotEnv?
    let probe: Probe
    let root: BytePath
    let detected: DetectedApplication
    var problems: [SettingsProblem] = []
    var notices: [String] = []

    init(settings: SettingsFile, env: DotEnv?, probe: Probe) {
        self.settings = settings
        self.env = env
        self.probe = probe
        root = BytePath.resolve(settings.app.root, in: settings.file.parent)
        detected = Detection.detect(root: root, env: env, probe: probe)
    }

    mutating func run() throws(SettingsProblems) -> ResolvedApplication {
        checkMachine()
        let databases = databases()
        let repositories = repositories()
        let name =
            settings.app.name ?? detected.title.flatMap(Detection.identifier) ?? Detection.identifier(String(decoding: root.name, as: UTF8.self))
            ?? "application"
        let application = ResolvedApplication(
            name: name, title: detected.title ?? name, framework: detected.framework, root: root,
            databases: databases,
            files: files(besides: databases, repositories),
            config: config(),
            repositories: repositories,
            key: settings.key.map(absolute),
            objectives: settings.objectives, schedule: settings.schedule, retention: settings.retention, verify: settings.verify,
            notices: notices)
        if !problems.isEmpty { throw SettingsProblems(problems) }
        return application
    }

    private mutating func checkMachine() {
        if !root.isAbsolute {
            problems.append(settings.problem(at: "app", "the root '\(root)' is relative and the settings file's own path is not absolute"))
        }
        switch probe.kind(of: root) {
        case .directory: break
        case nil: notices.append("the application's root '\(root)' does not exist")
        default: problems.append(settings.problem(at: "app", "the root '\(root)' is not a directory", suggestion: "name the application's directory"))
        }
        for problem in env?.problems ?? [] { notices.append("\(problem.file):\(problem.position.line): \(problem.message)") }
        let zones: BytePath = "/usr/share/zoneinfo"
        if let zone = settings.schedule.timeZone, probe.isDirectory(zones), !probe.isFile(zones.appending(zone)) {
            let message = "the time zone '\(zone)' is not known on this machine"
            problems.append(settings.problem(at: "schedule.timezone", message, suggestion: "`timedatectl list-timezones` lists those that are"))
        }
    }

    private func absolute(_ path: BytePath) -> BytePath { BytePath.resolve(path, in: root) }

    private func absolute(_ secret: SecretReference) -> SecretReference {
        if case .file(let path) = secret { .file(absolute(path)) } else { secret }
    }

    // MARK: Databases

    private func databases() -> [ResolvedDatabase] {
        switch settings.sources.databases {
        case .none: []
        case .detected: detected.databases
        case .said(let databases): databases.map(database)
        }
    }

    private func database(_ said: DatabaseSettings) -> ResolvedDatabase {
        let (type, location) = place(of: said)
        return ResolvedDatabase(
            name: said.name ?? Detection.name(of: location), type: type, location: location, reading: said.reading)
    }

    private func place(of said: DatabaseSettings) -> (DatabaseType?, DatabaseLocation) {
        let saidType = said.type ?? (said.path == nil ? nil : .sqlite)
        if saidType == .sqlite, let file = said.path ?? said.database.map({ BytePath($0) }) { return (.sqlite, .file(absolute(file))) }
        guard let prefix = said.variablePrefix else { return (saidType, .server(server(said, from: nil))) }
        guard let env else {
            let file = absolute(settings.app.environmentFile)
            return (saidType, .unknown(reason: "the settings take the database from '\(file)', which is not there"))
        }
        let variables = Detection.variables(prefix: prefix, framework: detected.framework, root: root, env: env, probe: probe)
        guard let (type, location) = variables.database(type: saidType) else {
            return (saidType, .unknown(reason: "\(env.file) says nothing of a database in \(prefix)_CONNECTION, or only of one in memory"))
        }
        if case .server(let found) = location { return (type, .server(server(said, from: found))) }
        return (type, location)
    }

    /// What the settings say wins over what the variables say.
    private func server(_ said: DatabaseSettings, from found: DatabaseServer?) -> DatabaseServer {
        DatabaseServer(
            host: said.host ?? found?.host, port: said.port ?? found?.port, socket: said.socket.map(absolute) ?? found?.socket,
            database: said.database ?? found?.database, user: said.user ?? found?.user,
            password: said.password.map(absolute) ?? found?.password)
    }

    // MARK: Repositories

    private func repositories() -> [ResolvedRepository] {
        settings.repositories.map { said in
            let path = said.localPath.map(absolute)
            let url = path.map { String(decoding: $0.bytes, as: UTF8.self) } ?? said.url
            return ResolvedRepository(
                name: said.name, url: url, localPath: path, retention: settings.retention.policy(for: said.name), copyFrom: said.copyFrom,
                credentials: said.credentials.map(absolute))
        }
    }

    // MARK: Files and configuration

    private mutating func files(besides databases: [ResolvedDatabase], _ repositories: [ResolvedRepository]) -> ResolvedFiles? {
        var said: FileSettings? = nil
        switch settings.sources.files {
        case .none: return nil
        case .detected: break
        case .said(let settings): said = settings
        }
        let named = said?.paths.map { $0.map(absolute) } ?? detected.files
        noticeMissing(named)
        let paths = Detection.withoutNested(named, probe: probe).map { probe.followingLastLink($0) }
        // Caches are skipped only where neither the paths nor the excludes are the person's own.
        let caches = said?.paths == nil && said?.exclude == nil ? detected.skippedPaths : []
        let sideFiles = databases.compactMap(\.file).flatMap { Resolution.sideFiles(of: $0, probe: probe) }
        let stores = repositories.compactMap(\.localPath).flatMap { [$0, probe.realPath(of: $0)].compactMap { $0 } }
        warnOfPathsInsideRepositories(paths, stores)
        let skipped = namesBelow(paths, of: caches + sideFiles + stores)
        return ResolvedFiles(
            paths: paths, excludePatterns: said?.exclude ?? Detection.standardExcludePatterns, skippedPaths: skipped,
            excludeLargerThan: said?.excludeLargerThan)
    }

    /// The names under which a scan of `paths` would meet these places: as they are, and, where a path is reached through a
    /// link further up, by that path's own name.
    private func namesBelow(_ paths: [BytePath], of places: [BytePath]) -> [BytePath] {
        var names: Set<BytePath> = []
        for path in paths {
            let real = probe.realPath(of: path) ?? path
            for place in places {
                if path.contains(place) { names.insert(place) }
                if real != path, real.contains(place) {
                    let rest = place.components.dropFirst(real.components.count)
                    names.insert(BytePath(names: path.components + rest, absolute: true))
                }
            }
        }
        return names.sorted()
    }

    /// An SQLite database and the files that SQLite keeps beside it, under the name given and under the real one.
    private static func sideFiles(of database: BytePath, probe: Probe) -> [BytePath] {
        [database, probe.realPath(of: database)].compactMap { $0 }.flatMap { path in
            ["", "-wal", "-shm", "-journal"].map { BytePath(path.bytes + Array($0.utf8)) }
        }
    }

    private mutating func warnOfPathsInsideRepositories(_ paths: [BytePath], _ stores: [BytePath]) {
        for path in paths {
            if let store = stores.first(where: { $0.contains(path) }) {
                problems.append(
                    settings.problem(
                        at: "sources.files", "the files at '\(path)' lie inside the repository '\(store)'", suggestion: "put the repository elsewhere"
                    ))
            }
        }
    }

    private mutating func config() -> [BytePath] {
        switch settings.sources.config {
        case .none: return []
        case .detected: return detected.config
        case .said(let paths):
            let named = paths.map(absolute)
            noticeMissing(named)
            return Detection.withoutNested(named, probe: probe)
        }
    }

    private mutating func noticeMissing(_ paths: [BytePath]) {
        guard probe.isDirectory(root) else { return }
        for path in paths where probe.kind(of: path) == nil { notices.append("'\(path)' does not exist") }
    }
}
