// SQLiteOpeners: which other processes have a file open, from /proc.
//
// Locks tell only who is using the database this very moment. A PHP worker between two requests holds none, and would go on with the
// replaced file, unseen. Processes of other users are visible to root only: what is found is true, what is not found proves nothing.

import Bytes
import HostOS

struct SQLiteOpener: Hashable {
    let process: Int32
    let command: String

    var description: String { "\(command) (process \(process))" }
}

enum SQLiteOpeners {
    /// Every process but this one with a descriptor of the file (same device and inode), which has or had one of these names.
    static func find(_ file: FileStatus, named names: [[UInt8]]) -> [SQLiteOpener] {
        guard let processes = try? Directory.entries(of: BytePath("/proc")) else { return [] }
        var openers: [SQLiteOpener] = []
        for entry in processes {
            guard let process = Int32(String(decoding: entry.name, as: UTF8.self)), process != Host.processID else { continue }
            let home = BytePath("/proc").appending(entry.name)
            if hasOpen(file, named: names, home) { openers.append(SQLiteOpener(process: process, command: command(home))) }
        }
        return openers
    }

    private static func hasOpen(_ file: FileStatus, named names: [[UInt8]], _ home: BytePath) -> Bool {
        guard let descriptors = try? Directory.entries(of: home.appending("fd")) else { return false }
        return descriptors.contains { entry in
            let link = home.appending("fd").appending(entry.name)
            // The name first: asking for the status of any descriptor could hang on a dead network file system.
            guard let target = try? Directory.linkTarget(link), names.contains(where: { mentions(target, $0) }) else { return false }
            guard let status = try? FileStatus.following(link) else { return false }
            return status.device == file.device && status.inode == file.inode
        }
    }

    /// "/path/name", also as the kernel shows it after the file was replaced: "/path/name (deleted)".
    private static func mentions(_ target: [UInt8], _ name: [UInt8]) -> Bool {
        let found = BytePath(target).name
        return found == name || found == name + Array(" (deleted)".utf8)
    }

    private static func command(_ home: BytePath) -> String {
        let raw = (try? AtomicFile.read(home.appending("comm"), limit: 4096)) ?? []
        return raw.isEmpty ? "unknown" : BytePath.display(raw.filter { $0 != 0x0a })
    }
}
