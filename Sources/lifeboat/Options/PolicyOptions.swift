// PolicyOptions: which snapshots are kept.

import ArgumentParser
import Operations
import Upkeep

struct PolicyOptions: ParsableArguments {
    @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Keep the last n snapshots; a number or unlimited.", valueName: "n"))
    var keepLast: String?

    @Option(name: [.customLong("keep-hourly")], help: ArgumentHelp("Keep the last of each of n hours.", valueName: "n"))
    var keepHourly: String?

    @Option(name: [.customShort("d"), .long], help: ArgumentHelp("Keep the last of each of n days.", valueName: "n"))
    var keepDaily: String?

    @Option(name: [.customShort("w"), .long], help: ArgumentHelp("Keep the last of each of n weeks.", valueName: "n"))
    var keepWeekly: String?

    @Option(name: [.customShort("m"), .long], help: ArgumentHelp("Keep the last of each of n months.", valueName: "n"))
    var keepMonthly: String?

    @Option(name: [.customShort("y"), .long], help: ArgumentHelp("Keep the last of each of n years.", valueName: "n"))
    var keepYearly: String?

    @Option(name: .long, help: ArgumentHelp("Keep everything this close to the latest snapshot: 1y5m7d2h.", valueName: "duration"))
    var keepWithin: String?

    @Option(name: .long, help: ArgumentHelp("Keep hourly snapshots this close to the latest one.", valueName: "duration"))
    var keepWithinHourly: String?

    @Option(name: .long, help: ArgumentHelp("Keep daily snapshots this close to the latest one.", valueName: "duration"))
    var keepWithinDaily: String?

    @Option(name: .long, help: ArgumentHelp("Keep weekly snapshots this close to the latest one.", valueName: "duration"))
    var keepWithinWeekly: String?

    @Option(name: .long, help: ArgumentHelp("Keep monthly snapshots this close to the latest one.", valueName: "duration"))
    var keepWithinMonthly: String?

    @Option(name: .long, help: ArgumentHelp("Keep yearly snapshots this close to the latest one.", valueName: "duration"))
    var keepWithinYearly: String?

    @Option(name: .long, help: "Keep snapshots with all of these tags; repeat it for alternatives.")
    var keepTag: [String] = []

    func policy() throws -> ForgetPolicy {
        let counts: [ForgetPolicy.Period: String?] = [
            .last: keepLast, .hourly: keepHourly, .daily: keepDaily, .weekly: keepWeekly, .monthly: keepMonthly, .yearly: keepYearly,
        ]
        let durations: [ForgetPolicy.Period: String?] = [
            .hourly: keepWithinHourly, .daily: keepWithinDaily, .weekly: keepWithinWeekly, .monthly: keepWithinMonthly,
            .yearly: keepWithinYearly,
        ]
        return ForgetPolicy(
            counts: try counts.compactMapValues { try $0.map { try ForgetPolicy.count(parsing: $0) } },
            within: try keepWithin.map { try CalendarDuration(parsing: $0) },
            periodsWithin: try durations.compactMapValues { try $0.map { try CalendarDuration(parsing: $0) } },
            tagLists: keepTag.map { TagList.flatten([$0]) })
    }
}
