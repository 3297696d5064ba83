// HardLinks: which restored path stands for a file that has several names.

package import Bytes
import Synchronization

/// Files are told apart by (inode, device) of the source machine. Safe to use from several threads.
package final class HardLinks: Sendable {
    private struct Identity: Hashable {
        let inode: UInt64, device: UInt64
    }

    private let firstPaths = Mutex<[Identity: BytePath]>([:])

    package init() {}

    /// The path to link to, or nil: then `path` is the first of its kind and gets the content.
    /// Only entries with more than one link and a known inode take part; call it for selected ones only.
    package func firstPath(inode: UInt64, device: UInt64, linkCount: UInt64, path: BytePath) -> BytePath? {
        guard linkCount > 1, inode != 0 else { return nil }
        return firstPaths.withLock { known in
            if let first = known[Identity(inode: inode, device: device)] { return first == path ? nil : first }
            known[Identity(inode: inode, device: device)] = path
            return nil
        }
    }
}
