// `lifeboat repository …`: repositories themselves.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Stores

struct RepositoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repository", abstract: "Create repositories, and protect their packs.", subcommands: [Init.self, ParityCommand.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a new repository in the restic format, version 2.",
            discussion: """
                Examples:
                  lifeboat repository init --repo /mnt/backup/app --password-file /etc/lifeboat/app.key
                  lifeboat repository init --repo /mnt/offsite/app --copy-chunker-params --from-repo /mnt/backup/app --from-password-file app.key
                """)

        @Flag(name: .long, help: "Cut files as the repository --from-repo does, so that copies between the two share data.")
        var copyChunkerParams = false

        @OptionGroup(title: "The repository to be like") var from: FromRepositoryOptions
        @OptionGroup var repository: RepositoryOptions
        @OptionGroup var output: OutputOptions

        func run() throws {
            let created = try repository.access().create(like: model())
            let location = created.store.location
            if output.json {
                Console.out(JSONLine("initialized").string("id", created.config.id.hex).string("repository", location).text)
            } else if !output.quiet {
                Console.out("created repository \(created.config.id.hex.prefix(10)) at \(location)")
                output.say("Keep the password in a second place: without it nothing in the repository can ever be read.")
            }
        }

        private func model() throws -> RepositoryAccess? {
            let access = try from.access()
            if copyChunkerParams, access == nil {
                throw Failure(.usage, "--copy-chunker-params needs a repository to copy them from", hint: "name it with --from-repo")
            }
            return copyChunkerParams ? access : nil
        }
    }
}
