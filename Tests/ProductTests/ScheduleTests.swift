// The schedule as an administrator meets it: what is due is done, once; what fails is tried later; systemd understands the units.

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

@Suite struct `The schedule of an application` {
    private func states(_ school: School) throws -> [String: String] {
        let jobs = try AnswerJSON.array(school.lifeboat("schedule", "list", "--json").outputText)
        return try Dictionary(jobs.map { (try AnswerJSON.text($0, "job"), try AnswerJSON.text($0, "state")) }) { $1 }
    }

    @Test func `does everything that is due, once, with a report and the retention`() throws {
        let school = try School(settings: "retention: { last: 1, minimum: 1 }\nschedule: { timezone: Europe/Kyiv }")
        try school.lifeboat("backup", "config")
        let before = try states(school)
        #expect(["config", "database", "files", "verify"].map { before[$0] } == ["idle", "due", "due", "due"], "\(before)")
        #expect(try school.lifeboat("schedule", "run", "--dry-run").outputText == "due: database, files, verify, drill\n")
        let run = try school.lifeboat("schedule", "run")
        #expect(run.outputText == "4 jobs done\n" && run.errorText.contains("retention: 0 old snapshots removed"), "\(run.errorText)")
        #expect(try school.lifeboat("schedule", "run").outputText == "nothing is due\n")
        #expect(try states(school).values.filter { $0 == "idle" }.count >= 4)
        let reports = school.scratch["home/state/lifeboat/small-school/reports"]
        let report = try #require(try Directory.entries(of: reports).first { $0.name.starts(with: Array("verify-".utf8)) })
        let text = String(decoding: try AtomicFile.read(reports.appending(report.name), limit: 1 << 20), as: UTF8.self)
        #expect(text.contains("The backups are whole."))
        #expect(try Directory.entries(of: reports).count { $0.name.starts(with: Array("drill-".utf8)) } == 3)
        #expect(try FileStatus.of(reports.appending(report.name)).mode == 0o600)
        let verbs = try AnswerJSON.array(school.lifeboat("history", "--json").outputText).compactMap { $0["verb"] as? String }
        #expect(verbs == ["forget", "drill", "verify", "backup", "backup", "backup"])
    }

    @Test func `ends with the worst result, does the rest all the same, and waits before it tries again`() throws {
        let school = try School(settings: "schedule: { verify: never, drill: never }")
        try school.scratch.remove("school/database/database.sqlite")
        let run = try school.lifeboat("schedule", "run", "--quiet", status: 1)
        #expect(run.errorText.contains("error: database: ") && run.outputText.isEmpty, "\(run.errorText)")
        #expect(try states(school)["database"] == "waiting")
        #expect(try states(school)["files"] == "idle")
        // It is not due yet, so nothing fails now.
        try school.lifeboat("schedule", "run", "--json")
    }

    @Test func `is put off while somebody works on the application, and never runs twice at once`() throws {
        let school = try School(settings: "schedule: { verify: never, drill: never }")
        let state = school.scratch["home/state/lifeboat/small-school"]
        try Directory.createAll(state)
        do {
            let held = try Descriptor.open(state.appending("lock"), .openOrCreate)
            try held.lock()
            let run = try school.lifeboat("schedule", "run", status: 75)
            #expect(run.errorText.contains("database is put off"), "\(run.errorText)")
            _ = try held.status()
        }
        do {
            let held = try Descriptor.open(state.appending("schedule.lock"), .openOrCreate)
            try held.lock()
            #expect(try school.lifeboat("schedule", "run", status: 75).errorText.contains("is running already"))
            _ = try held.status()
        }
        try school.lifeboat("schedule", "run")
    }

    @Test func `says what comes next, in its own time zone`() throws {
        let school = try School(settings: "schedule: { timezone: Asia/Kathmandu, database: daily 02:00, files: never, config: never, verify: never, drill: never }")
        let next = try AnswerJSON.array(school.lifeboat("schedule", "next", "-n", "3", "--json").outputText)
        #expect(try next.map { try AnswerJSON.text($0, "job") } == ["database", "database", "database"])
        // 02:00 in Kathmandu is 20:15 in Greenwich, put off by at most a quarter of an hour.
        for item in next { #expect(try ["20:1", "20:2", "20:3"].contains(String(AnswerJSON.text(item, "time").dropFirst(11).prefix(4)))) }
        let text = try school.lifeboat("schedule", "next").outputText
        #expect(text.contains(" 02:0") || text.contains(" 02:1"), "\(text)")
        #expect(try school.lifeboat("schedule", "list").outputText.contains("times in Asia/Kathmandu"))
        try school.lifeboat("schedule", "next", "-n", "0", status: 64)
    }

    @Test func `gives way to everything else on the machine`() throws {
        let school = try School(settings: "schedule: { database: never, files: never, verify: never, drill: never, config: hourly }")
        // The password command sees the priority of the process that starts it.
        let settings = try school.scratch.text("school/lifeboat.yaml").split(separator: "\n").filter { !$0.hasPrefix("password_file") }
        let spy = "password_command: [sh, -c, 'nice > \(school.scratch["nice"]); ionice > \(school.scratch["ionice"]); cat \(school.scratch["key"])']"
        try school.scratch.add("school/lifeboat.yaml", .file((settings + [Substring(spy)]).joined(separator: "\n"), mode: 0o600))
        try school.lifeboat("schedule", "run")
        #expect(try school.scratch.text("nice") == "10\n")
        #expect(try school.scratch.text("ionice") == "idle\n")
    }
}

@Suite struct `An installed schedule` {
    @discardableResult
    private func install(_ school: School, _ more: String..., status: Int32 = 0) throws -> Child.Result {
        let result = try school.program().run(["schedule", "install", "--directory", "\(school.scratch["units"])"] + more)
        try #require(result.exitStatus == status, "\(result.errorText)\(result.outputText)")
        return result
    }

