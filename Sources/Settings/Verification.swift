// Verification: how much a verify reads, and what a drill compares.

package import Bytes

/// How much of a repository's data one verify reads back.
package enum ReadAmount: Hashable, Sendable, CustomStringConvertible {
    case nothing
    case share(Percentage)
    case amount(ByteCount)
    case everything

    package var description: String {
        switch self {
        case .nothing: "none"
        case .share(let share): "\(share)"
        case .amount(let size): "\(size)"
        case .everything: "all"
        }
    }
}

/// What is done with the newest capture of each database when backups are verified.
package enum DumpVerification: String, Hashable, Sendable, CaseIterable {
    /// It is read as the database it claims to be: an SQLite file is brought back in a private place, checked and compared table by
    /// table; the rows of a dump are read, counted and hashed.
    case parse
    /// Its bytes are read back and compared with what was captured.
    case checksum
    /// It is checked like any other data.
    case none
}

/// The `verify:` of a settings file.
package struct VerifySettings: Hashable, Sendable {
    package let readData: ReadAmount
    package let dumps: DumpVerification

    package init(readData: ReadAmount, dumps: DumpVerification) {
        self.readData = readData
        self.dumps = dumps
    }

    /// A twentieth of the data each night: all of it in about three weeks.
    package static let standard = VerifySettings(
        readData: Percentage(hundredths: 500).map { .share($0) } ?? .everything, dumps: .parse)
}

/// The `drill:` of a settings file.
package struct DrillSettings: Hashable, Sendable {
    package let checks: [DrillCheck]

    package static let standard = DrillSettings(checks: [])

    /// How many files are read back where nothing is said of it.
    package static let standardSample = 200

    package var sample: Int {
        checks.compactMap { if case .files(let sample) = $0 { sample } else { nil } }.max() ?? DrillSettings.standardSample
    }
}

/// What is compared after a drill's restore.
package enum DrillCheck: Hashable, Sendable {
    /// Row counts against those that the backup recorded.
    case rowsAgainstManifest
    /// A query's single value against an expectation.
    case query(String, expect: Expectation)
    /// This many files, chosen at random, against the repository; `Int.max` for all of them.
    case files(sample: Int)
}

/// `>= 500`, `= done`: how a query's answer is compared.
package struct Expectation: Hashable, Sendable, CustomStringConvertible {
    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case atLeast = ">=", atMost = "<=", different = "!=", equal = "=", more = ">", less = "<"
    }

    package let comparison: Comparison
    package let value: String

    package var description: String { "\(comparison.rawValue) \(value)" }

    /// A text without an operator means equality. Nil if there is no value, or if an order is asked of something that is no number.
    package init?(parsing text: String) {
        let trimmed = text.drop { $0 == " " }
        let found = Comparison.allCases.first { trimmed.hasPrefix($0.rawValue) }
        let comparison = found ?? .equal
        var value = trimmed.dropFirst(found.map { $0.rawValue.count } ?? 0)
        if comparison == .equal, found != nil, value.hasPrefix("=") { value = value.dropFirst() }
        value = value.drop { $0 == " " }
        guard !value.isEmpty else { return nil }
        if comparison != .equal, comparison != .different, Double(String(value)) == nil { return nil }
        self.comparison = comparison
        self.value = String(value)
    }

    /// Whether an answer is as expected: as numbers where both are numbers, whole ones exactly; else as text, which has no order.
    package func holds(for answer: String) -> Bool {
        if let found = Int64(answer), let expected = Int64(value) { return holds(found, expected) }
        if let found = Double(answer), let expected = Double(value) { return holds(found, expected) }
        switch comparison {
        case .equal: return answer == value
        case .different: return answer != value
        case .atLeast, .atMost, .more, .less: return false
        }
    }

    private func holds<Number: Comparable>(_ found: Number, _ expected: Number) -> Bool {
        switch comparison {
        case .equal: found == expected
        case .different: found != expected
        case .atLeast: found >= expected
        case .atMost: found <= expected
        case .more: found > expected
        case .less: found < expected
        }
    }
}
