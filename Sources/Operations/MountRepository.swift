// MountRepository: the verb `mount`: a repository as a read-only file system, until somebody unmounts it.
//
// 1. The mount point is looked at before anything is opened. 2. Under a shared lock, as long as the mount lasts, the kernel's questions are
// answered on threads of their own. 3. This thread waits for the end: unmounted from elsewhere, or SIGINT or SIGTERM, after which it
// unmounts itself. While a program still uses the mount that is not possible; then it goes on answering, says so, and tries again.

package import Bytes
import HostOS
import Mounting
package import RepositoryEngine
import RepositoryFormat
import Stores
import Synchronization

package struct MountRepository {
    package struct Options: Sendable {
        /// Files and folders belong to root, whoever owned them.
        package var ownerIsRoot = false
        package var allowsOthers = false
        /// With `allowsOthers`: everybody may read everything.
        package var ignoresPermissions = false
        /// As restic's `--path-template`; empty: its standard ones.
        package var pathTemplates: [String] = []
        /// As restic's `--time-template`; nil: RFC 3339.
        package var timeTemplate: String?

        package init() {}
    }

    package var access: RepositoryAccess
    package var mountPoint: BytePath
    package var filter: SnapshotFilter
    package var options = Options()

    /// What a person is told.
    package struct Listener: Sendable {
        package var onMounted: @Sendable (Mounted) -> Void
        /// It cannot be unmounted because somebody uses it; said once.
        package var onBusy: @Sendable () -> Void
        /// Something in the repository cannot be read.
        package var onTrouble: @Sendable (Failure) -> Void

        package init(
            onMounted: @escaping @Sendable (Mounted) -> Void, onBusy: @escaping @Sendable () -> Void, onTrouble: @escaping @Sendable (Failure) -> Void
        ) {
            self.onMounted = onMounted
            self.onBusy = onBusy
            self.onTrouble = onTrouble
        }
    }

    package struct Mounted: Sendable {
        package let repositoryID: String
        package let snapshotCount: Int
        /// Canonical.
        package let mountPoint: BytePath
    }

    package init(access: RepositoryAccess, mountPoint: BytePath, filter: SnapshotFilter) {
        self.access = access
        self.mountPoint = mountPoint
        self.filter = filter
    }

    /// Returns when it is unmounted, by whomever.
    package func run(_ listener: Listener) throws {
        let layout = try FolderLayout(
            templates: options.pathTemplates.isEmpty ? FolderLayout.standardTemplates : options.pathTemplates,
            timeLayout: options.timeTemplate ?? GoTimeLayout.rfc3339)
        let place = try checkedMountPoint()
        // What is read for the kernel must go on while a busy mount waits for its end.
        try access.withIndex(.shared, onlyReading: true, endsWhenAsked: false) { indexed, snapshots in
            if Interrupts.isRequested { throw RepositoryFailure.cancelled }
            let shown = MountedSnapshots(indexed, snapshots, filter: filter, layout: layout, clock: SystemClock(), onTrouble: listener.onTrouble)
            let repository = MountedRepository(
                indexed, shown, owner: owner, started: Identity.ofThisProcess().now(), onTrouble: listener.onTrouble)
            let mount = try FuseMount(repository, on: place, options: fuseOptions)
            listener.onMounted(
                Mounted(
                    repositoryID: indexed.repository.config.id.hex, snapshotCount: snapshots.count { filter.matches($0.snapshot) }, mountPoint: place))
            try MountRepository.serve(mount, place, listener)
        }
    }

    private var owner: MountedRepository.Owner {
        options.ownerIsRoot
            ? MountedRepository.Owner(userID: 0, groupID: 0, ownsFiles: true)
            : MountedRepository.Owner(userID: Host.userID, groupID: Host.groupID, ownsFiles: false)
    }

    private var fuseOptions: FuseMount.Options {
        var fuse = FuseMount.Options()
        fuse.allowsOthers = options.allowsOthers
        fuse.checksPermissions = options.allowsOthers && !options.ignoresPermissions
        return fuse
    }

    // MARK: The mount point

    /// - Returns: the canonical path of a directory that can be mounted on.
    private func checkedMountPoint() throws -> BytePath {
        guard let place = Directory.canonical(mountPoint), let status = try? FileStatus.of(place) else { throw absent() }
        guard status.kind == .directory else {
            throw Failure(.usage, "'\(mountPoint)' is no directory", hint: "name an empty directory to mount on")
        }
        if case .local(let repository) = access.address, let canonical = Directory.canonical(repository), place.contains(canonical) {
            throw Failure(
                .usage, "the repository itself lies in '\(mountPoint)', and the mount would hide it", hint: "mount on another, empty directory")
        }
        return place
    }

    /// A mount whose program is dead looks like nothing, too.
    private func absent() -> Failure {
        let isThere = (try? Directory.entries(of: mountPoint.parent))?.contains { $0.name == mountPoint.name } ?? false
        if isThere {
            return Failure(
                .failed, "'\(mountPoint)' cannot be used: the program that had mounted there is gone",
                hint: "run `\(MountRepository.unmountCommand(mountPoint))`, then mount again")
        }
        return Failure(.usage, "there is no directory '\(mountPoint)'", hint: "make it: mkdir -p \(ShellWord.quoted(mountPoint))")
    }

    /// What ends a mount from elsewhere.
    package static func unmountCommand(_ mountPoint: BytePath) -> String { "fusermount3 -u \(ShellWord.quoted(mountPoint))" }

    // MARK: Until the end

    private static let lookNanoseconds: Int64 = 50_000_000
    /// How often it is tried to unmount what is in use, in looks.
    private static let looksBetweenTries = 20

    private static func serve(_ mount: FuseMount, _ place: BytePath, _ listener: Listener) throws {
        let end = Ending()
        let workers = Workers()
        workers.start("mount") {
            defer { end.isReached.store(true, ordering: .releasing) }
            try mount.serve()
        }
        var looks = 0, isBusy = false
        while !end.isReached.load(ordering: .acquiring) {
            if Interrupts.isRequested {
                if looks % looksBetweenTries == 0, !unmounted(place), !isBusy {
                    isBusy = true
                    listener.onBusy()
                }
                looks += 1
            }
            SystemClock().sleep(nanoseconds: lookNanoseconds)
        }
        try workers.join()
    }

    private final class Ending: Sendable {
        let isReached = Atomic(false)
    }

    /// Whether there is nothing left to unmount.
    private static func unmounted(_ place: BytePath) -> Bool {
        do {
            try MountPoint.unmount(place)
            return true
        } catch {
            // Somebody else was faster.
            return error.kind == .invalid || error.kind == .notFound
        }
    }
}
