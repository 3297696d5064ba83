// CalendarDuration: a span of time as people plan it: years, months, days and hours, each counted on the calendar.

package import Bytes

/// Written `1y5m7d2h`: any subset, in any order; a repeated unit overrides.
package struct CalendarDuration: Hashable, Sendable, CustomStringConvertible {
    package var years = 0
    package var months = 0
    package var days = 0
    package var hours = 0

    package init(years: Int = 0, months: Int = 0, days: Int = 0, hours: Int = 0) {
        self.years = years
        self.months = months
        self.days = days
        self.hours = hours
    }

    /// - Throws: `UpkeepFailure.invalidText` for anything but digits each followed by one of y, m, d, h.
    package init(parsing text: String) throws(UpkeepFailure) {
        guard let duration = CalendarDuration.parse(text) else { throw .invalidText(text, what: "a duration", example: "1y5m7d2h") }
        self = duration
    }

    private static func parse(_ text: String) -> CalendarDuration? {
        var duration = CalendarDuration()
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            guard let number = Int(digits), let unit = rest.popFirst() else { return nil }
            switch unit {
            case "y": duration.years = number
            case "m": duration.months = number
            case "d": duration.days = number
            case "h": duration.hours = number
            default: return nil
            }
        }
        return duration
    }

    package var isZero: Bool { years == 0 && months == 0 && days == 0 && hours == 0 }

    /// Units from large to small, those that are 0 left out.
    package var description: String {
        [(years, "y"), (months, "m"), (days, "d"), (hours, "h")].filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }.joined()
    }

    /// The instant this long before `time`, on the calendar of its own offset.
    package func before(_ time: Timestamp) -> Timestamp { time.subtracting(years: years, months: months, days: days, hours: hours) }
}
