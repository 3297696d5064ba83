// `lifeboat backup …`: the application, one of its sources, or any paths.

import ArgumentParser

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Save the application, one of its sources, or any paths.", subcommands: [BackupFilesCommand.self])
}
