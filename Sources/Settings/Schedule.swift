// Schedule: when verbs are due, as calendar phrases. Only the words are understood here; no calendar is computed.
//
//   never · hourly · hourly :15 · every 6h · daily 02:00 · sunday 03:00 · 1st sunday 05:00 · last friday 22:30

package enum Weekday: String, Hashable, Sendable, CaseIterable {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday
}

package struct TimeOfDay: Hashable, Sendable, CustomStringConvertible {
    package let hour: Int
    package let minute: Int

    package init(hour: Int, minute: Int) {
        precondition((0..<24).contains(hour) && (0..<60).contains(minute))
        self.hour = hour
        self.minute = minute
    }

    package var description: String { "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)" }
}

/// Which of a month's weekdays.
package enum WeekOfMonth: String, Hashable, Sendable, CaseIterable {
    case first = "1st", second = "2nd", third = "3rd", fourth = "4th", last
}

/// When something is due.
package enum CalendarPhrase: Hashable, Sendable, CustomStringConvertible {
    case never
    case hourly(minute: Int)
    case every(Duration)
    case daily(TimeOfDay)
    case weekly(Weekday, TimeOfDay)
    case monthly(WeekOfMonth, Weekday, TimeOfDay)

    /// The canonical phrase, which parses to the same value.
    package var description: String {
        switch self {
        case .never: "never"
        case .hourly(let minute): minute == 0 ? "hourly" : "hourly :\(minute < 10 ? "0" : "")\(minute)"
        case .every(let interval): "every \(interval.settingsText)"
        case .daily(let time): "daily \(time)"
        case .weekly(let day, let time): "\(day.rawValue) \(time)"
        case .monthly(let week, let day, let time): "\(week.rawValue) \(day.rawValue) \(time)"
        }
    }
}

/// The `schedule:` of a settings file, or the original one.
package struct Schedule: Hashable, Sendable {
    /// An IANA name such as `Europe/Kyiv`; nil means the machine's own.
    package let timeZone: String?
    package let database: CalendarPhrase
    package let files: CalendarPhrase
    package let config: CalendarPhrase
    package let verify: CalendarPhrase
    /// Nil means: whenever the objective `drill_every` asks for one.
    package let drill: CalendarPhrase?
    /// Whether a slot that was missed while the machine was off runs when it is back.
    package let catchUp: Bool

    package static let standard = Schedule(
        timeZone: nil,
        database: .daily(TimeOfDay(hour: 2, minute: 0)),
        files: .weekly(.sunday, TimeOfDay(hour: 3, minute: 0)),
        config: .weekly(.saturday, TimeOfDay(hour: 1, minute: 0)),
        verify: .daily(TimeOfDay(hour: 4, minute: 0)),
        drill: nil, catchUp: true)
}

extension CalendarPhrase {
    private static let examples = "daily 02:00, sunday 03:00 or 1st sunday 05:00"
    private static let frequencies = ["never", "hourly", "every", "daily"]

    /// Parses a phrase; letters' case and repeated spaces do not matter.
    static func parse(_ text: String) throws(MeasureError) -> CalendarPhrase {
        guard text.utf8.count <= 64 else { throw MeasureError(reason: "is too long for a time", suggestion: "write \(examples)") }
        let words = text.lowercased().split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("never", 1), ("off", 1): return .never
        case ("hourly", 1): return .hourly(minute: 0)
        case ("hourly", 2): return .hourly(minute: try minuteOfHour(words[1]))
        case ("every", 2): return .every(try interval(words[1]))
        case ("daily", 2): return .daily(try time(words[1]))
        case ("daily", 1): throw MeasureError(reason: "names no time of day", suggestion: "write daily 02:00")
        case ("weekly", _): throw MeasureError(reason: "names no day", suggestion: "name the day: sunday 03:00")
        case ("monthly", _): throw MeasureError(reason: "names no day", suggestion: "name the day: 1st sunday 05:00")
        case (_, 1): throw unknown(words.first ?? "", text)
        case (_, 2): return .weekly(try weekday(words[0], in: text), try time(words[1]))
        case (_, 3): return .monthly(try week(words[0]), try weekday(words[1], in: text), try time(words[2]))
        default: throw MeasureError(reason: "is not a time: '\(clipped(text))'", suggestion: "write \(examples)")
        }
    }

    private static func unknown(_ word: String, _ text: String) -> MeasureError {
        if (try? weekday(word, in: text)) != nil { return MeasureError(reason: "names no time of day", suggestion: "write \(word) 03:00") }
        return MeasureError(reason: "is not a time: '\(clipped(text))'", suggestion: "write \(examples)")
    }

    private static func weekday(_ word: String, in text: String) throws(MeasureError) -> Weekday {
        if let day = Weekday.allCases.first(where: { $0.rawValue == word || $0.rawValue.prefix(3) == word }) { return day }
        let known = Weekday.allCases.map(\.rawValue) + frequencies
        let meant = NearestName.suggestion(for: word, among: known).map { "did you mean '\($0)'?" }
        throw MeasureError(reason: "names the unknown day '\(clipped(word))'", suggestion: meant ?? "write \(examples)")
    }

    private static func week(_ word: String) throws(MeasureError) -> WeekOfMonth {
        let spelt = ["first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th"][word] ?? word
        if let week = WeekOfMonth(rawValue: spelt) { return week }
        let reason = "names the unknown week '\(clipped(word))'"
        throw MeasureError(reason: reason, suggestion: "weeks of a month are 1st, 2nd, 3rd, 4th and last: not every month has a 5th")
    }

    private static func time(_ word: String) throws(MeasureError) -> TimeOfDay {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let hour = number(parts[0], below: 24), let minute = number(parts[1], below: 60), parts[1].count == 2 else {
            throw MeasureError(reason: "has an impossible time of day: '\(clipped(word))'", suggestion: "write hours and minutes from 00:00 to 23:59")
        }
        return TimeOfDay(hour: hour, minute: minute)
    }

    private static func minuteOfHour(_ word: String) throws(MeasureError) -> Int {
        guard word.hasPrefix(":"), word.count == 3, let minute = number(word.dropFirst(), below: 60) else {
            throw MeasureError(reason: "has an impossible minute: '\(clipped(word))'", suggestion: "write hourly or hourly :15")
        }
        return minute
    }

    private static func interval(_ word: String) throws(MeasureError) -> Duration {
        let interval = try Duration.parse(settings: word)
        guard interval >= .seconds(60) else { throw MeasureError(reason: "is shorter than a minute", suggestion: "write every 15m or every 6h") }
        return interval
    }

    private static func number(_ text: Substring, below limit: Int) -> Int? {
        guard (1...2).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }), let value = Int(text), value < limit else { return nil }
        return value
    }
}
