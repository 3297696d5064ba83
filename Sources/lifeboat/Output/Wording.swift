// Wording: numbers and times as people read them.

import Bytes
import HostOS
import Operations

enum Wording {
    /// 1204551 → "1,204,551".
    static func grouped(_ number: UInt64) -> String { FigureText.grouped(number) }

    static func count(_ number: UInt64, _ noun: String) -> String { FigureText.count(number, noun) }

    /// "today 02:00", "yesterday 02:00", "Sun 03:00" within a week, else the date; in the zone of this machine.
    static func when(_ time: Timestamp, now: Timestamp) -> String {
        let local = time.with(utcOffset: Host.utcOffset(at: time.seconds))
        let clock = String(local.secondText.dropFirst(11).prefix(5))
        switch day(now) - day(time) {
        case 0: return "today \(clock)"
        case 1: return "yesterday \(clock)"
        case 2...6: return "\(weekdays[Int((day(time) + 4) % 7 + 7) % 7]) \(clock)"
        default: return String(local.secondText.prefix(16))
        }
    }

    static func date(_ time: Timestamp) -> String { String(time.with(utcOffset: Host.utcOffset(at: time.seconds)).secondText.prefix(10)) }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    /// Days since 1970-01-01, a Thursday, of the local calendar.
    private static func day(_ time: Timestamp) -> Int64 {
        let local = time.seconds + Int64(Host.utcOffset(at: time.seconds))
        return local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
    }
}

/// Times in the zone of this machine.
enum LocalTime {
    /// "2026-11-24 10:00:00".
    static func text(_ time: Timestamp) -> String { time.with(utcOffset: Host.utcOffset(at: time.seconds)).secondText }
}
