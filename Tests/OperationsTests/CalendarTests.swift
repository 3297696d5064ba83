// The calendar of the schedule against a slow look at every minute of the year, in zones where the clocks do what clocks do.

import Bytes
import HostOS
import Operations
import Settings
import TestKit
import Testing

/// Zones and years worth a look.
enum Zones {
    static let names = ["Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Africa/Casablanca"]
    /// 2025-12-20 to 2027-01-10.
    static let start: Int64 = 1_766_188_800, end: Int64 = 1_799_539_200

    static func rules(_ name: String) throws -> TimeZoneRules { try TimeZoneFile.load(name).rules }

    static func phrase(_ text: String) throws -> CalendarPhrase {
        let settings = try SettingsReader.read(Array("app: /srv/a\nschedule: { database: \(text) }\n".utf8), file: "/srv/a/lifeboat.yaml")
        return settings.schedule.database
    }

    /// "2026-03-29 02:00:00" as if the wall were in Greenwich.
    static func reading(_ text: String) throws -> Int64 { try #require(Timestamp(parsing: text.replacing(" ", with: "T") + "Z")).seconds }
}

@Suite struct `The calendar` {
    /// Every minute of the span at which the phrase is due, found by looking at each.
    private func look(_ phrase: CalendarPhrase, _ zone: TimeZoneRules) -> [Int64] {
        var found: [Int64] = [], served: Set<Int64> = []
        var instant = Zones.start - 3 * 86_400, before = instant - 60 + Int64(zone(instant - 60))
        while instant <= Zones.end {
            let reading = instant + Int64(zone(instant))
            // Wanted readings that the clock passed in this minute, shown or skipped; each date only the first time.
            var passed = before + 60 > reading ? reading : before + 60
            while passed <= reading {
                if isWanted(phrase, passed), isHourly(phrase) || served.insert(passed).inserted { found.append(instant) }
                passed += 60
            }
            before = reading
            instant += 60
        }
        return Array(Set(found)).sorted().filter { $0 > Zones.start && $0 <= Zones.end }
    }

    private func isHourly(_ phrase: CalendarPhrase) -> Bool { if case .hourly = phrase { true } else { false } }

    private func isWanted(_ phrase: CalendarPhrase, _ reading: Int64) -> Bool {
        let date = CivilDate(secondsSinceEpoch: reading)
        func isTime(_ time: TimeOfDay) -> Bool { date.hour == time.hour && date.minute == time.minute }
        // 1970-01-01 was a Thursday.
        func isDay(_ day: Weekday) -> Bool { Weekday.allCases[Int((reading / 86_400 + 3) % 7)] == day }
        return switch phrase {
        case .never, .every: false
        case .hourly(let minute): date.minute == minute
        case .daily(let time): isTime(time)
        case .weekly(let day, let time): isDay(day) && isTime(time)
        case .monthly(let week, let day, let time):
            isDay(day) && isTime(time)
                && (week == .last
                    ? CivilDate(secondsSinceEpoch: reading + 7 * 86_400).month != date.month
                    : Int((date.day - 1) / 7) == WeekOfMonth.allCases.firstIndex(of: week))
        }
    }

    @Test(
        arguments: Zones.names,
        [
            "daily 02:00", "daily 02:30", "daily 00:00", "daily 01:45", "daily 23:59", "sunday 03:00", "sunday 02:15", "saturday 01:00", "1st sunday 05:00",
            "last sunday 02:30", "4th monday 12:00", "hourly", "hourly :15", "hourly :30", "hourly :59",
        ])
    func `finds every slot of a year, and no other`(name: String, text: String) throws {
        let zone = try Zones.rules(name), phrase = try Zones.phrase(text)
        let slots = phrase.slots(after: Zones.start, through: Zones.end, in: zone)
        let looked = look(phrase, zone)
        #expect(slots == looked, "\(name), \(text): \(Set(slots).symmetricDifference(looked).sorted())")
        // Backwards it finds the same, from a slot, just before it and just after.
        for (earlier, slot) in zip(slots, slots.dropFirst()) {
            #expect(phrase.slot(notAfter: slot, in: zone) == slot && phrase.slot(notAfter: slot - 1, in: zone) == earlier)
            #expect(phrase.slot(after: earlier, in: zone) == slot)
        }
    }

    @Test func `puts a slot in the gap of spring at the first instant after it`() throws {
        let zone = try Zones.rules("America/New_York"), phrase = try Zones.phrase("daily 02:30")
        let before = try Zones.reading("2026-03-07 12:00:00") + 5 * 3600
        let slots = phrase.slots(after: before, through: before + 2 * 86_400, in: zone)
        // 8 March 2026: 02:00 EST is 03:00 EDT.
        #expect(try slots == [Zones.reading("2026-03-08 07:00:00"), Zones.reading("2026-03-09 06:30:00")])
    }

    @Test func `takes a doubled slot of autumn the first time only`() throws {
        let zone = try Zones.rules("America/New_York"), phrase = try Zones.phrase("daily 01:30")
        let before = try Zones.reading("2026-10-31 12:00:00") + 4 * 3600
        let slots = phrase.slots(after: before, through: before + 2 * 86_400, in: zone)
        #expect(try slots == [Zones.reading("2026-11-01 05:30:00"), Zones.reading("2026-11-02 06:30:00")])
    }

    @Test func `runs once on the day that Samoa left out`() throws {
        let zone = try Zones.rules("Pacific/Apia"), phrase = try Zones.phrase("daily 02:00")
        let start = try Zones.reading("2011-12-29 00:00:00"), slots = phrase.slots(after: start, through: start + 4 * 86_400, in: zone)
        for (earlier, later) in zip(slots, slots.dropFirst()) { #expect(later > earlier && later - earlier <= 86_400) }
        // 30 December begins and ends in the instant in which the 31st begins.
        #expect(try slots.contains(Zones.reading("2011-12-30 10:00:00")))
    }

    @Test(arguments: Zones.names, ["every 6h", "every 15m", "every 90m", "every 2d"])
    func `counts intervals in elapsed time`(name: String, text: String) throws {
        let zone = try Zones.rules(name), phrase = try Zones.phrase(text), interval = try #require(phrase.longestIntervalSeconds)
        let slots = phrase.slots(after: Zones.start, through: Zones.start + 30 * 86_400, in: zone)
        #expect(slots.first.map { $0 - Zones.start <= interval } == true)
        for (earlier, later) in zip(slots, slots.dropFirst()) { #expect(later - earlier == interval) }
        #expect(slots.allSatisfy { phrase.slot(notAfter: $0, in: zone) == $0 && phrase.slot(notAfter: $0 + interval - 1, in: zone) == $0 })
    }

    @Test func `has nothing to say of never`() throws {
        let phrase = try Zones.phrase("never")
        #expect(phrase.slot(after: 0, in: { _ in 0 }) == nil && phrase.slot(notAfter: 0, in: { _ in 0 }) == nil)
    }
}
