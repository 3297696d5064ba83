// `lifeboat schedule list|next|run|install`: when what is due, and who starts it.

import ArgumentParser
import Bytes
import HostOS
import Operations
import RepositoryEngine
import Settings

struct ScheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Say what is due when, do it, and let systemd or cron call that.",
        discussion: """
            Examples:
              sudo lifeboat schedule install      from now on everything runs by itself
              lifeboat schedule list              what is due, and when it was last done
              lifeboat schedule next              what comes next
              lifeboat schedule run               do now what is due

            Without `schedule:` in the settings: database daily 02:00, files sunday 03:00, config saturday 01:00, verify daily 04:00.
            """,
        subcommands: [List.self, Next.self, Run.self, Install.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the jobs: when, last done, next.", discussion: "Examples:\n  lifeboat schedule list\n  lifeboat schedule list --json")

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let run = AppScheduleRun(try AppSchedule(repository.workbench()))
            try ScheduleReport(run, output).list()
        }
    }

    struct Next: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what comes next, in order.", discussion: "Examples:\n  lifeboat schedule next\n  lifeboat schedule next -n 30 --json")

        @Option(name: [.customShort("n"), .long], help: "How many.")
        var limit = 10

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            guard (1...10_000).contains(limit) else { throw Failure(.usage, "-n \(limit) is no number of jobs", hint: "write 1 to 10000") }
            let run = AppScheduleRun(try AppSchedule(repository.workbench()))
            ScheduleReport(run, output).next(limit)
        }
    }

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Do everything that is due, at low priority; end with the worst result.",
            discussion: """
                Examples:
                  lifeboat schedule run
                  lifeboat schedule run --dry-run     only say what is due

                A job is due if its newest time of day lies after its last run. One that failed is tried again after 5 minutes, 10, 20, up to 4 hours.
                After complete backups the retention of the settings is applied, and space is freed. Exit status 75: somebody else is at work.
                """)

        @Flag(name: [.customShort("n"), .long], help: "Only say what is due.")
        var dryRun = false

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let run = AppScheduleRun(try AppSchedule(repository.workbench()))
            let report = ScheduleReport(run, output)
            if dryRun { return try report.due() }
            report.finish(try run.run { report.show($0) })
        }
    }

    struct Install: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let systemd or cron call `schedule run` every few minutes, or end that.",
            discussion: """
                Examples:
                  sudo lifeboat schedule install                     a systemd service and its timer
                  sudo lifeboat schedule install --cron              a line in /etc/cron.d
                  lifeboat schedule install --print                  only show the files
                  sudo lifeboat schedule install --uninstall

                As another user than root: a service of that user's own systemd.
                """)

        @Flag(name: .long, help: "A systemd service and timer. This is the default.")
        var systemd = false

        @Flag(name: .long, help: "A line for cron, in /etc/cron.d.")
        var cron = false

        @Flag(name: [.long, .customLong("dry-run"), .customShort("n")], help: "Print the files, and write nothing.")
        var print = false

        @Flag(name: .long, help: "Stop it, and remove the files.")
        var uninstall = false

        @Option(name: .long, help: "Write the files into this directory instead, and start nothing.")
        var directory: String?

        @Flag(name: [.short, .long], help: "Replace or remove files of others without asking.")
        var force = false

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            if systemd && cron { throw Failure(.usage, "both --systemd and --cron are given", hint: "leave one out") }
            var verb = AppScheduleInstall(try repository.workbench(), cron ? .cron : .systemd)
            verb.directory = directory.map { .resolve(BytePath($0), in: Host.workingDirectory()) }
            if print { return show(try verb.units()) }
            let replaces: (BytePath) throws -> Bool = { path in
                try force || Console.confirm("'\(path)' is there and was not written for these settings. \(uninstall ? "Remove" : "Replace") it?")
            }
            report(try uninstall ? verb.uninstall(replaces: replaces) : verb.install(replaces: replaces))
        }

        private func show(_ units: ScheduleUnits) {
            if cron { return Console.out(Host.isRoot ? units.cron.text.dropLast().description : units.cronLine(user: nil)) }
            for file in units.systemd {
                Console.out("# \(file.name)")
                Console.out(file.text)
            }
        }

        private func report(_ outcome: AppScheduleInstall.Outcome) {
            if output.json {
                let changed = outcome.written.map { JSONLine().bytes("written", $0.bytes).text } + outcome.removed.map { JSONLine().bytes("removed", $0.bytes).text }
                return Console.out(JSONLine("summary").raw("files", "[" + changed.joined(separator: ",") + "]").text)
            }
            for path in outcome.written { output.say("\(Style.good.on(stderr: "✓")) wrote \(path)") }
            for path in outcome.unchanged { output.say("\(Style.good.on(stderr: "✓")) \(path) is as it should be") }
            for path in outcome.removed { output.say("removed \(path)") }
            if outcome.written.isEmpty && outcome.unchanged.isEmpty && outcome.removed.isEmpty { output.say("nothing is installed") }
            for note in outcome.notes { Console.warning(note) }
        }
    }
}