    private func unit(_ school: School, _ suffix: String) throws -> String { try school.scratch.text(BytePath("units/lifeboat-small-school\(suffix)")) }

    @Test(.enabled(if: (try? Child.run("systemd-analyze", ["--version"]))?.exitStatus == 0))
    func `is what systemd understands without a word`() throws {
        let school = try School()
        try install(school)
        let names = ["lifeboat-small-school.service", "lifeboat-small-school.timer"].map { "\(school.scratch["units"])/\($0)" }
        let verdict = try Child.run("systemd-analyze", ["verify"] + names)
        let complaints = (verdict.errorText + verdict.outputText).split(separator: "\n").filter { $0.contains("lifeboat-small-school") }
        #expect(verdict.exitStatus == 0 && complaints.isEmpty, "\(complaints.joined(separator: "\n"))")
    }

    @Test func `names everything by absolute paths, catches up, and keeps the records where they are`() throws {
        let school = try School()
        try install(school)
        let service = try unit(school, ".service"), timer = try unit(school, ".timer")
        #expect(service.contains("ExecStart=\(try Program.binary()) schedule run --quiet --config \(school.settings)\n"), "\(service)")
        #expect(service.contains("Environment=LIFEBOAT_STATE_DIR=\(school.scratch["home/state/lifeboat"])\n"))
        #expect(service.contains("RequiresMountsFor=\(school.repository)\n") && service.contains("NoNewPrivileges=yes\n"))
        #expect(timer.contains("OnCalendar=*:0/5\n") && timer.contains("Persistent=true\n"))
        #expect(try FileStatus.of(school.scratch["units/lifeboat-small-school.timer"]).mode == 0o644)
        // What the unit says is what works: the same line, in the same environment, finds the same records.
        try school.lifeboat("backup")
        let line = try #require(service.split(separator: "\n").first { $0.hasPrefix("ExecStart=") }).dropFirst("ExecStart=".count)
        let words = line.split(separator: " ").dropFirst().map(String.init)
        let program = CommandLineProgram(
            try Program.binary(), environment: ["LIFEBOAT_STATE_DIR": "\(school.scratch["home/state/lifeboat"])", "PATH": "/usr/bin:/bin", "TZ": "UTC"],
            directory: "/")
        let run = try program.run(words.filter { $0 != "--quiet" } + ["--dry-run"])
        #expect(run.outputText == "due: verify, drill\n", "\(run.outputText)\(run.errorText)")
    }

    @Test func `is printed without being written`() throws {
        let school = try School()
        let text = try school.lifeboat("schedule", "install", "--print").outputText
        #expect(text.contains("# lifeboat-small-school.service") && text.contains("OnCalendar="))
        let line = try school.lifeboat("schedule", "install", "--cron", "--print").outputText
        #expect(line.contains("*/5 * * * * ") && line.contains("schedule run --quiet --config \(school.settings)"), "\(line)")
        #expect(try FileStatus.ifExists(school.scratch["units"]) == nil)
        try school.lifeboat("schedule", "install", "--cron", "--systemd", status: 64)
    }

    @Test func `replaces its own files, and asks before it touches another's`() throws {
        let school = try School()
        try install(school)
        #expect(try install(school).errorText.contains("is as it should be"))
        try school.scratch.add("units/lifeboat-small-school.timer", .file("[Timer]\nOnCalendar=hourly\n"))
        try install(school, status: 13)
        #expect(try unit(school, ".timer").contains("OnCalendar=hourly"))
        try install(school, "--uninstall", status: 13)
        try install(school, "--force")
        #expect(try unit(school, ".timer").contains("OnCalendar=*:0/5"))
        #expect(try install(school, "--uninstall").errorText.contains("removed "))
        #expect(try Directory.entries(of: school.scratch["units"]).isEmpty)
        #expect(try install(school, "--uninstall").errorText.contains("nothing is installed"))
        try install(school, "--cron")
        #expect(try unit(school, "").split(separator: "\n").count == 2)
    }

    @Test func `is refused where a run without a terminal could not work`() throws {
        let school = try School()
        try school.scratch.add("school/lifeboat.yaml", .file("app: { name: small-school, root: \(school.root) }\nrepository: \(school.repository)\n", mode: 0o600))
        let result = try school.lifeboat("schedule", "install", "--print", "--password-file", "\(school.scratch["key"])", status: 78)
        #expect(result.errorText.contains("names no key"))
    }
}
