// `lifeboat migrate`: a repository takes a step to a newer version of the format.

import ArgumentParser
import Bytes
import Operations
import Upkeep

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring a repository to a newer version of the format.",
        discussion: """
            Examples:
              lifeboat migrate                           what can be applied
              lifeboat migrate upgrade_repo_v2           from version 1 to version 2, with compression

            The repository is checked first; one that is damaged is not changed. Afterwards `lifeboat prune --repack-uncompressed` compresses
            what is there already.
            """)

    @Argument(help: "The migrations to apply; none: list them.")
    var names: [String] = []

    @Flag(name: [.short, .long], help: "Apply a migration a second time.")
    var force = false

    @OptionGroup var kept: KeptCopiesOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = MigrateRepository(access: try repository.access(), copies: kept.copies)
        verb.force = force
        if names.isEmpty { return list(try verb.available()) }
        for name in names { _ = try Migration(named: name) }
        for name in names {
            let obstacle = try StageLine(output).around { try verb.apply(name, progress: $0) }
            report(name, obstacle)
        }
    }

    private func list(_ migrations: [Migration]) {
        if output.json { return Console.out(JSONLine("migrations").strings("available", migrations.map(\.rawValue)).text) }
        Console.out(migrations.isEmpty ? "no migration can be applied: the repository is up to date" : "available migrations:")
        for migration in migrations { Console.out("  \(migration.rawValue)\t\(migration.summary)") }
    }

    private func report(_ name: String, _ obstacle: String?) {
        if output.json {
            Console.out(JSONLine("migration").string("name", name).bool("applied", obstacle == nil).string("message", obstacle).text)
        } else if let obstacle {
            Console.warning("migration \(name) cannot be applied: \(obstacle)")
        } else if !output.quiet {
            Console.out("migration \(name): success")
        }
    }
}
