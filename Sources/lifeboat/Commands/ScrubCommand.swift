// `lifeboat scrub`: is every file of the repository still what it was when it was written?

import ArgumentParser
import Bytes
import Operations
import Upkeep

struct ScrubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub", abstract: "Read every file of the repository and compare it with its name; needs no password.",
        discussion: """
            Examples:
              lifeboat scrub                             read everything, at the speed of the disk
              lifeboat scrub --read-data-subset 5%       a twentieth, what was not read for longest
              lifeboat scrub --older-than 30d            what was not read for a month
              lifeboat scrub --repair                    and rebuild damaged packs, where there is parity

            The name of every file is the hash of its content, so that whoever holds the disk can look after it without being able to read it.
            Whether anything is missing, and which snapshots are concerned, `lifeboat check` tells.
            Exit status 20 means that damage was found.
            """)

    @Option(name: .long, help: ArgumentHelp("Only packs that were not read for so long: 12h, 30d.", valueName: "duration"))
    var olderThan: String?

    @Option(name: .long, help: ArgumentHelp("Read a part of the data: n/t, a percentage, or a size.", valueName: "part"))
    var readDataSubset: String?

    @Flag(name: .long, help: "Rebuild damaged and lost packs from parity.")
    var repair = false

    @OptionGroup var kept: KeptCopiesOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = ScrubRepository(address: try repository.keylessAddress())
        verb.readData = try readDataSubset.map { try CheckOptions.ReadData(parsing: $0) } ?? .all
        verb.olderThan = try olderThan.map(Durations.seconds)
        verb.repairsInto = repair ? kept.copies : nil
        verb.audit = .ofRepositories()
        let outcome = try StageLine(output).around { try verb.run(progress: $0) }
        ScrubReport(outcome).print(output)
    }
}
