// VerifyOptions: what `verify` and `backup:verify` can be told.

import ArgumentParser
import Bytes
import HostOS
import Operations
import Upkeep

/// Where a report goes: a file, or nowhere in particular.
enum ReportDestination: ExpressibleByArgument, CustomStringConvertible {
    case kept
    case file(String)

    init(argument: String) { self = .file(argument) }
    var description: String { "reports/ in the state directory" }

    func file() throws -> AppVerifyReportFile {
        switch self {
        case .kept: .kept
        case .file(let name): try AppVerifyReportFile(.resolve(BytePath(name), in: Host.workingDirectory()))
        }
    }
}

struct VerifyOptions: ParsableArguments {
    @Option(
        name: .long, help: ArgumentHelp("How much of the data to read back: a percentage, a size, n/t, all or none.", valueName: "part"))
    var readData: String?

    @Flag(name: .long, help: "Look at every database snapshot, not only at the newest ten.")
    var all = false

    @Option(
        name: .long, defaultAsFlag: ReportDestination.kept, parsing: .next,
        help: ArgumentHelp("Write a report: a page, text or JSON, as the file's name ends.", valueName: "file"), completion: .file())
    var report: ReportDestination?

    func run(_ sources: Set<AppSource>, _ repository: RepositoryOptions, _ output: OutputOptions) throws {
        let file = try report?.file(), workbench = try repository.workbench()
        var verb = AppVerify(workbench)
        verb.sources = sources
        verb.readData = try readData.map(extent)
        verb.allDatabases = all
        let line = StageLine(output)
        let found = try line.around { try verb.run(progress: $0) }
        let written = try file?.write(found, state: workbench.state)
        if output.json {
            Console.out(found.json(file: written))
        } else {
            for note in found.notes { Console.warning(note) }
            if !output.quiet || !found.isClean { for line in found.lines { Console.out(line) } }
            if let written, case .kept? = report { Console.out("report      \(written)") }
        }
        if !found.isClean { Console.end(.damaged) }
    }

    private func extent(_ text: String) throws -> CheckOptions.ReadData {
        switch text {
        case "all": .all
        case "none": .none
        default: try CheckOptions.ReadData(parsing: text)
        }
    }
}
