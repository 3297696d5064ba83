// ScannedEntry: one thing a scan found, with the means to read the rest of it later.

package import Bytes
package import HostOS
import Synchronization

/// Valid on any thread and after the scan has moved on. Content is reached by path again, through no link: neither at its end nor, within
/// the target, on the way to it. So a directory that is swapped for a link while a backup runs leads nowhere.
package struct ScannedEntry: Sendable {
    /// The name in the snapshot; differs from the source's only for targets that were renamed.
    package let name: [UInt8]
    /// Absolute.
    package let sourcePath: BytePath
    /// Absolute, as in "/etc/hosts".
    package let snapshotPath: BytePath
    package let status: FileStatus
    /// Of symbolic links only.
    package let linkTarget: [UInt8]?
    /// A directory on the way to a target, not in one: it may be a followed link, and only what leads to targets is entered.
    package let isAboveTarget: Bool
    let attributes: AttributeReader
    /// The directory that the scan opened as a target and found this in; nil for what was itself named by the user.
    let root: BeneathRoot?

    /// A regular file opened for reading, and what it is now: it may have grown since the scan.
    package struct OpenedFile: ~Copyable, Sendable {
        package let descriptor: Descriptor
        package let status: FileStatus
    }

    /// Opens a regular file without following a link and, where permitted, without touching its access time.
    /// - Throws: `SystemError`, or `FileTreeError.notRegular` if something else has taken its place.
    package func open() throws -> OpenedFile {
        let descriptor = try openUnfollowed()
        let now = try descriptor.status()
        guard now.kind == .regular else { throw FileTreeError.notRegular(sourcePath, now.kind) }
        return OpenedFile(descriptor: descriptor, status: now)
    }

    private func openUnfollowed() throws(SystemError) -> Descriptor {
        guard let root else { return try Descriptor.open(sourcePath, .readUnfollowed) }
        return try root.open(BytePath(Array(sourcePath.bytes.dropFirst(root.path.bytes.count))), .readUnfollowed)
    }

    /// The extended attributes in the order of the system, and the errors of those that could not be read.
    /// Costs nothing on file systems known to have none, one call on an entry that has none.
    package func extendedAttributes() -> (attributes: [ExtendedAttribute], failures: [SystemError]) { attributes.read(of: self) }

    /// The same of a file that was opened.
    package func extendedAttributes(of file: borrowing OpenedFile) -> (attributes: [ExtendedAttribute], failures: [SystemError]) {
        attributes.read(of: self, file.descriptor)
    }
}

/// Reads extended attributes and remembers which file systems have none.
final class AttributeReader: Sendable {
    private let devicesWithout = Mutex<Set<UInt64>>([])

    func read(of entry: ScannedEntry) -> (attributes: [ExtendedAttribute], failures: [SystemError]) {
        // The slash makes a followed link above a target read as the directory it leads to.
        let path = entry.isAboveTarget ? entry.sourcePath.appending(".") : entry.sourcePath
        return read(of: entry) { () throws(SystemError) in try ExtendedAttributes.all(of: path) }
    }

    /// Of the file that was opened, whatever has taken its place meanwhile.
    func read(of entry: ScannedEntry, _ file: borrowing Descriptor) -> (attributes: [ExtendedAttribute], failures: [SystemError]) {
        read(of: entry) { () throws(SystemError) in try ExtendedAttributes.all(of: file) }
    }

    private func read(
        of entry: ScannedEntry, _ all: () throws(SystemError) -> (attributes: [ExtendedAttribute], failures: [SystemError])?
    ) -> (attributes: [ExtendedAttribute], failures: [SystemError]) {
        let device = entry.status.device
        if devicesWithout.withLock({ $0.contains(device) }) { return ([], []) }
        do {
            if let found = try all() { return found }
            devicesWithout.withLock { _ = $0.insert(device) }
            return ([], [])
        } catch {
            if error.kind == .notFound || (entry.isAboveTarget && error.kind == .permissionDenied) { return ([], []) }
            return ([], [error])
        }
    }
}

/// Something a scan could not do.
package struct ScanProblem: Sendable {
    package enum Effect: Sendable {
        /// The item, with everything below it, is missing from the snapshot: the backup is incomplete.
        case itemLeftOut
        /// Nothing is missing; a person may want to know.
        case none
    }

    package let path: BytePath
    package let effect: Effect
    /// What went wrong, with the path.
    package let failure: Failure

    package init(path: BytePath, effect: Effect = .itemLeftOut, failure: Failure) {
        self.path = path
        self.effect = effect
        self.failure = failure
    }
}

/// Receives a scan. Calls come from one thread, in the order trees are written: inside a directory by name, bytewise, files and
/// directories mixed; a directory's `enter` comes before everything in it, its `leave` after. Throwing ends the scan.
package protocol ScanVisitor: AnyObject {
    func enterDirectory(_ directory: ScannedEntry) throws
    func leaveDirectory(_ directory: ScannedEntry) throws
    /// Anything but a directory: file, link, device, fifo.
    func entry(_ entry: ScannedEntry) throws
    func problem(_ problem: ScanProblem)
}
