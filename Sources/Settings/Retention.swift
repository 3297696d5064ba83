// Retention: which snapshots a repository keeps, as values. Which snapshot that is, the engine's forget decides.

/// One policy in restic's terms. A snapshot stays if any rule wants it.
package struct Retention: Hashable, Sendable {
    /// A count of this value keeps all.
    package static let unlimited = -1

    package var last = 0
    package var hourly = 0
    package var daily = 0
    package var weekly = 0
    package var monthly = 0
    package var yearly = 0
    package var within: RetentionSpan? = nil
    package var withinHourly: RetentionSpan? = nil
    package var withinDaily: RetentionSpan? = nil
    package var withinWeekly: RetentionSpan? = nil
    package var withinMonthly: RetentionSpan? = nil
    package var withinYearly: RetentionSpan? = nil
    /// However the rules read, never fewer snapshots of a source than this.
    package var minimum = Retention.defaultMinimum

    package static let defaultMinimum = 3

    /// Used where the file says nothing: three last, a week of days, five weeks, a year of months.
    package static let standard: Retention = {
        var retention = Retention()
        (retention.last, retention.daily, retention.weekly, retention.monthly) = (3, 7, 5, 12)
        return retention
    }()

    package init() {}

    /// Whether no rule keeps anything, which is refused: it would drop all but the minimum.
    package var keepsNothing: Bool {
        [last, hourly, daily, weekly, monthly, yearly].allSatisfy { $0 == 0 }
            && [within, withinHourly, withinDaily, withinWeekly, withinMonthly, withinYearly].allSatisfy { $0 == nil }
    }
}

/// The `retention:` of a settings file.
package struct RetentionSettings: Hashable, Sendable {
    /// For repositories without an entry of their own.
    package let general: Retention
    package let byRepository: [String: Retention]

    package static let standard = RetentionSettings(general: .standard, byRepository: [:])

    package func policy(for repository: String) -> Retention { byRepository[repository] ?? general }
}
