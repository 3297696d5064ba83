// CalendarSlots: at which instants a calendar phrase falls due in a time zone. Pure integer arithmetic over the zone's offsets.
//
// 1. Phrases with a time of day name a date and a wall clock. The slot is the instant at which that clock shows that time.
//    Skipped by a change of the clocks: the first instant after the gap. Shown twice: the first time, and only then.
// 2. `hourly` goes by the minute hand: it is due whenever the clock shows that minute, twice in an hour that is repeated; a minute that
//    is skipped falls due at the first instant after the gap. So no two slots are ever more than an hour apart.
// 3. `every` counts whole intervals since 1970, in elapsed time: 6h means 00, 06, 12 and 18 o'clock UTC. Clocks do not concern it.
//
// Not promised: a zone whose rules change twice within two days; none ever did.

package import Bytes

extension CalendarPhrase {
    /// The first slot after an instant, in seconds since 1970; nil for `never`.
    package func slot(after instant: Int64, in zone: @escaping TimeZoneRules) -> Int64? {
        switch self {
        case .never: nil
        case .every(let interval): CalendarPhrase.multiple(of: interval, after: instant)
        case .hourly(let minute): WallClock(zone).minute(minute, after: instant)
        case .daily(let time): dated(after: instant, WallClock(zone), time) { _ in true }
        case .weekly(let day, let time): dated(after: instant, WallClock(zone), time) { $0.weekday == day }
        case .monthly(let week, let day, let time): dated(after: instant, WallClock(zone), time) { $0.weekday == day && $0.isIn(week) }
        }
    }

    /// The newest slot at or before an instant; nil for `never`.
    package func slot(notAfter instant: Int64, in zone: @escaping TimeZoneRules) -> Int64? {
        if case .every(let interval) = self {
            return CalendarPhrase.multiple(of: interval, after: instant).map { $0 - interval.components.seconds }
        }
        guard let interval = longestIntervalSeconds else { return nil }
        // Far enough back that one slot at least lies between, whatever the clocks did meanwhile.
        var found: Int64?, probe = instant - interval - (interval > 3600 ? 2 * 86_400 : 3 * 3600)
        while let next = slot(after: probe, in: zone), next <= instant {
            found = next
            probe = next
        }
        return found
    }

    /// The slots of a span of time, the earliest first.
    package func slots(after start: Int64, through end: Int64, in zone: @escaping TimeZoneRules) -> [Int64] {
        var slots: [Int64] = [], probe = start
        while let next = slot(after: probe, in: zone), next <= end {
            slots.append(next)
            probe = next
        }
        return slots
    }

    /// How far apart two slots can be, in seconds, a change of the clocks left aside; nil for never.
    package var longestIntervalSeconds: Int64? {
        switch self {
        case .never: nil
        case .hourly: 3600
        case .every(let interval): interval.components.seconds
        case .daily: 86_400
        case .weekly: 7 * 86_400
        case .monthly: 35 * 86_400
        }
    }

    private static func multiple(of interval: Duration, after instant: Int64) -> Int64? {
        let seconds = interval.components.seconds
        guard seconds > 0 else { return nil }
        let (quotient, remainder) = instant.quotientAndRemainder(dividingBy: seconds)
        return (remainder < 0 ? quotient : quotient + 1) * seconds
    }

    /// - Parameter isWanted: of the dates on the calendar.
    private func dated(after instant: Int64, _ clock: WallClock, _ time: TimeOfDay, _ isWanted: (CalendarDay) -> Bool) -> Int64? {
        // From the day before, whose slot may have been put off beyond midnight by a gap.
        let first = CalendarDay(clock.reading(at: instant)).number - 1
        for number in first...(first + 70) where isWanted(CalendarDay(number: number)) {
            let slot = clock.instant(showing: number * 86_400 + Int64(time.hour) * 3600 + Int64(time.minute) * 60)
            if slot > instant { return slot }
        }
        return nil
    }
}

/// One date.
private struct CalendarDay {
    /// Days since 1970-01-01.
    let number: Int64

    init(number: Int64) { self.number = number }

    /// Of a clock's reading, in seconds as if it were UTC.
    init(_ reading: Int64) { number = floored(reading, 86_400) }

    var weekday: Weekday {
        // 1970-01-01 was a Thursday.
        let index = Int(number - floored(number + 3, 7) * 7 + 3)
        return Weekday.allCases[index]
    }

    func isIn(_ week: WeekOfMonth) -> Bool {
        let date = CivilDate(secondsSinceEpoch: number * 86_400)
        switch week {
        case .first: return date.day <= 7
        case .second: return (8...14).contains(date.day)
        case .third: return (15...21).contains(date.day)
        case .fourth: return (22...28).contains(date.day)
        case .last: return date.day > CivilDate.dayCount(ofMonth: date.month, year: date.year) - 7
        }
    }
}

private func floored(_ value: Int64, _ divisor: Int64) -> Int64 { value >= 0 ? value / divisor : (value - divisor + 1) / divisor }

/// A clock on the wall of one zone. Its reading is in seconds, as if the wall were in Greenwich.
private struct WallClock {
    private let zone: TimeZoneRules

    init(_ zone: @escaping TimeZoneRules) { self.zone = zone }

    func reading(at instant: Int64) -> Int64 { instant + Int64(zone(instant)) }

    /// The first instant that shows `reading`; if none does, the first after the gap that swallowed it.
    func instant(showing wanted: Int64) -> Int64 {
        // Offsets lie within a day of Greenwich, so these are the offsets before and after any change that could matter.
        let before = wanted - Int64(zone(wanted - 86_400)), after = wanted - Int64(zone(wanted + 86_400))
        if let shown = [min(before, after), max(before, after)].first(where: { reading(at: $0) == wanted }) { return shown }
        return change(between: wanted - 86_400, and: wanted + 86_400)
    }

    /// The next instant whose reading has this minute of an hour.
    func minute(_ minute: Int, after instant: Int64) -> Int64 {
        let wanted = Int64(minute) * 60, shown = reading(at: instant)
        let next = instant + wanted - shown + floored(shown - wanted, 3600) * 3600 + 3600
        guard zone(next) != zone(instant) else { return next }
        let change = change(between: instant, and: next)
        let last = reading(at: change - 1), first = reading(at: change)
        // Shown by the first instant after the change, or swallowed by a gap that ends here.
        let isDue = first > last ? floored(first - wanted, 3600) != floored(last - wanted, 3600) : floored(first, 3600) * 3600 + wanted == first
        return isDue ? change : self.minute(minute, after: change)
    }

    /// The first instant whose offset is not that of `start`.
    private func change(between start: Int64, and end: Int64) -> Int64 {
        var low = start, high = end
        let offset = zone(start)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if zone(middle) == offset { low = middle } else { high = middle }
        }
        return high
    }
}
