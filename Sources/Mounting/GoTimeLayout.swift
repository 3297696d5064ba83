// GoTimeLayout: a time written as an example says that Go's programs take: the example shows 2006-01-02 15:04:05 -07:00, a Monday.
//
// What of it is no part of the example's time is text. Left out: three-letter names of zones (MST), of which a snapshot holds only the
// offset; that is written instead.

package import Bytes

package struct GoTimeLayout: Sendable {
    package static let rfc3339 = "2006-01-02T15:04:05Z07:00"

    private enum Part: Sendable {
        case text(Character)
        case field(@Sendable (Moment) -> String)
    }

    private let parts: [Part]

    package init(_ layout: String) {
        var rest = Substring(layout), parts: [Part] = []
        while let first = rest.first {
            // Longer examples come first: "2006" before "2".
            if let (example, field) = GoTimeLayout.fields.first(where: { rest.hasPrefix($0.example) }) {
                parts.append(.field(field))
                rest.removeFirst(example.count)
            } else {
                parts.append(.text(first))
                rest.removeFirst()
            }
        }
        self.parts = parts
    }

    package func text(of time: Timestamp) -> String {
        let moment = Moment(time)
        return parts.reduce(into: "") { text, part in
            switch part {
            case .text(let character): text.append(character)
            case .field(let field): text += field(moment)
            }
        }
    }

    private struct Moment {
        let date: CivilDate
        /// 0 is Sunday.
        let weekday: Int
        let offset: Int64

        init(_ time: Timestamp) {
            date = time.civil
            let days = CivilDate.daysSinceEpoch(year: date.year, month: date.month, day: date.day)
            weekday = Int(((days % 7) + 11) % 7)
            offset = Int64(time.utcOffset)
        }

        var month: Int { Int(date.month) - 1 }
        var twelveHour: Int64 { date.hour % 12 == 0 ? 12 : date.hour % 12 }
    }

    private static let months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    private static let fields: [(example: String, field: @Sendable (Moment) -> String)] = [
        ("January", { months[$0.month] }), ("Jan", { String(months[$0.month].prefix(3)) }),
        ("Monday", { days[$0.weekday] }), ("Mon", { String(days[$0.weekday].prefix(3)) }),
        ("MST", { offset($0, colon: false) }),
        ("2006", { padded($0.date.year, 4) }), ("01", { padded($0.date.month) }), ("02", { padded($0.date.day) }), ("03", { padded($0.twelveHour) }),
        ("04", { padded($0.date.minute) }), ("05", { padded($0.date.second) }), ("06", { padded($0.date.year % 100) }), ("15", { padded($0.date.hour) }),
        ("PM", { $0.date.hour >= 12 ? "PM" : "AM" }), ("pm", { $0.date.hour >= 12 ? "pm" : "am" }),
        ("Z07:00", { $0.offset == 0 ? "Z" : offset($0, colon: true) }), ("Z0700", { $0.offset == 0 ? "Z" : offset($0, colon: false) }),
        ("-07:00", { offset($0, colon: true) }), ("-0700", { offset($0, colon: false) }), ("-07", { String(offset($0, colon: false).prefix(3)) }),
        ("_2", { $0.date.day < 10 ? " \($0.date.day)" : "\($0.date.day)" }), ("1", { "\($0.date.month)" }), ("2", { "\($0.date.day)" }), ("3", { "\($0.twelveHour)" }),
        ("4", { "\($0.date.minute)" }), ("5", { "\($0.date.second)" }),
    ]

    private static func padded(_ number: Int64, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func offset(_ moment: Moment, colon: Bool) -> String {
        let minutes = abs(moment.offset) / 60
        return (moment.offset < 0 ? "-" : "+") + padded(minutes / 60) + (colon ? ":" : "") + padded(minutes % 60)
    }
}
