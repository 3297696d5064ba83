// Lifeboat: the program. Parses, runs one command, and turns whatever is thrown into a message and an exit status.

import ArgumentParser
import Bytes
import HostOS

@main
struct Lifeboat: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "lifeboat",
        abstract: "Disaster recovery you have proved: protects an application's database, files and configuration, and brings them back.",
        discussion: """
            Start:     cd /var/www/app && lifeboat init
            Protect:   lifeboat backup
            Ask:       lifeboat status
            Recover:   lifeboat restore

            Repositories are in the open restic format: stock restic reads, checks and restores them.
            """,
        version: "lifeboat \(version)",
        subcommands: applicationCommands + repositoryCommands,
        groupedSubcommands: [CommandGroup(name: "Original", subcommands: originalCommands)])

    private static let applicationCommands: [any ParsableCommand.Type] = [
        InitCommand.self, BackupCommand.self, RestoreCommand.self, VerifyCommand.self, DrillCommand.self, StatusCommand.self, HistoryCommand.self,
        ExportCommand.self, ScheduleCommand.self, AuditCommand.self, ConfigCommand.self, DoctorCommand.self, SQLiteWorkerCommand.self,
    ]

    private static let originalCommands: [any ParsableCommand.Type] = [
        OriginalBackupDatabase.self, OriginalBackupFilesystem.self, OriginalBackupConfig.self, OriginalRestoreBackup.self, OriginalBackupVerify.self,
    ]

    static var namesWithColons: [String] { originalCommands.map { $0._commandName } }

    private static let repositoryCommands: [any ParsableCommand.Type] = [
        SnapshotsCommand.self, LsCommand.self, FindCommand.self, DiffCommand.self, DumpCommand.self, MountCommand.self, StatsCommand.self, CopyCommand.self,
        TagCommand.self, RewriteCommand.self, ForgetCommand.self, PruneCommand.self,
        CheckCommand.self, ScrubCommand.self, RepairCommand.self, RecoverCommand.self, MigrateCommand.self,
        UnlockCommand.self, CacheCommand.self, RepositoryCommand.self, KeyCommand.self, CompletionCommand.self, VersionCommand.self,
    ]

    static func main() {
        StandardStreams.reserve()
        Memory.tune()
        Interrupts.install()
        do {
            var command = try parseAsRoot()
            try command.run()
            try Console.finish()
        } catch {
            Console.exit(for: error)
        }
    }
}
