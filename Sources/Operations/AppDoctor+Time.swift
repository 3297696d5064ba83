// AppDoctor+Time: is the clock right, is the time zone known, does anything run by itself, and when was the last proof?

import Bytes
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

extension AppDoctor {
    private static let day: Int64 = 86_400

    // MARK: Clock and zone

    func time(_ catalog: AppCatalog?) -> [Finding] {
        var findings: [Finding] = []
        let now = workbench.identity.now()
        // 2024: no lifeboat is older.
        if now.seconds < 1_704_067_200 {
            findings.append(Finding(.bad, "time: this machine's clock says \(now)", hint: "timedatectl set-ntp true"))
        }
        if let newest = catalog?.all.last, newest.snapshot.time.seconds > now.seconds + 300 {
            findings.append(
                Finding(
                    .warning, "time: snapshot \(newest.id.short) of \(newest.snapshot.time) is from the future; the clock is behind, or was ahead",
                    hint: "timedatectl set-ntp true; date"))
        }
        return findings + zone
    }

    private var zone: [Finding] {
        guard let name = workbench.application.schedule.timeZone else { return [] }
        if (try? TimeZoneFile.load(name)) != nil { return [Finding(.good, "time: zone \(name)")] }
        return [
            Finding(
                .bad, "time: this machine does not know the zone '\(name)' of `schedule.timezone`",
                hint: "apt-get install tzdata, or correct the name (`timedatectl list-timezones`)")
        ]
    }

    // MARK: Schedule

    var schedule: [Finding] {
        let identifier = String(decoding: workbench.state.directory.name, as: UTF8.self)
        let home = Host.environment("XDG_CONFIG_HOME") ?? Host.environment("HOME").map { "\($0)/.config" }
        let places =
            ["/etc/systemd/system/lifeboat-\(identifier).timer", "/etc/cron.d/lifeboat-\(identifier)"]
            + (home.map { ["\($0)/systemd/user/lifeboat-\(identifier).timer"] } ?? [])
        if let found = places.first(where: { (try? FileStatus.ifExists(BytePath($0))) ?? nil != nil }) {
            return [Finding(.good, "schedule: \(found)")]
        }
        return [
            Finding(
                .warning, "schedule: lifeboat is not installed to run by itself (a line of your own in a crontab is not seen here)",
                hint: "lifeboat schedule install --systemd, or --cron")
        ]
    }

    // MARK: Proof

    var proof: [Finding] {
        guard (try? FileStatus.ifExists(workbench.state.journalPath)) ?? nil != nil else {
            return [Finding(.warning, "proof: nothing was ever done here", hint: "lifeboat backup, then lifeboat verify")]
        }
        do throws(JournalFailure) {
            let journal = try RunJournal.open(workbench.state.journalPath)
            let name = workbench.application.name
            return [
                age(try journal.lastSuccess(verb: "verify", application: name), "verify", limit: 8 * Self.day, command: "lifeboat verify"),
                age(
                    try journal.lastSuccess(verb: "drill", application: name), "drill",
                    limit: workbench.application.objectives.drillEvery.components.seconds, command: "lifeboat drill"),
            ]
        } catch {
            // A journal that cannot be used never stops a backup.
            return [Finding(.warning, error.failure.message, hint: error.failure.hint)]
        }
    }

    private func age(_ run: RunRecord?, _ verb: String, limit: Int64, command: String) -> Finding {
        guard let run else { return Finding(.warning, "proof: no \(verb) has succeeded on this machine", hint: command) }
        let days = max(0, workbench.identity.now().seconds - run.started.seconds) / Self.day
        let text = "proof: the last good \(verb) was \(days == 0 ? "today" : days == 1 ? "a day ago" : "\(days) days ago")"
        return days * Self.day > limit ? Finding(.warning, text, hint: command) : Finding(.good, text)
    }
}
