// `lifeboat recover`: what no snapshot refers to any more, in a new snapshot.

import ArgumentParser
import Operations

struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Bring data back whose snapshot was forgotten or lost.",
        discussion: """
            Examples:
              lifeboat recover
              lifeboat ls latest --tag recovered         what came back
              lifeboat restore files --tag recovered --target /tmp/out

            Directories that nothing refers to are gathered in one new snapshot, tagged `recovered`. Data that `prune` has freed is gone.
            """)

    @OptionGroup var writing: WritingOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = RecoverTrees(access: try repository.access())
        verb.writer = try writing.options()
        let outcome = try StageLine(output).around { try verb.run(progress: $0) }
        RepairReport(output).print(outcome)
    }
}
