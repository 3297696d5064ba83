// ModificationTime: a point in time as `find` takes it: a date, or a date and a time, in this machine's zone unless it says another.

import Bytes
import HostOS

enum ModificationTime {
    /// "2026-11-24", "2026-11-24 10:00", "24.11.2026 10:00:30", each also with "+0100" or "UTC" after it; or RFC 3339.
    static func parse(_ text: String) throws -> Timestamp {
        if let exact = Timestamp(parsing: text) { return exact }
        var words = text.split(separator: " ").map(String.init)
        let zone = words.count == 3 ? words.removeLast() : nil
        guard (1...2).contains(words.count), let day = date(words[0]), let clock = clock(words.count == 2 ? words[1] : "00:00"),
            let wanted = Timestamp(parsing: "\(day)T\(clock)Z")
        else { throw notATime(text) }
        if let zone {
            guard let offset = offset(zone) else { throw notATime(text) }
            return wanted.adding(seconds: -Int64(offset)).with(utcOffset: offset)
        }
        return wanted.adding(seconds: -Int64(Host.utcOffset(at: wanted.seconds)))
    }

    private static func notATime(_ text: String) -> Failure {
        Failure(.usage, "'\(text)' is not a time", hint: "write it like 2026-11-24, '2026-11-24 10:00:00' or '24.11.2026 10:00 +0100'")
    }

    /// As 2026-11-24.
    private static func date(_ text: String) -> String? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3 ? "\(parts[2])-\(parts[1])-\(parts[0])" : text
    }

    /// As 10:00:00.
    private static func clock(_ text: String) -> String? {
        switch text.count(where: { $0 == ":" }) {
        case 1: text + ":00"
        case 2: text
        default: nil
        }
    }

    /// Seconds east of Greenwich.
    private static func offset(_ text: String) -> Int32? {
        if text == "UTC" || text == "GMT" { return 0 }
        guard text.count == 5, let sign = ["+": Int32(1), "-": -1][String(text.prefix(1))], let digits = Int32(text.dropFirst()), digits >= 0
        else { return nil }
        return sign * (digits / 100 * 3600 + digits % 100 * 60)
    }
}
