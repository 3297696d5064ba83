// MountPoint: taking a file system away again from the directory it was mounted on.

package import Bytes
import Glibc

package enum MountPoint {
    /// Whether another file system begins at this directory.
    package static func isMounted(_ path: BytePath) throws(SystemError) -> Bool {
        try FileStatus.following(path).device != FileStatus.following(path.appending("..")).device
    }

    /// Unmounts, as root by itself, as anyone else with the help of fusermount3, which may do that for FUSE.
    /// - Throws: `busy` while somebody uses it.
    package static func unmount(_ path: BytePath) throws(SystemError) {
        do {
            try retrying("unmount", path) { unsafe path.withCString { unsafe umount2($0, Int32(UMOUNT_NOFOLLOW)) } }
        } catch {
            guard error.kind == .permissionDenied else { throw error }
            let result = try Child.run("fusermount3", [Array("-u".utf8), Array("--".utf8), path.bytes])
            guard result.exitStatus == 0 else {
                throw SystemError(operation: "unmount", path: path, kind: .busy, reason: result.errorText.split(separator: "\n").last.map(String.init) ?? "it is in use")
            }
        }
    }
}
