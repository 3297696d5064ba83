// The original name `restore:backup`: the command line that `php artisan` knew, over the same code as `restore`.

import ArgumentParser
import Operations

struct OriginalRestoreBackup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore:backup", abstract: "Bring back the application, or one of its sources (`restore` under its original name).",
        discussion: """
            Shows what it will do and asks. Without a terminal and without --force it ends with exit status 13.

            Examples:
              lifeboat restore:backup
              lifeboat restore:backup --type=database
              lifeboat restore:backup --type=all --force
              lifeboat restore:backup --type=files --at '2026-11-23 18:00'
            """)

    @Option(name: .long, help: "What to bring back.")
    var type: SourceChoice = .all

    @Option(name: [.short, .long], help: "These snapshots instead of the newest: ids or their beginnings, one for each source.")
    var snapshot: [String] = []

    @Option(name: [.short, .long], help: "Restore below this directory, and leave the application alone.")
    var target: String?

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @OptionGroup var options: AppRestoreOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws { try options.run(type.sources, snapshots: snapshot, target: target, dryRun: dryRun, repository, output) }
}
