// `lifeboat restore …`: the application, one of its sources, or files from a snapshot.

import ArgumentParser

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Bring back the application, one of its sources, or files from a snapshot.",
        discussion: """
            Examples:
              lifeboat restore                    everything, over what is there; shows the plan and asks
              lifeboat restore database           the database alone
              lifeboat restore files --snapshot latest --target /tmp/out --repo /mnt/backup/host --password-file host.key

            Flags of `lifeboat restore` itself (--at, --target, --force …): see `lifeboat restore all --help`.
            """,
        subcommands: [RestoreAllCommand.self, RestoreDatabaseCommand.self, RestoreFilesCommand.self, RestoreConfigCommand.self],
        defaultSubcommand: RestoreAllCommand.self)
}
