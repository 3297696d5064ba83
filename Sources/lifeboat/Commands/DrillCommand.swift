// `lifeboat drill [all|database|files|config]`: is what was saved really enough to bring the application back, and how long does that take?

import Archiving
import ArgumentParser
import Bytes
import HostOS
import Operations

struct DrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Bring the application back in a private place, compare it with what was saved, and time it.",
        discussion: """
            Examples:
              lifeboat drill                         everything: the newest recovery point
              lifeboat drill database --at '2026-11-23 18:00'
              lifeboat drill --scratch /mnt/big --sample all --report drill.txt
              lifeboat drill --keep                  leaves it for a look until you press Ctrl-C

            The application is not touched, and everything restored is removed again. Exit status 21 means that it was not proved: something
            failed, or could not be tried here.
            """,
        subcommands: [DrillAllCommand.self, DrillDatabaseCommand.self, DrillFilesCommand.self, DrillConfigCommand.self],
        defaultSubcommand: DrillAllCommand.self)
}

/// Where a report goes: a file, or among the reports of the state directory.
enum EvidenceDestination: ExpressibleByArgument, CustomStringConvertible {
    case kept
    case file(String)

    init(argument: String) { self = .file(argument) }
    var description: String { "reports/ in the state directory" }

    func evidence() throws -> AppDrillEvidence {
        switch self {
        case .kept: .kept
        case .file(let name): try AppDrillEvidence(.resolve(BytePath(name), in: Host.workingDirectory()))
        }
    }
}

/// What all drills can be told.
struct DrillOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The state at this instant, or the last before it: '2026-11-24 10:00:00'.", valueName: "time"))
    var at: String?

    @Option(name: [.short, .long], help: "These snapshots instead of the newest: ids or their beginnings, one for each source.")
    var snapshot: [String] = []

    @Option(name: .long, help: ArgumentHelp("Work in this directory instead of lifeboat's own.", valueName: "dir"), completion: .directory)
    var scratch: String?

    @Option(name: .long, help: ArgumentHelp("How many files are read back: a number, or all.", valueName: "count"))
    var sample: String?

    @Flag(name: .long, help: "Leave what was restored for a look, until you press Ctrl-C.")
    var keep = false

    @Option(
        name: .long, defaultAsFlag: EvidenceDestination.kept, parsing: .next,
        help: ArgumentHelp("Write a report: a page, text or JSON, as the file's name ends.", valueName: "file"), completion: .file())
    var report: EvidenceDestination?

    func run(_ sources: Set<AppSource>, _ repository: RepositoryOptions, _ output: OutputOptions) throws {
        if at != nil && !snapshot.isEmpty { throw Failure(.usage, "both --at and --snapshot are given", hint: "leave one out") }
        let evidence = try report?.evidence(), workbench = try repository.workbench()
        var verb = AppDrill(workbench)
        verb.sources = sources
        verb.instant = try at.map(SnapshotTime.parse)
        verb.snapshotIDs = snapshot
        verb.scratch = scratch.map { .resolve(BytePath($0), in: Host.workingDirectory()) }
        verb.sample = try sample.map(count)
        verb.keeps = keep
        let drill = DrillReport(output), progress = Progress(), line = ProgressLine(progress, verb: "drilling", output: output)
        let result = try line.around { try verb.run(progress: progress) { event in line.aside { drill.show(event) } } }
        let written = try evidence?.write(result.report, state: workbench.state)
        drill.print(result.report, written)
        if let kept = result.kept { drill.wait(with: kept) }
        if let code = result.report.code { Console.end(code) }
    }

    private func count(_ text: String) throws -> Int {
        if text == "all" { return .max }
        guard let number = Int(text), number > 0 else {
            throw Failure(.usage, "'\(text)' is no number of files", hint: "write --sample 200, or --sample all")
        }
        return number
    }
}

struct DrillAllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "Drill the whole application: configuration, database, files.", discussion: "Example:\n  lifeboat drill all")

    @OptionGroup var options: DrillOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run(Set(AppSource.allCases), repository, output) }
}

struct DrillDatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "Drill the databases alone.", discussion: "Example:\n  lifeboat drill database --keep")

    @OptionGroup var options: DrillOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.database], repository, output) }
}

struct DrillFilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "Drill the files alone.", discussion: "Example:\n  lifeboat drill files --sample all")

    @OptionGroup var options: DrillOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.files], repository, output) }
}

struct DrillConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Drill the configuration alone.", discussion: "Example:\n  lifeboat drill config")

    @OptionGroup var options: DrillOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run([.config], repository, output) }
}
