// ScratchTree: a directory of its own for one test, filled literally, gone with everything in it when the value goes.
//
//     let tree = try ScratchTree(["etc/hosts": .file("127.0.0.1"), "var/empty": .directory, "etc/link": .link("hosts")])
//     try tree.read("etc/hosts")
//
// Paths are relative to the tree; directories on the way are made. Lives under TMPDIR, or /tmp.

package import Bytes
package import HostOS

package final class ScratchTree {
    package enum Item: Sendable {
        case directory
        case file(String, mode: UInt32 = 0o644)
        case bytes([UInt8], mode: UInt32 = 0o644)
        case link(String)
        case fifo
        case device(FileKind, UInt64)
    }

    /// Absolute.
    package let path: BytePath
    private let root: BeneathRoot

    /// - Parameter items: made in the order of their paths.
    package init(_ items: [String: Item] = [:], in parent: BytePath = "/tmp") throws {
        path = parent.appending("lifeboat-test-\(UInt64.random(in: 0 ... .max))")
        try Directory.create(path)
        root = try BeneathRoot(path)
        for (name, item) in items.sorted(by: { $0.key < $1.key }) { try add(BytePath(name), item) }
    }

    deinit { try? Directory.removeTree(path) }

    package subscript(_ relative: BytePath) -> BytePath { BytePath(path.bytes + [BytePath.slash] + relative.bytes).cleaned }

    package func add(_ relative: BytePath, _ item: Item) throws {
        try Directory.createAll(self[relative.parent], mode: 0o755)
        switch item {
        case .directory: try Directory.createAll(self[relative], mode: 0o755)
        case .file(let text, let mode): try write(relative, Array(text.utf8), mode)
        case .bytes(let content, let mode): try write(relative, content, mode)
        case .link(let target): try root.createSymbolicLink(relative, to: Array(target.utf8))
        case .fifo: try root.createSpecialFile(relative, kind: .fifo, device: 0)
        case .device(let kind, let number): try root.createSpecialFile(relative, kind: kind, device: number)
        }
    }

    private func write(_ relative: BytePath, _ content: [UInt8], _ mode: UInt32) throws {
        let file = try Descriptor.open(self[relative], .openOrCreate)
        try file.truncate(to: 0)
        try file.write(content.span)
        try file.setMode(mode)
    }

    package func hardLink(_ relative: BytePath, to existing: BytePath) throws { try root.createHardLink(relative, to: existing) }

    /// A file's content, up to 256 MiB; follows links.
    package func read(_ relative: BytePath) throws -> [UInt8] { try AtomicFile.read(self[relative], limit: 1 << 28) }

    package func text(_ relative: BytePath) throws -> String { String(decoding: try read(relative), as: UTF8.self) }

    /// lstat; nil if nothing is there.
    package func status(_ relative: BytePath) throws -> FileStatus? { try FileStatus.ifExists(self[relative]) }

    package func remove(_ relative: BytePath) throws { try Directory.removeTree(self[relative]) }

    /// Every path in the tree, relative, sorted bytewise.
    package func allPaths() throws -> [BytePath] {
        var found: [BytePath] = [], pending: [BytePath] = [""]
        while let directory = pending.popLast() {
            for entry in try Directory.entries(of: self[directory]) {
                let relative = directory.appending(entry.name)
                found.append(relative)
                if try FileStatus.of(self[relative]).kind == .directory { pending.append(relative) }
            }
        }
        return found.sorted()
    }
}
