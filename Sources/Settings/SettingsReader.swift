// SettingsReader: the text of a settings file as values, or every problem it has.
//
// 1. YAMLDocument: text → nodes, within bounds.
// 2. SettingsChecker: nodes × table → checked values; problems of form.
// 3. Here: checked values → SettingsFile; problems between keys. All problems of 2 and 3 are thrown together.
//
// Pure: no file is opened, no variable expanded. What depends on the machine is `resolve`'s.

package import Bytes

package enum SettingsReader {
    /// Larger texts are refused.
    package static let maximumByteCount = YAMLDocument.maximumByteCount

    /// Reads one settings file.
    /// - Parameter file: the file's absolute path: relative roots are taken from its directory, and problems name it.
    /// - Throws: every problem of the text, sorted by place.
    package static func read(_ text: [UInt8], file: BytePath) throws(SettingsProblems) -> SettingsFile {
        let document = try YAMLDocument(text, file: file)
        var checker = SettingsChecker(file: file, duplicates: document.duplicates)
        let root = checker.check(document.root)
        var builder = SettingsBuilder(file: file)
        let settings = root.map { builder.build($0, positions: checker.positions, inactive: checker.inactive) }
        let problems = checker.problems + builder.problems
        guard problems.isEmpty, let settings else {
            let unreadable = SettingsProblem(
                file: file, at: .start, "the file says nothing", suggestion: "write at least app:, repository: and password_file:")
            throw SettingsProblems(problems.isEmpty ? [unreadable] : problems)
        }
        return settings
    }
}

/// Step 3. Builds from what is there, so that problems between keys are found even beside problems of form.
struct SettingsBuilder {
    let file: BytePath
    var problems: [SettingsProblem] = []
    var inactive: [(position: SettingsPosition, text: String)] = []

    init(file: BytePath) { self.file = file }

    mutating func report(_ position: SettingsPosition, _ message: String, _ suggestion: String? = nil) {
        problems.append(SettingsProblem(file: file, at: position, message, suggestion: suggestion))
    }

    mutating func build(
        _ root: CheckedValue, positions: [String: SettingsPosition], inactive noted: [(position: SettingsPosition, text: String)]
    )
        -> SettingsFile
    {
        let repositories = repositories(root)
        let settings = SettingsFile(
            file: file,
            app: application(root["app"]),
            sources: sources(root["sources"]),
            repositories: repositories,
            key: key(root),
            objectives: objectives(root["objectives"]),
            schedule: schedule(root["schedule"]),
            retention: retention(root["retention"], repositories: repositories.map(\.name)),
            verify: verify(root["verify"]),
            drill: drill(root["drill"]),
            notifications: root["notify"]?.list?.compactMap(notification) ?? [],
            hooks: hooks(root["hooks"]),
            monitoring: monitoring(root),
            inactive: (noted + inactive).sorted { $0.position < $1.position }.map(\.text),
            positions: positions)
        return settings
    }

    private func application(_ value: CheckedValue?) -> Application {
        let maintenance = value?["maintenance"].flatMap { commands in
            commands["down"]?.text.flatMap { down in commands["up"]?.text.map { MaintenanceCommands(down: down, up: $0) } }
        }
        return Application(
            name: value?["name"]?.text,
            root: value?.path ?? value?["root"]?.path ?? ".",
            environmentFile: value?["env"]?.path ?? Application.defaultEnvironmentFile,
            maintenance: maintenance)
    }

    private func objectives(_ value: CheckedValue?) -> Objectives {
        let standard = Objectives.standard
        return Objectives(
            rpo: value?["rpo"]?.duration ?? standard.rpo,
            rto: value?["rto"]?.duration ?? standard.rto,
            drillEvery: value?["drill_every"]?.duration ?? standard.drillEvery)
    }

    private func schedule(_ value: CheckedValue?) -> Schedule {
        let standard = Schedule.standard
        return Schedule(
            timeZone: value?["timezone"]?.text,
            database: value?["database"]?.calendar ?? standard.database,
            files: value?["files"]?.calendar ?? standard.files,
            config: value?["config"]?.calendar ?? standard.config,
            verify: value?["verify"]?.calendar ?? standard.verify,
            drill: value?["drill"]?.calendar ?? standard.drill,
            catchUp: value?["catch_up"]?.boolean ?? standard.catchUp)
    }

    private func verify(_ value: CheckedValue?) -> VerifySettings {
        let standard = VerifySettings.standard
        let readData: ReadAmount? = value?["read_data"].flatMap { said in
            if let share = said.share { return .share(share) }
            if let size = said.size { return .amount(size) }
            return said.text == "all" ? .everything : said.text == "none" ? .nothing : nil
        }
        return VerifySettings(readData: readData ?? standard.readData, dumps: value?["dumps"]?.choice(DumpVerification.self) ?? standard.dumps)
    }

