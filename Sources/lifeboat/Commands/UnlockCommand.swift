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
        let outcome = try UnlockRepository(access: repository.access(), all: removeAll).run()
        if output.json {
            Console.out(JSONLine("summary").number("locks_removed", UInt64(outcome.removed)).text)
        } else if !output.quiet {
            Console.out(outcome.removed == 0 ? "no stale locks" : "removed \(Counted.text(outcome.removed, "lock"))")
            if outcome.kept > 0 {
                Console.out("kept \(Counted.text(outcome.kept, "lock")): in use, or of another host and younger than 30 minutes; see --remove-all")
            }
        }
    }
}
