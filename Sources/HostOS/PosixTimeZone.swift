// PosixTimeZone: a zone's rule for all years to come, as the footer of a compiled zone gives it: `EET-2EEST,M3.5.0/3,M10.5.0/4`.
//
// name offset [name [offset] , begin [/time] , end [/time]]: offsets count west of Greenwich, so the sign is turned round. A day is
// Mm.w.d (week w of month m, day d; week 5 is the last), Jn (1 to 365, never 29 February) or n (0 to 365). Times may lie outside of the
// day, from -167 to 167 hours (RFC 8536, version 3). Without a second name the first offset holds for ever.

import Bytes

package struct PosixTimeZone: Hashable, Sendable {
    private enum Day: Hashable, Sendable {
        case weekday(month: Int64, week: Int64, day: Int64)
        case withoutLeapDay(Int64)
        case ofYear(Int64)
    }

    /// A day and seconds after its midnight.
    private struct Change: Hashable, Sendable {
        let day: Day
        let time: Int64
    }

    private let standardOffset: Int32
    private let summer: Summer?

    private struct Summer: Hashable, Sendable {
        let offset: Int32
        let begin: Change
        let end: Change
    }

    /// Seconds east of Greenwich at an instant.
    package func offset(at seconds: Int64) -> Int32 {
        guard let summer else { return standardOffset }
        // The year on the wall: changes happen near its middle or, in the south, leave summer across its end.
        let year = CivilDate(secondsSinceEpoch: seconds + Int64(standardOffset)).year
        let begin = PosixTimeZone.instant(summer.begin, year) - Int64(standardOffset)
        let end = PosixTimeZone.instant(summer.end, year) - Int64(summer.offset)
        let isSummer = begin < end ? (begin..<end).contains(seconds) : !(end..<begin).contains(seconds)
        return isSummer ? summer.offset : standardOffset
    }

    /// Of a change, in seconds as if the wall were in Greenwich.
    private static func instant(_ change: Change, _ year: Int64) -> Int64 {
        let first = CivilDate.daysSinceEpoch(year: year, month: 1, day: 1)
        let day =
            switch change.day {
            case .ofYear(let number): first + number
            case .withoutLeapDay(let number): first + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
            case .weekday(let month, let week, let weekday): dayNumber(year, month, week, weekday)
            }
        return day * 86_400 + change.time
    }

    /// Days since 1970-01-01, a Thursday; weekday 0 is Sunday.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ week: Int64, _ weekday: Int64) -> Int64 {
        let first = CivilDate.daysSinceEpoch(year: year, month: month, day: 1)
        let firstWeekday = ((first + 4) % 7 + 7) % 7
        let day = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
        return first + (day < CivilDate.dayCount(ofMonth: month, year: year) ? day : day - 7)
    }

    // MARK: Parsing

    /// Nil unless the whole text is a rule.
    package init?(parsing text: String) {
        guard text.utf8.count <= 128 else { return nil }
        var scanner = Scanner(Array(text.utf8))
        guard scanner.name(), let standard = scanner.offset() else { return nil }
        standardOffset = -standard
        if scanner.isAtEnd {
            summer = nil
            return
        }
        guard scanner.name() else { return nil }
        var offset = standardOffset + 3600
        if scanner.peek != UInt8(ascii: ",") {
            guard let said = scanner.offset() else { return nil }
            offset = -said
        }
        guard let begin = scanner.change(), let end = scanner.change(), scanner.isAtEnd else { return nil }
        summer = Summer(offset: offset, begin: begin, end: end)
    }

    private struct Scanner {
        private var rest: ArraySlice<UInt8>

        init(_ text: [UInt8]) { rest = text[...] }

        var isAtEnd: Bool { rest.isEmpty }
        var peek: UInt8? { rest.first }

        private mutating func take(_ character: Character) -> Bool {
            guard let byte = character.asciiValue, rest.first == byte else { return false }
            rest.removeFirst()
            return true
        }

        /// `EET` or `<+1030>`.
        mutating func name() -> Bool {
            let quoted = take("<")
            let name = rest.prefix { byte in
                let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                return isLetter || quoted && (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || Scanner.isDigit(byte))
            }
            rest = rest.dropFirst(name.count)
            return name.count >= 3 && (!quoted || take(">"))
        }

        private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

        private mutating func number(through limit: Int64) -> Int64? {
            let digits = rest.prefix(while: Scanner.isDigit)
            guard (1...3).contains(digits.count) else { return nil }
            rest = rest.dropFirst(digits.count)
            let value = digits.reduce(0 as Int64) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
            return value <= limit ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        private mutating func time(hours limit: Int64) -> Int64? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard var seconds = number(through: limit).map({ $0 * 3600 }) else { return nil }
            for unit: Int64 in [60, 1] where take(":") {
                guard let part = number(through: 59) else { return nil }
                seconds += part * unit
            }
            return isNegative ? -seconds : seconds
        }

        mutating func offset() -> Int32? { time(hours: 24).map { Int32($0) } }

        mutating func change() -> Change? {
            guard take(","), let day = day() else { return nil }
            if !take("/") { return Change(day: day, time: 7200) }
            return time(hours: 167).map { Change(day: day, time: $0) }
        }

        private mutating func day() -> Day? {
            if take("J") { return number(through: 365).flatMap { $0 >= 1 ? .withoutLeapDay($0) : nil } }
            if !take("M") { return number(through: 365).map { .ofYear($0) } }
            guard let month = number(through: 12), month >= 1, take("."), let week = number(through: 5), week >= 1, take("."),
                let weekday = number(through: 6)
            else { return nil }
            return .weekday(month: month, week: week, day: weekday)
        }
    }
}
