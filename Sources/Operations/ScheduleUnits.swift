// ScheduleUnits: the texts by which systemd or cron calls `lifeboat schedule run` every few minutes. Pure: nothing is written here.
//
// Not four timers with the times of the schedule: a plain OnCalendar=02:00 skips the night in which the clocks go forward, and knows
// nothing of failures. The tick asks what is due; most ticks find nothing and end in some milliseconds.
//
// The service is fenced in as far as a program can be that has to read a whole application: it cannot change the system's own programs and
// settings, kernel, clock or name. It can read everything, and write wherever repositories, databases and records may lie.

package import Bytes

package struct ScheduleUnits: Sendable {
    /// One file to be written.
    package struct File: Sendable, Equatable {
        package let name: String
        package let text: String
    }

    /// How a file says that it is ours to replace and remove, and of which application.
    static let mark = "# Written by `lifeboat schedule install`"

    /// Letters, digits, dashes: part of file names.
    package let identifier: String
    package let program: BytePath
    package let settings: BytePath
    /// The directory above the application's own records.
    package let stateRoot: BytePath
    /// Must be mounted before a run.
    package let repository: BytePath
    /// Directories that a run writes to.
    package let written: [BytePath]
    /// A service of the whole system, not of one user: only that one can be fenced in.
    package let isSystemWide: Bool

    package init(
        identifier: String, program: BytePath, settings: BytePath, stateRoot: BytePath, repository: BytePath, written: [BytePath], isSystemWide: Bool
    ) {
        self.identifier = identifier
        self.program = program
        self.settings = settings
        self.stateRoot = stateRoot
        self.repository = repository
        self.written = written
        self.isSystemWide = isSystemWide
    }

    package var timerName: String { "lifeboat-\(identifier).timer" }

    var heading: String { "\(ScheduleUnits.mark) for \(settings)" }

    // MARK: systemd

    package var systemd: [File] {
        [File(name: "lifeboat-\(identifier).service", text: service), File(name: timerName, text: timer)]
    }

    private var service: String {
        var lines = [
            heading, "[Unit]", "Description=lifeboat: what is due for \(identifier)", "RequiresMountsFor=\(ScheduleUnits.quoted(repository))", "",
            "[Service]", "Type=oneshot",
            "ExecStart=\(ScheduleUnits.quoted(program, inCommand: true)) schedule run --quiet --config \(ScheduleUnits.quoted(settings, inCommand: true))",
            "Environment=\(ScheduleUnits.quoted(BytePath("LIFEBOAT_STATE_DIR=\(stateRoot)")))",
            "# Put off because somebody works on the application by hand: the next tick tries again.", "SuccessExitStatus=75",
            "Nice=10", "IOSchedulingClass=idle", "UMask=0077", "NoNewPrivileges=yes",
        ]
        if isSystemWide { lines += fence }
        return lines.joined(separator: "\n") + "\n"
    }

    private var fence: [String] {
        let closed: [BytePath] = ["/usr", "/boot", "/efi", "/etc"]
        let opened = written.filter { path in closed.contains { $0.contains(path) } }
        return [
            "ProtectSystem=full", "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes",
            "ProtectClock=yes", "ProtectHostname=yes", "PrivateDevices=yes", "RestrictRealtime=yes", "RestrictNamespaces=yes",
            "LockPersonality=yes", "SystemCallArchitectures=native", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        ] + opened.map { "ReadWritePaths=-\(ScheduleUnits.quoted($0))" }
    }

    private var timer: String {
        """
        \(heading)
        [Unit]
        Description=lifeboat: asks every few minutes what is due for \(identifier)

        [Timer]
        OnCalendar=*:0/\(Timetable.tickSeconds / 60)
        AccuracySec=30s
        Persistent=true

        [Install]
        WantedBy=timers.target

        """
    }

    /// A word of a unit file: quoted where it has to be, `%` doubled.
    /// - Parameter inCommand: doubles `$` too, which stands for variables in commands alone.
    private static func quoted(_ path: BytePath, inCommand: Bool = false) -> String {
        var text = "", isPlain = true
        for scalar in path.description.unicodeScalars {
            switch scalar {
            case "%": text += "%%"
            case "$": text += inCommand ? "$$" : "$"
            case "\"", "\\":
                text += "\\\(scalar)"
                isPlain = false
            case " ", "'", ";", "\t":
                text.unicodeScalars.append(scalar)
                isPlain = false
            default: text.unicodeScalars.append(scalar)
            }
        }
        return isPlain ? text : "\"\(text)\""
    }

    // MARK: cron

    /// For /etc/cron.d, where a line names its user.
    package var cron: File {
        File(name: "lifeboat-\(identifier)", text: "\(heading)\n\(cronLine(user: "root"))\n")
    }

    /// - Parameter user: nil for the crontab of one user.
    package func cronLine(user: String?) -> String {
        let command =
            "LIFEBOAT_STATE_DIR=\(ShellWord.quoted(stateRoot)) \(ShellWord.quoted(program)) schedule run --quiet --config \(ShellWord.quoted(settings))"
        return "*/\(Timetable.tickSeconds / 60) * * * * \(user.map { $0 + " " } ?? "")\(command.replacing("%", with: "\\%"))"
    }
}
