// `lifeboat repository parity …`: what damaged and lost packs are rebuilt from.

import ArgumentParser
import Bytes
import Operations
import Upkeep

struct ParityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parity", abstract: "Keep parity beside the packs, from which damaged and lost ones are rebuilt; needs no password.",
        discussion: """
            Examples:
              lifeboat repository parity on                      two of twenty packs may be lost: a tenth more space
              lifeboat repository parity on --redundancy 25%     two of eight
              lifeboat repository parity status
              lifeboat repair packs                              rebuilds what is damaged or lost

            After every backup, prune and copy of lifeboat's the parity follows. Other programs that use the repository neither see it nor mind it.
            """, subcommands: [On.self, Off.self, Status.self, Update.self])

    struct On: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switch parity on, or change how much there is.",
            discussion: "Example:\n  lifeboat repository parity on --redundancy 10%")

        @Option(name: .long, help: ArgumentHelp("How much space it may take beside the packs: 1% to 100%.", valueName: "percent"))
        var redundancy = "10%"

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            guard redundancy.hasSuffix("%"), let percent = Int(redundancy.dropLast()) else {
                throw Failure(.usage, "'\(redundancy)' is not a redundancy", hint: "write it like 10%")
            }
            let verb = ParityRepository(address: try repository.keylessAddress())
            let outcome = try StageLine(output).around { try verb.on(redundancyPercent: percent, progress: $0) }
            ParityReport(output).print(outcome)
        }
    }

    struct Off: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switch parity off and remove its files.", discussion: "Example:\n  lifeboat repository parity off")

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let count = try ParityRepository(address: repository.keylessAddress()).off()
            if output.json { return Console.out(JSONLine("summary").number("files_removed", UInt64(count)).text) }
            if !output.quiet { Console.out("parity is off: \(Counted.text(count, "file")) removed") }
        }
    }

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How much is protected, and what it costs.", discussion: "Example:\n  lifeboat repository parity status --json")

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            ParityReport(output).print(try ParityRepository(address: repository.keylessAddress()).status())
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the parity fit the packs, after other programs changed them.",
            discussion: """
                Examples:
                  lifeboat repository parity update
                  lifeboat repository parity update --forget-missing    after `restic prune`: what is missing was removed on purpose
                """)

        @Flag(name: .long, help: "Packs that are not there were removed on purpose: do not keep what they could be rebuilt from.")
        var forgetMissing = false

        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let verb = ParityRepository(address: try repository.keylessAddress())
            let outcome = try StageLine(output).around { try verb.update(forgetsMissing: forgetMissing, progress: $0) }
            ParityReport(output).print(outcome)
        }
    }
}
