// CivilDate: the proleptic Gregorian calendar as integer arithmetic, after Howard Hinnant's days_from_civil.
//
// Years are counted astronomically (the year 0 exists). Computed for any 64-bit number of seconds without overflow.

/// Date and wall-clock time, without a zone.
package struct CivilDate: Hashable, Sendable {
    package var year: Int64
    /// 1 ... 12
    package var month: Int64
    /// 1 ... 31
    package var day: Int64
    package var hour: Int64
    package var minute: Int64
    package var second: Int64

    package init(year: Int64, month: Int64, day: Int64, hour: Int64 = 0, minute: Int64 = 0, second: Int64 = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The date whose clock shows `seconds` after 1970-01-01T00:00:00.
    package init(secondsSinceEpoch seconds: Int64) {
        let (days, secondOfDay) = seconds.flooredQuotientAndRemainder(dividingBy: 86_400)
        let (era, dayOfEra) = (days + 719_468).flooredQuotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = secondOfDay / 3_600
        minute = secondOfDay % 3_600 / 60
        second = secondOfDay % 60
    }

    /// Days from 1970-01-01 to the first of `month` plus `day - 1`; months and days out of range are normalised forward, as Go does.
    /// Years are clamped to ±10^9, so that no input overflows.
    package static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let limit: Int64 = 1_000_000_000
        let (extraYears, monthIndex) = min(max(month, -limit), limit).saturatingAdd(-1).flooredQuotientAndRemainder(dividingBy: 12)
        let fullYear = min(max(year, -limit), limit) + extraYears
        let shiftedYear = monthIndex < 2 ? fullYear - 1 : fullYear
        let (era, yearOfEra) = shiftedYear.flooredQuotientAndRemainder(dividingBy: 400)
        let dayOfYear = (153 * (monthIndex < 2 ? monthIndex + 10 : monthIndex - 2) + 2) / 5
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era * 146_097 + dayOfEra - 719_468).saturatingAdd(day.saturatingAdd(-1))
    }

    /// Seconds after 1970-01-01T00:00:00 on the same clock; saturates.
    package var secondsSinceEpoch: Int64 {
        let limit = Int64.max / 86_400 - 1
        let days = min(max(CivilDate.daysSinceEpoch(year: year, month: month, day: day), -limit), limit)
        return (days * 86_400).saturatingAdd(hour * 3_600 + minute * 60 + second)
    }

    package static func dayCount(ofMonth month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
}

extension Timestamp {
    /// Date and wall clock in the timestamp's own offset.
    package var civil: CivilDate { CivilDate(secondsSinceEpoch: seconds.saturatingAdd(Int64(utcOffset))) }

    /// The instant at which the clock of `utcOffset` shows `civil`.
    package init(civil: CivilDate, nanoseconds: Int32 = 0, utcOffset: Int32) {
        self.init(seconds: civil.secondsSinceEpoch.saturatingAdd(-Int64(utcOffset)), nanoseconds: nanoseconds, utcOffset: utcOffset)
    }

    /// ISO 8601 year and week number (1 ... 53) in the timestamp's own offset.
    package var isoWeek: (year: Int64, week: Int64) {
        let date = civil
        let days = CivilDate.daysSinceEpoch(year: date.year, month: date.month, day: date.day)
        let weekday = (days + 3).flooredQuotientAndRemainder(dividingBy: 7).remainder  // 0 is Monday
        let thursday = CivilDate(secondsSinceEpoch: (days + 3 - weekday) * 86_400)
        let firstDay = CivilDate.daysSinceEpoch(year: thursday.year, month: 1, day: 1)
        return (thursday.year, (days + 3 - weekday - firstDay) / 7 + 1)
    }

    /// Calendar subtraction in the timestamp's own offset: years, months and days in one step with overflow normalised forward
    /// (31 May − 1 month = 31 April = 1 May), then the hours.
    package func subtracting(years: Int, months: Int, days: Int, hours: Int) -> Timestamp {
        var date = civil
        date.year = date.year.saturatingAdd(-Int64(clamping: max(years, -Int.max)))
        date.month = date.month.saturatingAdd(-Int64(clamping: max(months, -Int.max)))
        date.day = date.day.saturatingAdd(-Int64(clamping: max(days, -Int.max)))
        let limit = Int64.max / 3_600
        let hourSeconds = min(max(Int64(clamping: hours), -limit), limit) * 3_600
        return Timestamp(civil: date, nanoseconds: nanoseconds, utcOffset: utcOffset).adding(seconds: -hourSeconds)
    }
}
