// `lifeboat restore …`: the application, one of its sources, or files from a snapshot.

import ArgumentParser

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Bring back the application, one of its sources, or files from a snapshot.",
        subcommands: [RestoreFilesCommand.self])
}
