// `lifeboat backup files PATH…`: paths into a snapshot, with or without a configuration.

import Archiving
import ArgumentParser
import Bytes
import FileTrees
import HostOS
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct BackupFilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "Save files and directories.",
        discussion: """
            Without paths: the files of the application here, as its settings say.

            Examples:
              lifeboat backup files
              lifeboat backup files /etc /home --repo /mnt/backup/host --password-file /etc/lifeboat/host.key
              lifeboat backup files . --exclude '*.log' --exclude node_modules --tag nightly
              lifeboat backup files --files-from /etc/lifeboat/what-to-save
              lifeboat backup files /srv --group-by host,tags --tag nightly
              lifeboat backup files --stdin-from-command --stdin-filename school.sql -- mariadb-dump school
              zfs send tank@today | lifeboat backup files --stdin --stdin-filename tank.zfs
            """)

    @Argument(help: "Files and directories to save.")
    var paths: [String] = []

    @OptionGroup var source: BackupSourceOptions

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var exclusion: ExclusionOptions
    @OptionGroup var writing: WritingOptions

    @Option(name: .long, help: "A tag for the snapshot; repeat it, or separate several with commas.")
    var tag: [String] = []

    @Option(name: [.customShort("H"), .long], help: "The host name to record.")
    var host: String?

    @Option(name: .long, help: "The snapshot to compare with (default: the newest of the group that --group-by says).")
    var parent: String?

    @Option(
        name: [.customShort("g"), .long],
        help: "What a snapshot to compare with must have in common with this backup: host, paths, tags, or several; '' for nothing (default: host,paths).")
    var groupBy: String?

    @Flag(name: [.short, .long], help: "Read every file, whatever the parent snapshot says.")
    var force = false

    @Option(name: .long, help: "The time to record: 2026-11-24T10:00:00Z or '2026-11-24 10:00:00'.")
    var time: String?

    @Flag(name: .long, help: "Ignore change times when deciding whether a file changed.")
    var ignoreCtime = false

    @Flag(name: .long, help: "Ignore inode numbers and change times when deciding whether a file changed.")
    var ignoreInode = false

    @Flag(name: .long, help: "Save access times too.")
    var withAtime = false

    @Flag(name: .long, help: "Make no snapshot if nothing changed.")
    var skipIfUnchanged = false

    @Option(name: .long, help: "How many files to read at the same time, 2 to 64 (default: as many as there are processors).")
    var readConcurrency: Int?

    @Flag(name: .long, help: "Taken for restic's sake: nothing is ever scanned before the backup.")
    var noScan = false

    @OptionGroup var application: AppBackupOptions

    private var dryRun: Bool { application.dryRun }

    func run() throws {
        if try paths.isEmpty && source.isEmpty && repository.lookup.findIfAny() != nil {
            guard tag.isEmpty, exclusion.isEmpty, time == nil, parent == nil, groupBy == nil, host == nil else {
                throw Failure(
                    .usage, "what to leave out and how to tag it is said in lifeboat.yaml for an application's files",
                    hint: "give paths to save anything else")
            }
            return try application.run([.files], repository, writing.options(), output)
        }
        if application.cleanOld {
            throw Failure(
                .usage, "--clean-old follows the settings of an application, and these paths belong to none",
                hint: "remove old snapshots with `lifeboat forget --keep-daily 7 --prune`")
        }
        let progress = Progress(), line = ProgressLine(progress, verb: "saving", output: output)
        if let stream = try source.stream(paths) {
            let verb = BackupStream(access: try repository.access(), request: try request([]), source: stream, name: BytePath(source.stdinFilename))
            BackupReport(try line.around { try verb.run(progress: progress) }, dryRun: dryRun).print(output)
            return
        }
        let targets = try paths.map { BytePath($0) } + source.listed { Console.warning($0) }
        guard !targets.isEmpty else {
            throw Failure(.usage, "nothing to save was named", hint: "give paths, as in `lifeboat backup files /etc /home`")
        }
        var verb = BackupFiles(access: try repository.access(), request: try request(targets))
        verb.parent = force ? .none : parent.map { .named($0) } ?? .automatic
        BackupReport(try line.around { try verb.run(progress: progress) }, dryRun: dryRun).print(output)
    }

    private func request(_ targets: [BytePath]) throws -> BackupRequest {
        let identity = Identity.ofThisProcess(hostName: host)
        var request = BackupRequest(
            targets: targets, workingDirectory: Host.workingDirectory(), hostName: identity.hostName,
            userName: identity.userName, time: try time.map(SnapshotTime.parse) ?? identity.now(),
            programVersion: "lifeboat \(Lifeboat.version)")
        request.userID = identity.userID
        request.groupID = identity.groupID
        request.exclusions = try exclusion.exclusions()
        request.excludePatterns = exclusion.exclude
        request.tags = TagList.flatten(tag)
        request.parentLikeness = try groupBy.map(Self.likeness) ?? ParentLikeness()
        request.threadCount = try Self.threadCount(readConcurrency ?? RepositoryOptions.variable("READ_CONCURRENCY").map(Self.number))
        request.ignoreChangeTime = ignoreCtime
        request.ignoreInode = ignoreInode
        request.withAccessTime = withAtime
        request.skipIfUnchanged = skipIfUnchanged
        request.dryRun = dryRun
        request.writer = try writing.options()
        return request
    }

    private static func likeness(_ text: String) throws -> ParentLikeness {
        let grouping = try SnapshotGrouping(parsing: text)
        return ParentLikeness(host: grouping.byHost, paths: grouping.byPaths, tags: grouping.byTags)
    }

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text) else { throw Failure(.usage, "the number of files to read at once, '\(text)', is no number") }
        return number
    }

    private static func threadCount(_ count: Int?) throws -> Int? {
        guard let count else { return nil }
        // restic takes 1, too; two are needed to read and to cut at the same time.
        guard (1...64).contains(count) else { throw Failure(.usage, "\(count) files cannot be read at the same time", hint: "use 2 to 64") }
        return count
    }
}
