// `lifeboat status`: can we recover, to when, and how long does it take?

import ArgumentParser
import Bytes
import Operations

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say whether the application can be recovered, to when, and how long that takes.",
        discussion: """
            Examples:
              lifeboat status
              lifeboat status --check     exit status 22 if an objective is breached: for monitoring
            """)

    @Flag(name: .long, help: "End with exit status 22 if an objective is breached.")
    var check = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let report = AppStatus(try repository.workbench()).run()
        StatusReport(report).print(output)
        if let failure = report.repositoryFailure, !check { Console.end(failure.code) }
        if check && (report.isBreached || report.repositoryFailure != nil) { Console.end(.objectiveBreached) }
    }
}
