import Bytes
import Testing

@Suite struct `A timestamp` {
    @Test(arguments: [
        (0 as Int64, 0 as Int32, 0 as Int32, "1970-01-01T00:00:00Z"),
        (1_700_000_000, 120_000_000, 0, "2023-11-14T22:13:20.12Z"),
        (1_700_000_000, 1, 20_700, "2023-11-15T03:58:20.000000001+05:45"),
        (-2, 500_000_000, 0, "1969-12-31T23:59:58.5Z"),
        (0, 0, -2_670, "1969-12-31T23:15:30-00:44"),
        (0, 0, 30, "1970-01-01T00:00:30+00:00"),
        (0, 0, -30, "1969-12-31T23:59:30+00:00"),
        (-62_135_596_800, 0, 0, "0001-01-01T00:00:00Z"),
        (253_402_300_799, 999_999_999, 0, "9999-12-31T23:59:59.999999999Z"),
        (253_402_300_800, 0, 0, "9999-01-01T00:00:00Z"),
        (-62_167_219_201, 0, 0, "0000-12-31T23:59:59Z"),
    ])
    func `is written as Go writes it`(_ seconds: Int64, _ nanoseconds: Int32, _ offset: Int32, _ text: String) {
        #expect(Timestamp(seconds: seconds, nanoseconds: nanoseconds, utcOffset: offset).description == text)
    }

    @Test(arguments: [
        "", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14t22:13:20Z", "2023-11-14T22:13:20z", "2023-13-14T22:13:20Z",
        "2023-02-29T22:13:20Z",
        "2023-11-14T24:13:20Z", "2023-11-14T22:60:20Z", "2023-11-14T22:13:60Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20,5Z",
        "2023-11-14T22:13:20+0100", "2023-11-14T22:13:20+24:00", "2023-11-14T22:13:20+01:60", "2023-11-14T22:13:20Z ",
        "+023-11-14T22:13:20Z",
        "2023-00-14T22:13:20Z", "2023-11-00T22:13:20Z", "2023-11-14 22:13:20Z",
    ])
    func `is not parsed from anything else`(_ text: String) {
        #expect(Timestamp(parsing: text) == nil)
    }

    @Test func `compares as an instant and tells texts apart`() throws {
        let here = try #require(Timestamp(parsing: "2024-01-01T10:00:00+01:00"))
        let there = try #require(Timestamp(parsing: "2024-01-01T09:00:00Z"))
        #expect(here == there)
        #expect(!here.identical(to: there))
        #expect(here.hashValue == there.hashValue)
        #expect(here < there.adding(seconds: 1))
    }

    @Test(arguments: [31, 32, 33] as [UInt64])
    func `is read back from its text in any offset`(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<5_000 {
            let time = Timestamp(
                seconds: Int64.random(in: -62_000_000_000...253_000_000_000, using: &random),
                nanoseconds: Int32.random(in: 0...999_999_999, using: &random),
                utcOffset: 60 * Int32.random(in: -1_439...1_439, using: &random))
            let parsed = try #require(Timestamp(parsing: time.description))
            #expect(parsed.identical(to: time), "\(time)")
        }
    }

    @Test(arguments: [Int64.min, -1, 0, Int64.max], [Int32.min, 0, Int32.max])
    func `survives any number of seconds`(_ seconds: Int64, _ offset: Int32) {
        let time = Timestamp(seconds: seconds, utcOffset: offset)
        #expect(time.description.utf8.count >= 20)
        #expect(time.isoWeek.week >= 1)
        #expect(time.subtracting(years: .max, months: .max, days: .max, hours: .max).description.isEmpty == false)
        #expect(time.subtracting(years: .min, months: .min, days: .min, hours: .min).description.isEmpty == false)
    }
}

@Suite struct `The calendar` {
    @Test func `gives every day of four centuries its successor`() {
        var expected = CivilDate(year: 1_800, month: 1, day: 1)
        let first = CivilDate.daysSinceEpoch(year: 1_800, month: 1, day: 1)
        for day in first..<first + 146_097 {
            let date = CivilDate(secondsSinceEpoch: day * 86_400)
            if date != expected {
                Issue.record("day \(day) is \(date), not \(expected)")
                return
            }
            #expect(CivilDate.daysSinceEpoch(year: date.year, month: date.month, day: date.day) == day)
            expected.day += 1
            if expected.day > CivilDate.dayCount(ofMonth: expected.month, year: expected.year) {
                (expected.month, expected.day) = (expected.month + 1, 1)
            }
            if expected.month > 12 { (expected.year, expected.month) = (expected.year + 1, 1) }
        }
    }

    @Test(arguments: [
        ("2024-01-01T00:00:00Z", 2_024, 1), ("2023-01-01T00:00:00Z", 2_022, 52), ("2020-12-31T00:00:00Z", 2_020, 53),
        ("2021-01-03T00:00:00Z", 2_020, 53), ("2021-01-04T00:00:00Z", 2_021, 1), ("2018-12-31T12:00:00Z", 2_019, 1),
        ("2024-02-01T00:30:00Z", 2_024, 5), ("1970-01-01T00:00:00Z", 1_970, 1),
        // Sunday evening in UTC is Monday in Berlin: the own offset decides.
        ("2024-01-08T00:30:00+01:00", 2_024, 2), ("2024-01-07T23:30:00Z", 2_024, 1),
    ])
    func `numbers weeks as ISO 8601`(_ text: String, _ year: Int64, _ week: Int64) throws {
        let time = try #require(Timestamp(parsing: text))
        #expect(time.isoWeek == (year, week))
    }

    @Test(arguments: [
        ("2023-05-31T10:00:00Z", 0, 1, 0, 0, "2023-05-01T10:00:00Z"), ("2024-03-31T10:00:00Z", 0, 1, 0, 0, "2024-03-02T10:00:00Z"),
        ("2024-02-29T10:00:00+02:00", 1, 0, 0, 0, "2023-03-01T10:00:00+02:00"),
        ("2024-02-01T00:30:00Z", 0, 1, 0, 0, "2024-01-01T00:30:00Z"),
        ("2024-01-01T00:30:00Z", 0, 13, 1, 1, "2022-11-29T23:30:00Z"), ("2024-01-01T00:30:00.5Z", 0, 0, 400, 0, "2022-11-27T00:30:00.5Z"),
    ])
    func `subtracts calendar units in one step, normalised forward`(
        _ start: String, _ years: Int, _ months: Int, _ days: Int, _ hours: Int, _ expected: String
    ) throws {
        let time = try #require(Timestamp(parsing: start))
        #expect(time.subtracting(years: years, months: months, days: days, hours: hours).description == expected)
    }
}
