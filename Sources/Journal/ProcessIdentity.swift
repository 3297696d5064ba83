// ProcessIdentity: which process began a run, told apart from every later one that gets the same number.

import Bytes
import HostOS

struct ProcessIdentity: Hashable {
    let number: Int32
    /// Clock ticks after boot at which it started, from /proc; 0 if that could not be read.
    let started: Int64
    /// Changes with every boot of the machine; empty if it could not be read.
    let boot: String

    static var current: ProcessIdentity {
        ProcessIdentity(number: Host.processID, started: startTime(of: Host.processID) ?? 0, boot: bootID)
    }

    /// Whether that very process still runs on this machine.
    var isAlive: Bool {
        boot == ProcessIdentity.bootID && Host.processExists(number) && (ProcessIdentity.startTime(of: number) ?? 0) == started
    }

    private static var bootID: String {
        let raw = (try? AtomicFile.read(BytePath("/proc/sys/kernel/random/boot_id"), limit: 4096)) ?? []
        return String(decoding: raw.filter { $0 != 0x0a }, as: UTF8.self)
    }

    /// Field 22 of /proc/PID/stat, counted after the command in parentheses, which may itself hold spaces and parentheses.
    private static func startTime(of process: Int32) -> Int64? {
        guard let raw = try? AtomicFile.read(BytePath("/proc/\(process)/stat"), limit: 4096),
            let end = raw.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = raw[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19 else { return nil }
        return Int64(String(decoding: fields[19], as: UTF8.self))
    }
}
