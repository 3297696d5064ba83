// MeasuresTests: durations, spans, percentages, calendar phrases and suggestions.

import Bytes
import Settings
import Testing

@Suite struct `A measure` {
    @Test(arguments: [
        ("10s", 10), ("1h30m", 5400), ("30d", 2_592_000), ("2w", 1_209_600), ("90min", 5400), ("24 h", 86_400), ("0s", 0), ("1H", 3600),
    ]) func `of time is read with its units`(_ text: String, _ seconds: Int) throws {
        let rpo = try read("app: /a\nobjectives: { rpo: \(text) }").objectives.rpo
        #expect(rpo == .seconds(seconds))
        #expect(try read("app: /a\nobjectives: { rpo: \(rpo.settingsText) }").objectives.rpo == rpo)
    }

    @Test(arguments: ["10", "h", "1h30", "-1h", "1.5h", "1y", "99999999999999999999h", "1000000000w", "1h 2x", "١h"])
    func `of time is refused when malformed`(_ text: String) {
        #expect(problems("app: /a\nobjectives: { rpo: '\(text)' }").count == 1)
    }

    @Test(arguments: [("1y5m7d2h", "1y5m7d2h"), ("30d", "30d"), ("2w", "14d"), ("6m", "6m"), ("0h", "0h")])
    func `of retention counts months with m, as restic does`(_ text: String, _ canonical: String) throws {
        let within = try read("app: /a\nretention: { within: \(text) }").retention.general.within
        #expect(within?.description == canonical)
    }

    @Test(arguments: [
        ("5%", "5%"), ("2.5%", "2.5%"), ("0.25%", "0.25%"), ("100%", "100%"), ("1.05%", "1.05%"), ("all", "all"), ("none", "none"),
        ("5GiB", "5.0 GiB"),
    ])
    func `of data is a percentage, a size, all or none`(_ text: String, _ printed: String) throws {
        #expect(try read("app: /a\nverify: { read_data: \(text) }").verify.readData.description == printed)
    }

    @Test(arguments: ["0%", "101%", "5", "-1%", "1.234%", "%", "five%"])
    func `of data is refused otherwise`(_ text: String) {
        #expect(problems("app: /a\nverify: { read_data: '\(text)' }").count == 1)
    }
}

@Suite struct `A calendar phrase` {
    @Test(arguments: [
        ("daily 02:00", "daily 02:00"), ("Daily  2:00", "daily 02:00"), ("sunday 03:00", "sunday 03:00"), ("sat 01:05", "saturday 01:05"),
        ("1st sunday 05:00", "1st sunday 05:00"), ("first sunday 05:00", "1st sunday 05:00"), ("last fri 22:30", "last friday 22:30"),
        ("hourly", "hourly"), ("hourly :15", "hourly :15"), ("every 6h", "every 6h"), ("never", "never"), ("off", "never"),
    ]) func `is read and printed in its canonical form, which reads the same`(_ text: String, _ canonical: String) throws {
        let phrase = try read("app: /a\nschedule: { database: \"\(text)\" }").schedule.database
        #expect(phrase.description == canonical)
        #expect(try read("app: /a\nschedule: { database: \"\(canonical)\" }").schedule.database == phrase)
    }

    @Test(arguments: [
        "daily", "daily 24:00", "daily 2:0", "daily 02:00:00", "sunday", "02:00", "every 5s", "hourly 15", "2nd 05:00", "", "1st daily 05:00",
        "a b c d",
    ])
    func `is refused otherwise`(_ text: String) {
        #expect(problems("app: /a\nschedule: { database: '\(text)' }").count == 1)
    }
}

@Suite struct `A suggestion` {
    static let keys = ["exclude", "exclude_larger_than", "paths", "password_file", "repository", "repositories", "database", "daily"]

    @Test(arguments: [
        ("exlude", "exclude"), ("excldue", "exclude"), ("Exclude", "exclude"), ("password-file", "password_file"), ("repostiory", "repository"),
        ("repositorys", "repository"), ("pahts", "paths"), ("dialy", "daily"), ("databse", "database"), ("exclude_larger", "exclude_larger_than"),
    ]) func `is the word that was meant`(_ word: String, _ meant: String) {
        #expect(NearestName.suggestion(for: word, among: Self.keys) == meant)
    }

    @Test(arguments: ["x", "colour", "", "pg", "frobnicate", String(repeating: "a", count: 5000)])
    func `is withheld when nothing is near`(_ word: String) {
        #expect(NearestName.suggestion(for: word, among: Self.keys) == nil)
    }

    @Test func `knows the names of other programs`() {
        #expect(NearestName.suggestion(for: "excludes", among: Self.keys, otherNames: ["ignore": "exclude"]) == "exclude")
        #expect(NearestName.suggestion(for: "ignore", among: Self.keys, otherNames: ["ignore": "exclude"]) == "exclude")
    }
}
