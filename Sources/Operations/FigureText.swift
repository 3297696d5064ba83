// FigureText: numbers and durations as people read them; for reports, which are the same text on the screen, in a file and in a mail.

package enum FigureText {
    /// 1204551 → "1,204,551".
    package static func grouped(_ number: UInt64) -> String {
        var digits = Array(String(number)), position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return String(digits)
    }

    package static func count(_ number: UInt64, _ noun: String) -> String { "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")" }

    /// "0.4 s", "41 s", "12 m 5 s", "3 h 2 m", "2 d 4 h".
    package static func duration(_ seconds: Double) -> String {
        if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return pair(whole / 60, "m", whole % 60, "s") }
        if whole < 86400 { return pair(whole / 3600, "h", whole / 60 % 60, "m") }
        return pair(whole / 86400, "d", whole / 3600 % 24, "h")
    }

    package static func duration(nanoseconds: Int64) -> String { duration(Double(nanoseconds) / 1e9) }

    private static func pair(_ large: Int, _ largeUnit: String, _ small: Int, _ smallUnit: String) -> String {
        small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
    }
}
