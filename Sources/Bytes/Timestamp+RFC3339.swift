// Timestamp+RFC3339: the text form of times, as Go writes and reads it in JSON.
//
// Writing: the fraction without trailing zeros and no dot if it is zero; `Z` for a zero offset, else ±hh:mm with the seconds of
// an odd offset dropped while the wall clock keeps them; years below 0 become 0 and above 9999 become 9999.
// Reading is strict; digits of the fraction beyond the ninth are dropped.

extension Timestamp {
    /// Appends the text without quotes, at most 35 bytes.
    package func appendRFC3339(to bytes: inout [UInt8]) {
        let date = writableCivil
        var text = InlineArray<36, UInt8>(repeating: 0x30)
        Timestamp.put(date.year / 100, at: 0, in: &text)
        Timestamp.put(date.year % 100, at: 2, in: &text)
        text[4] = UInt8(ascii: "-")
        Timestamp.put(date.month, at: 5, in: &text)
        text[7] = UInt8(ascii: "-")
        Timestamp.put(date.day, at: 8, in: &text)
        text[10] = UInt8(ascii: "T")
        Timestamp.put(date.hour, at: 11, in: &text)
        text[13] = UInt8(ascii: ":")
        Timestamp.put(date.minute, at: 14, in: &text)
        text[16] = UInt8(ascii: ":")
        Timestamp.put(date.second, at: 17, in: &text)
        var end = 19
        if nanoseconds != 0 { end = putFraction(in: &text) }
        end = putOffset(at: end, in: &text)
        bytes.append(copying: text.span, 0..<end)
    }

    /// The civil date with its year clamped to 0 ... 9999; 29 February of a year made 9999 becomes 1 March, as in Go.
    private var writableCivil: CivilDate {
        var date = civil
        guard date.year < 0 || date.year > 9_999 else { return date }
        date.year = date.year < 0 ? 0 : 9_999
        return CivilDate(secondsSinceEpoch: date.secondsSinceEpoch)
    }

    private static func put(_ value: Int64, at index: Int, in text: inout InlineArray<36, UInt8>) {
        text[index] = 0x30 + UInt8(truncatingIfNeeded: value / 10)
        text[index + 1] = 0x30 + UInt8(truncatingIfNeeded: value % 10)
    }

    private func putFraction(in text: inout InlineArray<36, UInt8>) -> Int {
        text[19] = UInt8(ascii: ".")
        var rest = nanoseconds
        var end = 20
        for index in stride(from: 28, through: 20, by: -1) {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            text[index] = 0x30 + UInt8(truncatingIfNeeded: digit)
            if digit != 0 && end == 20 { end = index + 1 }
            rest = quotient
        }
        return end
    }

    private func putOffset(at index: Int, in text: inout InlineArray<36, UInt8>) -> Int {
        guard utcOffset != 0 else {
            text[index] = UInt8(ascii: "Z")
            return index + 1
        }
        let minutes = Int64(utcOffset / 60)
        text[index] = minutes < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")
        Timestamp.put(min(abs(minutes) / 60, 99), at: index + 1, in: &text)
        text[index + 3] = UInt8(ascii: ":")
        Timestamp.put(abs(minutes) % 60, at: index + 4, in: &text)
        return index + 6
    }

    /// Parses the text; nil if it is not a time of RFC 3339.
    package init?(parsing text: String) {
        self.init(parsing: text.utf8.span)
    }

    package init?(parsing text: Span<UInt8>) {
        guard text.count >= 20, text[4] == 0x2d, text[7] == 0x2d, text[10] == 0x54, text[13] == 0x3a, text[16] == 0x3a,
            let century = Timestamp.pair(text, 0), let yearOfCentury = Timestamp.pair(text, 2),
            let month = Timestamp.pair(text, 5), let day = Timestamp.pair(text, 8), let hour = Timestamp.pair(text, 11),
            let minute = Timestamp.pair(text, 14), let second = Timestamp.pair(text, 17)
        else { return nil }
        let date = CivilDate(year: century * 100 + yearOfCentury, month: month, day: day, hour: hour, minute: minute, second: second)
        guard (1...12).contains(month), day >= 1, day <= CivilDate.dayCount(ofMonth: month, year: date.year), hour < 24, minute < 60,
            second < 60, let (nanoseconds, end) = Timestamp.fraction(text), let offset = Timestamp.offset(text, at: end)
        else { return nil }
        self.init(civil: date, nanoseconds: nanoseconds, utcOffset: offset)
    }

    private static func pair(_ text: Span<UInt8>, _ index: Int) -> Int64? {
        let tens = text[index] &- 0x30, ones = text[index + 1] &- 0x30
        return tens < 10 && ones < 10 ? Int64(tens) * 10 + Int64(ones) : nil
    }

    /// The nanoseconds after the seconds, and where the offset starts.
    private static func fraction(_ text: Span<UInt8>) -> (nanoseconds: Int32, end: Int)? {
        guard text[19] == UInt8(ascii: ".") else { return (0, 19) }
        var value: Int32 = 0, scale: Int32 = 100_000_000
        var index = 20
        while index < text.count, text[index] &- 0x30 < 10 {
            value += Int32(text[index] - 0x30) * scale
            scale /= 10
            index += 1
        }
        return index > 20 ? (value, index) : nil
    }

    private static func offset(_ text: Span<UInt8>, at index: Int) -> Int32? {
        let rest = text.count - index
        if rest == 1, text[index] == UInt8(ascii: "Z") { return 0 }
        guard rest == 6, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-"), text[index + 3] == UInt8(ascii: ":"),
            let hours = pair(text, index + 1), let minutes = pair(text, index + 4), hours < 24, minutes < 60
        else { return nil }
        let offset = Int32(hours * 3_600 + minutes * 60)
        return text[index] == UInt8(ascii: "-") ? -offset : offset
    }
}
