// `lifeboat find`: files and directories by name, and the files that blobs, trees and packs belong to.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct FindCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "Find files in snapshots.",
        discussion: """
            Examples:
              lifeboat find config.php                   wherever it is, in every snapshot, the newest first
              lifeboat find -l '*.docx' '*.xlsx' --newest 2026-11-01 --snapshot latest
              lifeboat find -i '/var/www/**/readme*'
              lifeboat find --blob 420f620f --show-pack-id
              lifeboat find --pack 025c1d06              the files with data in a damaged pack

            Patterns are those of --exclude. Times are modification times: dates, or '2026-11-24 10:00:00'.
            """)

    @Argument(help: "Patterns; or ids with --blob, --tree or --pack.")
    var patterns: [String]

    @Flag(name: [.short, .long], help: "Ignore upper and lower case.")
    var ignoreCase = false

    @Flag(name: [.short, .long], help: "Show mode, owner, size and time.")
    var long = false

    @Flag(name: .long, help: "Show sizes in units.")
    var humanReadable = false

    @Option(name: [.customShort("O"), .long], help: ArgumentHelp("Only what was modified at this time or later.", valueName: "time"))
    var oldest: String?

    @Option(name: [.customShort("N"), .long], help: ArgumentHelp("Only what was modified at this time or earlier.", valueName: "time"))
    var newest: String?

    @Option(name: [.short, .long], help: ArgumentHelp("Only in this snapshot; repeat it.", valueName: "id"))
    var snapshot: [String] = []

    @Flag(name: [.customShort("R"), .long], help: "The oldest snapshot first.")
    var reverse = false

    @Flag(name: .long, help: "Find the files that data blobs belong to.")
    var blob = false

    @Flag(name: .long, help: "Find where trees are.")
    var tree = false

    @Flag(name: .long, help: "Find all that lies in packs.")
    var pack = false

    @Flag(name: .long, help: "Show the packs in which the objects lie.")
    var showPackId = false

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard !patterns.isEmpty else { throw Failure(.usage, "there is no pattern", hint: "name a file, as in `lifeboat find config.php`") }
        guard [blob, tree, pack].count(where: { $0 }) <= 1 else {
            throw Failure(.usage, "ids of several kinds are asked for", hint: "use one of --blob, --tree and --pack")
        }
        let search = try fileSearch()
        var verb = FindFiles(access: try repository.access(), choice: SnapshotChoice(names: snapshot, filter: filter.filter()))
        verb.reverse = reverse
        let unreadable = try objects.map { try find($0, verb) } ?? find(search, verb)
        for message in unreadable { Console.warning("not searched: \(message)") }
        if !unreadable.isEmpty { Console.end(.damaged) }
    }

    private var objects: FindFiles.Objects? { blob ? .blobs(patterns) : tree ? .trees(patterns) : pack ? .packs(patterns) : nil }

    private func fileSearch() throws -> FileSearch {
        var search = try FileSearch(objects == nil ? patterns : [], ignoringCase: ignoreCase)
        search.oldest = try oldest.map(ModificationTime.parse)
        search.newest = try newest.map(ModificationTime.parse)
        if let oldest = search.oldest, let newest = search.newest, newest < oldest {
            throw Failure(.usage, "--oldest is after --newest", hint: "exchange the two")
        }
        return search
    }

    private func find(_ search: FileSearch, _ verb: FindFiles) throws -> [String] {
        let report = FoundFilesReport(isLong: long, humanReadable: humanReadable, output)
        let unreadable = try verb.run(search, onMatch: report.print)
        report.finish()
        return unreadable
    }

    private func find(_ objects: FindFiles.Objects, _ verb: FindFiles) throws -> [String] {
        let report = FoundObjectsReport(showsPacks: showPackId, output)
        let outcome = try verb.run(objects, onFound: report.print)
        report.finish(outcome)
        return outcome.unreadable
    }
}
