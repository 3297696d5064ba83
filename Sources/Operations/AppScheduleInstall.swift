// AppScheduleInstall: the verb `schedule install`: lets systemd or cron call `schedule run`, or ends that.
//
// 1. Refused if a run without a terminal could not work: no repository, no key in the settings. 2. Files (ScheduleUnits) are written whole.
// One that is there and is not ours for the same settings is replaced or removed only after a question. 3. systemd, where it runs, is told.
//
// As root a system service, or a file in /etc/cron.d; as anybody else a service of the user's own. A user's crontab is not touched: the
// line is printed, for `crontab -e`.

package import Bytes
import HostOS
import Settings

package struct AppScheduleInstall: Sendable {
    package enum Kind: Sendable {
        case systemd, cron
    }

    package struct Outcome: Sendable {
        package internal(set) var written: [BytePath] = []
        /// These were as they should be already.
        package internal(set) var unchanged: [BytePath] = []
        package internal(set) var removed: [BytePath] = []
        /// What is left to do by hand.
        package internal(set) var notes: [String] = []
    }

    package let workbench: AppWorkbench
    package let kind: Kind
    /// Files go here, and nothing is started: for packages, and for a look.
    package var directory: BytePath?

    package init(_ workbench: AppWorkbench, _ kind: Kind) {
        self.workbench = workbench
        self.kind = kind
    }

    // MARK: Texts

    package func units() throws -> ScheduleUnits {
        try refuseWhatNeedsATerminal()
        let databases = workbench.application.databases.compactMap(\.file).map(\.parent)
        return ScheduleUnits(
            identifier: String(decoding: workbench.state.directory.name, as: UTF8.self), program: try Child.ownExecutable(),
            settings: workbench.settings.file, stateRoot: workbench.state.directory.parent, repository: workbench.repositoryPath,
            written: [workbench.repositoryPath, workbench.state.directory] + databases, isSystemWide: Host.isRoot)
    }

    private func refuseWhatNeedsATerminal() throws {
        let file = workbench.settings.file
        if workbench.application.repositories.isEmpty {
            throw Failure(.configInvalid, "'\(file)' names no repository, and a scheduled run has no flags", hint: "add `repository: /mnt/backup/app`")
        }
        if workbench.application.key == nil {
            throw Failure(
                .configInvalid, "'\(file)' names no key, and a scheduled run has no terminal to ask on", hint: "add `password_file: /etc/lifeboat/app.key`")
        }
        for path in [file, workbench.repositoryPath, workbench.state.directory] {
            let isPrintable = String(validating: path.bytes, as: UTF8.self)?.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
            guard isPrintable == true else {
                throw Failure(.usage, "'\(path)' cannot be written into a unit file", hint: "move it to a path of ordinary letters")
            }
        }
    }

    /// Where the files go.
    private func place() throws -> BytePath {
        if let directory { return directory }
        switch kind {
        case .systemd where Host.isRoot: return "/etc/systemd/system"
        case .systemd:
            func variable(_ name: String) -> BytePath? { Host.environment(name).flatMap { $0.isEmpty ? nil : BytePath($0) } }
            guard let base = variable("XDG_CONFIG_HOME") ?? variable("HOME").map({ $0.appending(".config") }) else {
                throw Failure(.failed, "there is no place for units of your own: HOME is not set", hint: "set HOME, or use --print")
            }
            return base.appending("systemd/user")
        case .cron where Host.isRoot: return "/etc/cron.d"
        case .cron:
            throw Failure(
                .failed, "only root can write to /etc/cron.d", hint: "add the line of `lifeboat schedule install --cron --print` with `crontab -e`")
        }
    }

    private func files() throws -> [ScheduleUnits.File] {
        let units = try units()
        switch kind {
        case .systemd: return units.systemd
        case .cron: return [units.cron]
        }
    }

    // MARK: Installing

    /// - Parameter replaces: asked about each file that is somebody else's; false ends the run with nothing more changed.
    package func install(replaces: (BytePath) throws -> Bool) throws -> Outcome {
        let place = try place(), files = try files()
        for file in files { try refuseStrangers(place.appending(file.name), replaces) }
        return try workbench.access.audit.record(AuditTrail.Action("schedule install", "\(place)"), announced: false) {
            try write(files, in: place)
        }
    }

    private func write(_ files: [ScheduleUnits.File], in place: BytePath) throws -> Outcome {
        var outcome = Outcome()
        try Directory.createAll(place, mode: 0o755)
        for file in files {
            let path = place.appending(file.name), text = Array(file.text.utf8)
            if (try? AtomicFile.read(path, limit: 1 << 16)) == text {
                outcome.unchanged.append(path)
                continue
            }
            // Others may read units; there is no secret in them. cron refuses files that others could write.
            try AtomicFile.write(text.span, to: path, mode: 0o644, finalMode: 0o644)
            outcome.written.append(path)
        }
        if kind == .systemd { try tellSystemd(["enable", "--now"], &outcome) }
        return outcome
    }

    /// - Parameter replaces: asked about each file that is somebody else's; false ends the run with nothing more changed.
    package func uninstall(replaces: (BytePath) throws -> Bool) throws -> Outcome {
        let place = try place()
        let paths = try files().map { place.appending($0.name) }.filter { (try? FileStatus.ifExists($0)) ?? nil != nil }
        for path in paths { try refuseStrangers(path, replaces) }
        return try workbench.access.audit.record(AuditTrail.Action("schedule uninstall", "\(place)")) { try remove(paths) }
    }

    private func remove(_ paths: [BytePath]) throws -> Outcome {
        var outcome = Outcome()
        if kind == .systemd && !paths.isEmpty { try tellSystemd(["disable", "--now"], &outcome) }
        for path in paths {
            try Directory.remove(path)
            outcome.removed.append(path)
        }
        if kind == .systemd && !paths.isEmpty && isSystemdRunning { _ = try systemctl(["daemon-reload"]) }
        return outcome
    }

    private func refuseStrangers(_ path: BytePath, _ replaces: (BytePath) throws -> Bool) throws {
        guard try FileStatus.ifExists(path) != nil else { return }
        let heading = Array("\(try units().heading)\n".utf8)
        if let content = try? AtomicFile.read(path, limit: 1 << 16), content.starts(with: heading) { return }
        guard try replaces(path) else { throw Failure(.cancelled, "nothing was changed") }
    }

    // MARK: systemd

    private var isSystemdRunning: Bool { directory == nil && ((try? FileStatus.ifExists("/run/systemd/system")) ?? nil) != nil }

    private func tellSystemd(_ verb: [String], _ outcome: inout Outcome) throws {
        let timer = try units().timerName
        guard isSystemdRunning else {
            if directory == nil { outcome.notes.append("systemd does not run here; where it does: systemctl \(verb.joined(separator: " ")) \(timer)") }
            return
        }
        for arguments in [["daemon-reload"], verb + [timer]] {
            let result = try systemctl(arguments)
            guard result.exitStatus == 0 else {
                let reason = result.errorText.split(separator: "\n").first.map(String.init) ?? "it ended with status \(result.exitStatus)"
                throw Failure(
                    .failed, "`systemctl \(arguments.joined(separator: " "))` failed: \(BytePath(reason))",
                    hint: "`systemctl status \(timer)` says more; the files are written")
            }
        }
    }

    private func systemctl(_ arguments: [String]) throws -> Child.Result {
        try Child.run("systemctl", (Host.isRoot ? [] : ["--user"]) + arguments, outputLimit: 1 << 20)
    }
}
