// MountReport: what is said while a repository is mounted.

import Bytes
import HostOS
import Operations

struct MountReport: Sendable {
    private let isJSON: Bool
    private let isQuiet: Bool
    private let mountPoint: BytePath

    init(_ output: OutputOptions, mountPoint: BytePath) {
        isJSON = output.json
        isQuiet = output.quiet
        self.mountPoint = mountPoint
    }

    var listener: MountRepository.Listener {
        MountRepository.Listener(onMounted: say, onBusy: sayBusy) { failure in Console.warning(failure.message) }
    }

    private func say(_ mounted: MountRepository.Mounted) {
        let command = MountRepository.unmountCommand(mounted.mountPoint)
        if isJSON {
            Console.out(
                JSONLine("mounted").string("repository", mounted.repositoryID).string("mountpoint", mounted.mountPoint.description)
                    .raw("snapshots", "\(mounted.snapshotCount)").string("unmount", command).text)
            _ = StandardStreams.flushOutput()
            return
        }
        if isQuiet { return }
        Console.message(
            """
            repository \(mounted.repositoryID.prefix(10)) is mounted on \(mounted.mountPoint), \(Counted.text(mounted.snapshotCount, "snapshot"))
            next:      ls \(mounted.mountPoint)/snapshots/latest    copy what you need from there, with any program
            to end it: Ctrl-C, or from elsewhere: \(command)
            """)
    }

    private func sayBusy() {
        Console.warning(
            "\(mountPoint) is still in use, by a program with an open file or a working directory there; it is unmounted as soon as that ends")
        Console.message(
            Style.hint.on(stderr: "hint:")
                + "  `\(MountRepository.unmountCommand(mountPoint))` tries at once; with -uz it is gone, and what uses it gets errors. "
                + "Ctrl-C a second time ends lifeboat and leaves a dead mount that this command removes")
    }
}
