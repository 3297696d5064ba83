// `lifeboat check`: is the repository whole?

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the repository for damage.",
        discussion: """
            Examples:
              lifeboat check                             is everything there that the snapshots need?
              lifeboat check --read-data                 and is every byte what it was?
              lifeboat check --read-data-subset 10%      read a tenth, chosen at random
              lifeboat check --read-data-subset 2/7      the second of seven parts

            Exit status 20 means that damage was found.
            """)

    @Flag(name: .long, help: "Read all data and verify it.")
    var readData = false

    @Option(name: .long, help: ArgumentHelp("Read a part of the data: n/t, a percentage, or a size.", valueName: "part"))
    var readDataSubset: String?

    @Flag(name: .long, help: "Use the cache on this machine, and check only what is not in it.")
    var withCache = false

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = CheckRepository(access: try repository.access(), options: CheckOptions(readData: try extent(), filter: filter.filter()))
        verb.usesCache = withCache
        let check = verb, result = try StageLine(output).around { try check.run(progress: $0) }
        CheckOutcome(result).print(output)
    }

    private func extent() throws -> CheckOptions.ReadData {
        guard let readDataSubset else { return readData ? .all : .none }
        if readData { throw Failure(.usage, "both --read-data and --read-data-subset are given", hint: "leave one out") }
        return try CheckOptions.ReadData(parsing: readDataSubset)
    }
}
