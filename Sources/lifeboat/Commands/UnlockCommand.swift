// `lifeboat unlock`: removes locks that dead programs left.

import ArgumentParser
import Operations

struct UnlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock", abstract: "Remove locks that dead programs left.",
        discussion: """
            Examples:
              lifeboat unlock
              lifeboat unlock --remove-all               also of programs that may be alive: make sure that none is

            A lock is stale if it is older than 30 minutes, or if its process on this host is gone.
            """)

    @Flag(name: .long, help: "Remove every lock, also those of running programs.")
    var removeAll = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let count = try UnlockRepository(access: repository.access(), all: removeAll).run()
        if output.json {
            Console.out(JSONLine("summary").number("locks_removed", UInt64(count)).text)
        } else if !output.quiet {
            Console.out(count == 0 ? "no locks to remove" : "removed \(Counted.text(count, "lock"))")
        }
    }
}
