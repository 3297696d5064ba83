// Measures: durations, retention spans and percentages as people write them in the settings file.
//
// A number without a unit is refused everywhere: `timeout: 60` once meant a minute to one person and an hour to another.

/// Why a text is not a measure, ready to follow "'rpo' " in a message, and what to write instead.
struct MeasureError: Error {
    let reason: String
    let suggestion: String?
}

/// Numbers with a unit each, such as `1h30m`, split before they are given a meaning.
private struct MeasureScanner {
    static let maximumTextLength = 64

    /// The (number, unit) pairs of a text, or the reason why there are none.
    static func pairs(of text: String, units: String, example: String) throws(MeasureError) -> [(number: Int, unit: String)] {
        let write = "write \(example)"
        guard text.utf8.count <= maximumTextLength else { throw MeasureError(reason: "is too long for a duration", suggestion: write) }
        var pairs: [(number: Int, unit: String)] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            rest = rest.drop { $0 == " " }
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count).drop { $0 == " " }
            guard !digits.isEmpty else { throw MeasureError(reason: "is not a duration: '\(clipped(text))'", suggestion: write) }
            guard let number = Int(digits), number <= 1_000_000_000 else { throw MeasureError(reason: "is too large", suggestion: write) }
            guard !unit.isEmpty else {
                throw MeasureError(reason: "has no unit after '\(digits)'", suggestion: "units are \(units); \(write)")
            }
            pairs.append((number, unit.lowercased()))
        }
        guard !pairs.isEmpty else { throw MeasureError(reason: "is empty", suggestion: write) }
        return pairs
    }
}

extension Duration {
    /// No objective and no timeout is longer than this.
    private static let maximumSeconds = 100 * 366 * 86_400
    private static let secondsOfUnit = [
        "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800,
    ]

    /// Parses `10s`, `30m`, `24h`, `30d`, `2w`, `1h30m`. Days are 24 hours.
    static func parse(settings text: String) throws(MeasureError) -> Duration {
        let example = "for example 30s, 24h, 1h30m or 30d"
        var total = 0
        for (number, unit) in try MeasureScanner.pairs(of: text, units: "s, m, h, d and w", example: example) {
            guard let seconds = secondsOfUnit[unit] else {
                throw MeasureError(
                    reason: "has the unknown unit '\(clipped(unit))'", suggestion: "units are s, m (minutes), h, d and w; write \(example)")
            }
            total += number * seconds
            guard total <= maximumSeconds else { throw MeasureError(reason: "is longer than a hundred years", suggestion: "write \(example)") }
        }
        return .seconds(total)
    }

    /// The shortest form that `parse` reads back: `24h` stays `24h`, two days and more are days.
    package var settingsText: String {
        let seconds = components.seconds
        if seconds == 0 { return "0s" }
        if seconds % 86_400 == 0, seconds >= 2 * 86_400 { return "\(seconds / 86_400)d" }
        let parts = [(seconds / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s")]
        return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
    }
}

/// A span of the calendar in retention rules, as restic's `--keep-within` takes it: here `m` means months.
package struct RetentionSpan: Hashable, Sendable, CustomStringConvertible {
    package let years: Int
    package let months: Int
    package let days: Int
    package let hours: Int

    package init(years: Int = 0, months: Int = 0, days: Int = 0, hours: Int = 0) {
        self.years = years
        self.months = months
        self.days = days
        self.hours = hours
    }

    /// restic's own notation: `1y5m7d2h`.
    package var description: String {
        let parts = [(years, "y"), (months, "m"), (days, "d"), (hours, "h")].filter { $0.0 > 0 }
        return parts.isEmpty ? "0h" : parts.map { "\($0.0)\($0.1)" }.joined()
    }

    /// Parses restic's notation, and `w` for seven days.
    static func parse(settings text: String) throws(MeasureError) -> RetentionSpan {
        let example = "for example 30d, 6m (months) or 1y6m"
        var amounts = ["y": 0, "m": 0, "d": 0, "h": 0]
        for (number, unit) in try MeasureScanner.pairs(of: text, units: "y, m (months), w, d and h", example: example) {
            let (name, scale) = unit == "w" ? ("d", 7) : (unit, 1)
            guard let sum = amounts[name] else {
                throw MeasureError(
                    reason: "has the unknown unit '\(clipped(unit))'", suggestion: "units are y, m (months), w, d and h; write \(example)")
            }
            guard number <= 100_000, sum <= 1_000_000 else { throw MeasureError(reason: "is too long", suggestion: "write \(example)") }
            amounts[name] = sum + number * scale
        }
        return RetentionSpan(years: amounts["y"] ?? 0, months: amounts["m"] ?? 0, days: amounts["d"] ?? 0, hours: amounts["h"] ?? 0)
    }
}

/// A part of a whole, exact to a hundredth of a percent; above 0 % and at most 100 %.
package struct Percentage: Hashable, Sendable, CustomStringConvertible {
    package let hundredths: Int

    /// Nil unless the value lies in 1 … 10,000.
    package init?(hundredths: Int) {
        guard (1...10_000).contains(hundredths) else { return nil }
        self.hundredths = hundredths
    }

    package var fraction: Double { Double(hundredths) / 10_000 }

    package var description: String {
        let tail = hundredths % 100
        if tail == 0 { return "\(hundredths / 100)%" }
        return "\(hundredths / 100)." + (tail % 10 == 0 ? "\(tail / 10)" : (tail < 10 ? "0\(tail)" : "\(tail)")) + "%"
    }

    /// Parses `5%`, `2.5%`, `0.25%`, `100%`; nil for anything else.
    init?(parsing text: String) {
        guard text.hasSuffix("%"), text.utf8.count <= 8 else { return nil }
        let parts = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, Percentage.isDigits(first), let whole = Int(first) else { return nil }
        var hundredths = whole * 100
        if parts.count == 2 {
            guard Percentage.isDigits(parts[1]), parts[1].count <= 2, let tail = Int(parts[1]) else { return nil }
            hundredths += parts[1].count == 1 ? tail * 10 : tail
        }
        self.init(hundredths: hundredths)
    }

    private static func isDigits(_ text: Substring) -> Bool { !text.isEmpty && text.allSatisfy { $0.isASCII && $0.isNumber } }
}

/// At most 40 characters of a text, safe to print.
func clipped(_ text: String) -> String {
    let printable = String(text.unicodeScalars.prefix(40).map { $0.properties.generalCategory == .control ? "?" : Character($0) })
    return text.unicodeScalars.count > 40 ? printable + "…" : printable
}
