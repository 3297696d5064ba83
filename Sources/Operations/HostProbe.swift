// HostProbe: this machine's answers to what detection and resolution of settings ask.

package import Bytes
import HostOS
package import Settings

package struct HostProbe: FileProbe {
    package init() {}

    package func kind(of path: BytePath) -> PathKind? {
        switch (try? FileStatus.following(path))?.kind {
        case nil: nil
        case .regular: .file
        case .directory: .directory
        default: .other
        }
    }

    package func realPath(of path: BytePath) -> BytePath? { Directory.canonical(path) }

    package func beginning(of path: BytePath, byteCount: Int) -> [UInt8]? {
        guard kind(of: path) == .file, let file = try? Descriptor.open(path, .read) else { return nil }
        return try? [UInt8](byteCount: byteCount) { (span) throws(SystemError) in try file.readFully(into: &span, at: 0) }
    }

    package func names(in directory: BytePath) -> [[UInt8]] { ((try? Directory.entries(of: directory)) ?? []).map(\.name) }
}
