// SettingsReader+Repositories: repositories and their retention from checked values.

import Bytes

extension SettingsBuilder {
    /// `repository:` is one repository named `local`; `repositories:` names them.
    mutating func repositories(_ root: CheckedValue) -> [RepositorySettings] {
        if let single = root["repository"], let several = root["repositories"] {
            let earlier = min(single.position, several.position), later = max(single.position, several.position)
            report(later, "'repository' and 'repositories' are both there", "keep 'repositories' and name the one of line \(earlier.line) in it")
        }
        if let url = root["repository"]?.text, let position = root["repository"]?.position {
            return [repository(named: RepositorySettings.singleName, url: url, options: nil, at: position)]
        }
        var repositories: [RepositorySettings] = []
        for entry in root["repositories"]?.entries ?? [] {
            let name = entry.key
            if SettingsTable.retentionWords.contains(name) {
                report(entry.keyPosition, "a repository cannot have the name '\(name)', which is a retention rule", "choose another name")
            }
            guard let value = entry.value, let url = value.text ?? value["url"]?.text else { continue }
            repositories.append(repository(named: name, url: url, options: value.isMap ? value : nil, at: value.position))
        }
        checkCopies(root["repositories"]?.entries ?? [])
        return repositories
    }

    private mutating func repository(named name: String, url: String, options: CheckedValue?, at position: SettingsPosition) -> RepositorySettings {
        if RepositoryScheme.localPath(of: url) == nil, let scheme = RepositoryScheme.scheme(of: url) {
            let text = "repository \(name): line \(position.line): \(scheme): addresses are accepted, and cannot be opened by this version"
            inactive.append((position, text))
        }
        let protection = options?["protect"].map { protect in
            RepositoryProtection(
                appendOnly: protect["append_only"]?.boolean ?? false, objectLock: protect["object_lock"]?.duration,
                prove: protect["prove"]?.choice(RepositoryProtection.ProofInterval.self))
        }
        return RepositorySettings(
            name: name, url: url, copyFrom: options?["copy_from"]?.text,
            credentials: options?["credentials"].flatMap { secret($0, called: "'credentials'") },
            protection: protection,
            uploadLimitPerSecond: options?["limit"]?["up"]?.size, downloadLimitPerSecond: options?["limit"]?["down"]?.size,
            position: position)
    }

    /// Each `copy_from` names another repository, and following them comes to an end.
    private mutating func checkCopies(_ entries: [CheckedEntry]) {
        let names = entries.map(\.key)
        var origins: [String: String] = [:]
        for entry in entries { origins[entry.key] = entry.value?["copy_from"]?.text }
        for entry in entries {
            let name = entry.key
            guard let copy = entry.value?["copy_from"], let origin = copy.text else { continue }
            guard names.contains(origin) else {
                let meant = NearestName.suggestion(for: origin, among: names.filter { $0 != name }).map { "did you mean '\($0)'?" }
                report(
                    copy.position, "'copy_from' names the unknown repository '\(clipped(origin))'",
                    meant ?? "repositories are " + names.joined(separator: ", "))
                continue
            }
            var visited: Set<String> = [name]
            var next: String? = origin
            while let current = next {
                if !visited.insert(current).inserted {
                    if current == name { report(copy.position, "'\(name)' would be copied from itself", "let one repository be written by backups") }
                    break
                }
                next = origins[current]
            }
        }
    }

    /// Rules directly below `retention:` hold for every repository without rules of its own.
    mutating func retention(_ value: CheckedValue?, repositories: [String]) -> RetentionSettings {
        guard let value else { return .standard }
        let minimum = value["minimum"]?.integer ?? Retention.defaultMinimum
        let generalRules = value.entries.filter { SettingsTable.retentionWords.contains($0.key) && $0.key != "minimum" }
        var general = Retention.standard
        if !generalRules.isEmpty { general = policy(value, minimum: minimum) }
        general.minimum = minimum
        var byRepository: [String: Retention] = [:]
        for entry in value.entries {
            guard let rules = entry.value, rules.isMap else { continue }
            let name = entry.key
            if !repositories.contains(name), !repositories.isEmpty {
                let known = repositories + SettingsTable.retentionWords
                let meant = NearestName.suggestion(for: name, among: known).map { "did you mean '\($0)'?" }
                report(
                    entry.keyPosition, "'retention' names the unknown repository '\(clipped(name))'",
                    meant ?? "repositories are " + repositories.joined(separator: ", "))
            }
            byRepository[name] = policy(rules, minimum: minimum)
        }
        return RetentionSettings(general: general, byRepository: byRepository)
    }

    private mutating func policy(_ value: CheckedValue, minimum: Int) -> Retention {
        func count(_ key: String) -> Int { value[key].map { $0.integer ?? Retention.unlimited } ?? 0 }
        var retention = Retention()
        retention.last = count("last")
        retention.hourly = count("hourly")
        retention.daily = count("daily")
        retention.weekly = count("weekly")
        retention.monthly = count("monthly")
        retention.yearly = count("yearly")
        retention.within = value["within"]?.span
        retention.withinHourly = value["within_hourly"]?.span
        retention.withinDaily = value["within_daily"]?.span
        retention.withinWeekly = value["within_weekly"]?.span
        retention.withinMonthly = value["within_monthly"]?.span
        retention.withinYearly = value["within_yearly"]?.span
        retention.minimum = minimum
        if retention.keepsNothing, value.isWellFormed {
            report(value.position, "these rules keep nothing", "add daily: 7, or another rule")
        }
        return retention
    }
}

extension SettingsTable {
    /// The keys of `retention:`, which are therefore no names of repositories.
    static let retentionWords = (retention + [minimum]).map(\.name)
}
