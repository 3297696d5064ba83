// `lifeboat backup …`: the application, one of its sources, or any paths.

import ArgumentParser

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Save the application, one of its sources, or any paths.",
        discussion: """
            Examples:
              lifeboat backup                     everything: configuration, database, files
              lifeboat backup database            the database alone
              lifeboat backup files /etc /home --repo /mnt/backup/host --password-file host.key
            """,
        subcommands: [BackupAllCommand.self, BackupDatabaseCommand.self, BackupFilesCommand.self, BackupConfigCommand.self],
        defaultSubcommand: BackupAllCommand.self)
}
