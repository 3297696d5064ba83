// Durations as people write and read them.

import Bytes
import Operations

enum Durations {
    /// "90s", "5m", "1h30m", "2d" in seconds.
    static func seconds(_ text: String) throws -> Int64 {
        let refusal = Failure(.usage, "'\(text)' is not a duration", hint: "write it like 90s, 5m or 1h30m")
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        var total: Int64 = 0, number = ""
        for character in text {
            if character.isASCII && character.isNumber {
                number.append(character)
            } else if let unit = units[character], let value = Int64(number), value < 1 << 32 {
                total += value * unit
                number = ""
            } else {
                throw refusal
            }
        }
        guard number.isEmpty, !text.isEmpty else { throw refusal }
        return total
    }

    /// "0.4 s", "41 s", "12 m 5 s", "3 h 2 m", "2 d 4 h".
    static func short(_ seconds: Double) -> String { FigureText.duration(seconds) }

    static func short(nanoseconds: Int64) -> String { short(Double(nanoseconds) / 1e9) }
}
