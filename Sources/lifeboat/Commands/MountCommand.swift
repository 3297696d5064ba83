// `lifeboat mount`: look around in a repository with any program.

import ArgumentParser
import Bytes
import HostOS
import Operations

struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount", abstract: "Show the repository as a directory, read-only, until you end it.",
        discussion: """
            Examples:
              mkdir -p /mnt/lifeboat && lifeboat mount /mnt/lifeboat
              lifeboat mount /mnt/lifeboat --host web1 --tag nightly
              lifeboat mount /mnt/lifeboat --allow-other --owner-root
              lifeboat mount /mnt/lifeboat --time-template 2006-01-02_15-04-05

            Snapshots are found by their ids in ids/, by time in snapshots/, and by host and tag in hosts/ and tags/; `latest` is the newest in each.
            Nothing is copied before a program reads it. New snapshots appear within a minute. It needs FUSE (the package fuse3).

            Path templates say where snapshots appear: %i and %I the short and long id, %h host, %u user, %t tags, %T time. Time templates show
            how Go's programs would write Mon Jan 2 15:04:05 -0700 2006.

            End it with Ctrl-C, or from elsewhere with `fusermount3 -u MOUNTPOINT`.
            """)

    @Argument(help: "An empty directory.")
    var mountpoint: String

    @Flag(name: .long, help: "Show root as the owner of all files.")
    var ownerRoot = false

    @Flag(name: .long, help: "Let other users look, as far as the files' own permissions allow.")
    var allowOther = false

    @Flag(name: .long, help: "With --allow-other: let other users read everything.")
    var noDefaultPermissions = false

    @Option(name: .long, help: ArgumentHelp("Where snapshots appear, as in 'hosts/%h/%T'; repeat it.", valueName: "template"))
    var pathTemplate: [String] = []

    @Option(name: .long, help: ArgumentHelp("How times are written.", valueName: "template"))
    var timeTemplate: String?

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        if noDefaultPermissions && !allowOther {
            throw Failure(.usage, "--no-default-permissions is about other users, and they cannot look", hint: "add --allow-other")
        }
        var verb = MountRepository(
            access: try repository.access(), mountPoint: .resolve(BytePath(mountpoint), in: Host.workingDirectory()), filter: filter.filter())
        verb.options.ownerIsRoot = ownerRoot
        verb.options.allowsOthers = allowOther
        verb.options.ignoresPermissions = noDefaultPermissions
        verb.options.pathTemplates = pathTemplate
        verb.options.timeTemplate = timeTemplate
        try verb.run(MountReport(output, mountPoint: verb.mountPoint).listener)
    }
}
