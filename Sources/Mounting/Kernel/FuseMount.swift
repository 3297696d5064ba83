// FuseMount: a mounted repository in the hands of the kernel: libfuse's questions become calls of MountedRepository, and what those throw
// becomes an error number. The only place that calls libfuse.

package import Bytes
import CFuse
import HostOS

// Safe because: the handle is made in init and freed in deinit, and libfuse allows its loop to run on another thread than the one that made
// it; the context is kept alive by this object as long as the handle.
@safe package final class FuseMount: @unchecked Sendable {
    package struct Options: Sendable {
        /// Others than the user who mounts may look.
        package var allowsOthers = false
        /// The kernel compares owner and mode of files with who asks.
        package var checksPermissions = false

        package init() {}

        var text: String {
            "ro,nosuid,nodev,fsname=lifeboat,subtype=lifeboat" + (allowsOthers ? ",allow_other" : "") + (checksPermissions ? ",default_permissions" : "")
        }
    }

    private let handle: OpaquePointer
    private let repository: MountedRepository

    /// Mounts on an existing directory. Nothing is answered before `serve`.
    package init(_ repository: MountedRepository, on mountPoint: BytePath, options: Options) throws(Failure) {
        self.repository = repository
        var answers = FuseAnswers.all
        let context = unsafe Unmanaged.passUnretained(repository).toOpaque()
        let handle = unsafe mountPoint.withText { point in
            unsafe options.text.withCString { options in unsafe lb_fuse_mount(point, options, &answers, context) }
        }
        guard let handle = unsafe handle else { throw FuseMount.failure(mountPoint, options) }
        unsafe self.handle = handle
    }

    /// Unmounts, if nobody did.
    deinit { unsafe lb_fuse_end(handle) }

    /// Answers the kernel until the file system is unmounted.
    package func serve() throws(Failure) {
        let status = unsafe lb_fuse_serve(handle)
        if status < 0 { throw Failure(.failed, "the mount ended: \(FuseMount.lastMessage)", hint: "mount it again") }
    }

    private static func failure(_ mountPoint: BytePath, _ options: Options) -> Failure {
        let message = lastMessage
        let hint =
            if (try? FileStatus.following("/dev/fuse")) == nil {
                "there is no /dev/fuse: run `modprobe fuse`, or start the container with --device /dev/fuse --cap-add SYS_ADMIN; `lifeboat restore files` and `lifeboat dump` need no mount"
            } else if !Host.isRoot, Host.programs(named: "fusermount3").isEmpty {
                "install the package fuse3: without fusermount3 only root can mount; `lifeboat restore files` and `lifeboat dump` need no mount"
            } else if !Host.isRoot, options.allowsOthers, !othersAreAllowed {
                "put the line user_allow_other into /etc/fuse.conf, or leave --allow-other out"
            } else {
                "in a container, start it with --device /dev/fuse --cap-add SYS_ADMIN; `lifeboat restore files` and `lifeboat dump` need no mount"
            }
        return Failure(.failed, "could not mount on '\(mountPoint)'\(message.isEmpty ? "" : ": \(message)")", hint: hint)
    }

    /// Whether root lets other users say --allow-other. fusermount3 reads the same file.
    private static var othersAreAllowed: Bool {
        guard let text = try? AtomicFile.read("/etc/fuse.conf", limit: 1 << 16) else { return false }
        return text.split(separator: UInt8(ascii: "\n")).contains { line in
            line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map(Array.init) == [Array("user_allow_other".utf8)]
        }
    }

    /// libfuse's, without its prefix.
    private static var lastMessage: String {
        var buffer = [CChar](repeating: 0, count: 512)
        unsafe lb_fuse_message(&buffer, buffer.count)
        let text = BytePath.display(buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
        return text.hasPrefix("fuse: ") ? String(text.dropFirst("fuse: ".count)) : text
    }
}

extension BytePath {
    /// The path as a C string for the length of a call.
    fileprivate func withText<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        let text = (bytes + [0]).map { CChar(bitPattern: $0) }
        return unsafe text.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("a C string has at least its end") }
            return unsafe body(start)
        }
    }
}
