// `lifeboat prune`: frees what no snapshot needs.

import ArgumentParser
import Bytes
import Operations
import Upkeep

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Free the space that no snapshot needs any more.",
        discussion: """
            Examples:
              lifeboat prune --dry-run
              lifeboat prune --max-unused 0              leave nothing unneeded
              lifeboat prune --max-repack-size 2G        stop after rewriting so much
            """)

    @OptionGroup var limits: PruneLimitOptions
    @OptionGroup var writing: WritingOptions

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = PruneRepository(access: try repository.access(), options: try limits.options(), writer: try writing.options())
        verb.dryRun = dryRun
        let line = StageLine(output)
        let outcome = try line.around { progress in
            try verb.run(progress: progress) { plan in
                line.clear()
                if !output.json && !output.quiet { Console.out(plan) }
            }
        }
        PruneReport.print(outcome, output)
    }
}