    private func notification(_ value: CheckedValue) -> NotificationSettings? {
        value["to"]?.text.map { address in
            let events = value["on"]?.list?.compactMap { $0.choice(NotificationEvent.self) }
            return NotificationSettings(to: address, on: events ?? NotificationSettings.standardEvents)
        }
    }

    private func monitoring(_ root: CheckedValue) -> MonitoringSettings {
        var heartbeats: [Verb: String] = [:]
        for entry in root["heartbeat"]?.entries ?? [] {
            if let verb = Verb(rawValue: entry.key) { heartbeats[verb] = entry.value?.text }
        }
        return MonitoringSettings(
            heartbeats: heartbeats, metricsFile: root["metrics"]?["textfile"]?.path, listenAddress: root["serve"]?["listen"]?.text)
    }
}

// MARK: Secrets

extension SettingsBuilder {
    /// `key:`, `password_file:` and `password_command:` say the same thing; one of them at most.
    private mutating func key(_ root: CheckedValue) -> SecretReference? {
        let said = ["key", "password_file", "password_command"].compactMap { name in root[name].map { (name, $0) } }
        if let extra = said.dropFirst().first {
            report(extra.1.position, "'\(said[0].0)' and '\(extra.0)' both say where the password is", "keep one of them")
        }
        if let key = root["key"] { return secret(key, called: "'key'") }
        if let path = root["password_file"]?.path { return .file(path) }
        return root["password_command"].map { .command(command($0)) }
    }

    mutating func secret(_ value: CheckedValue, called subject: String) -> SecretReference? {
        guard value.entries.count <= 1 else {
            report(value.position, "\(subject) names more than one place", "keep one of file, env, command and credential")
            return nil
        }
        guard let entry = value.entries.first else {
            report(value.position, "\(subject) names no place", "say one of file, env, command and credential")
            return nil
        }
        guard let place = entry.value else { return nil }
        switch entry.key {
        case "file": return place.path.map { .file($0) }
        case "env": return place.text.map { .environment($0) }
        case "credential": return place.text.map { .credential($0) }
        default: return .command(command(place))
        }
    }

    /// A list is a program and its arguments; a single text is a command line for the shell, as with restic.
    func command(_ value: CheckedValue) -> [String] {
        value.text.map { ["sh", "-c", $0] } ?? value.words
    }
}

// MARK: Drills and hooks

extension SettingsBuilder {
    private mutating func drill(_ value: CheckedValue?) -> DrillSettings {
        var checks: [DrillCheck] = []
        for check in value?["checks"]?.list ?? [] {
            if let known = drillCheck(check) { checks.append(known) }
        }
        return DrillSettings(checks: checks)
    }

    private mutating func drillCheck(_ value: CheckedValue) -> DrillCheck? {
        let kinds = ["rows", "sql", "files"].filter { value.says($0) }
        guard kinds.count == 1 else {
            report(
                value.position, kinds.isEmpty ? "a check must say rows, sql or files" : "a check is one of rows, sql and files, not several",
                "begin each check with a dash")
            return nil
        }
        let expectation = value["expect"]?.text
        if let expect = value["expect"], kinds != ["sql"] { report(expect.position, "'expect' belongs to a check with 'sql'") }
        if kinds == ["sql"], !value.says("expect") { report(value.position, "a check with 'sql' needs 'expect'", "add expect: \">= 1\"") }
        if let query = value["sql"]?.text { return expectation.flatMap(Expectation.init(parsing:)).map { .query(query, expect: $0) } }
        if let sample = value["files"]?["sample"] { return .files(sample: sample.integer ?? .max) }
        return value["rows"] == nil ? nil : .rowsAgainstManifest
    }

    private mutating func hooks(_ value: CheckedValue?) -> [Hook] {
        var hooks: [Hook] = []
        for entry in value?.list ?? [] {
            let before = entry["before"]?.choice(Verb.self), after = entry["after"]?.choice(Verb.self)
            if entry.says("before"), entry.says("after") {
                report(entry.position, "a hook runs before or after a verb, not both", "write two hooks")
            } else if !entry.says("before"), !entry.says("after") {
                report(entry.position, "a hook needs 'before' or 'after'", "add before: backup")
            }
            guard let verb = before ?? after, let run = entry["run"] else { continue }
            hooks.append(
                Hook(
                    moment: before == nil ? .after : .before, verb: verb, run: command(run),
                    timeout: entry["timeout"]?.duration ?? Hook.defaultTimeout,
                    onError: entry["on_error"]?.choice(Hook.OnError.self) ?? .fail))
        }
        return hooks
    }
}
