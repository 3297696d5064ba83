// TreePicture: everything a backup has to bring back about a directory tree, as text that can be compared: one line for each path.
//
// Kind, mode, owner, modification time to the nanosecond, size, hash of the content, link target, device number, extended
// attributes, and which paths are the same file. Not compared: access and change times, inode numbers, allocation.

package import Bytes
import Codecs
import HostOS

package struct TreePicture: Equatable, Sendable {
    package let lines: [BytePath: String]

    /// Describes what is below a directory, not the directory itself.
    package init(of root: BytePath) throws {
        var lines: [BytePath: String] = [:], links: [UInt64: [BytePath]] = [:], pending: [BytePath] = [""]
        while let directory = pending.popLast() {
            for entry in try Directory.entries(of: root.joined(directory)) {
                let relative = directory.appending(entry.name)
                let status = try FileStatus.of(root.joined(relative))
                if status.kind == .socket { continue }
                lines[relative] = try TreePicture.line(root.joined(relative), status)
                if status.kind == .directory {
                    pending.append(relative)
                } else if status.linkCount > 1 {
                    links[status.inode, default: []].append(relative)
                }
            }
        }
        for group in links.values {
            let first = group.min() ?? ""
            for path in group where group.count > 1 { lines[path, default: ""] += " same file as \(first)" }
        }
        self.lines = lines
    }

    private static func line(_ path: BytePath, _ status: FileStatus) throws -> String {
        let time = status.modificationTime
        var text = "\(status.kind) \(String(status.mode, radix: 8)) \(status.userID):\(status.groupID) \(time.seconds).\(time.nanoseconds)"
        switch status.kind {
        case .regular: text += " \(status.size) \(try digest(path).hex)"
        case .symbolicLink: text += " -> \(Hex.encode(try Directory.linkTarget(path)))"
        case .blockDevice, .characterDevice: text += " device \(status.specialDevice)"
        default: break
        }
        for name in (try ExtendedAttributes.names(of: path) ?? []).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            text += " \(BytePath.display(name))=\(Hex.encode(try ExtendedAttributes.value(name, of: path) ?? []))"
        }
        return text
    }

    private static func digest(_ path: BytePath) throws -> Digest { SHA256.hash(try AtomicFile.read(path, limit: 1 << 30)) }

    /// What differs, for people; empty if nothing does.
    package func differences(from other: TreePicture) -> [String] {
        Set(lines.keys).union(other.lines.keys).sorted().compactMap { path in
            let (mine, theirs) = (lines[path], other.lines[path])
            return mine == theirs ? nil : "\(path): \(mine ?? "missing") | \(theirs ?? "missing")"
        }
    }
}

extension BytePath {
    fileprivate func joined(_ relative: BytePath) -> BytePath {
        relative.isEmpty ? self : BytePath(bytes + [BytePath.slash] + relative.bytes)
    }
}
