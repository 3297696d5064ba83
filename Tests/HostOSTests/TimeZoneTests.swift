// Time zones as the C library reads them, hostile files, and rules in the manner of POSIX.

import Bytes
import HostOS
import TestKit
import Testing

@Suite struct `A time zone of the system` {
    static let names = [
        "Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC", "Europe/Dublin", "Africa/Casablanca", "Pacific/Apia",
        "America/Santiago", "Asia/Tehran", "America/St_Johns",
    ]

    /// What `date` says of many instants in one zone.
    private func offsets(_ zone: String, _ instants: [Int64]) throws -> [Int32] {
        let lines = instants.map { "@\($0)\n" }.joined()
        let result = try Child.run(
            "date", ["-f", "/dev/stdin", "+%::z"], environment: ["TZ=\(zone)", "PATH=/usr/bin:/bin"], standardInput: Array(lines.utf8))
        try #require(result.exitStatus == 0, "\(result.errorText)")
        return try result.outputText.split(separator: "\n").map { text in
            let parts = text.dropFirst().split(separator: ":").compactMap { Int32($0) }
            try #require(parts.count == 3, "\(text)")
            let seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
            return text.hasPrefix("-") ? -seconds : seconds
        }
    }

    @Test(arguments: names) func `has the offsets that the C library finds, from 1901 to 2150`(name: String) throws {
        let zone = try TimeZoneFile.load(name)
        var random = SeededRandom(seed: 7)
        let instants = (0..<3000).map { _ in Int64.random(in: -2_177_452_800...5_680_000_000, using: &random) }
        let theirs = try offsets(name, instants)
        for (instant, offset) in zip(instants, theirs) { #expect(zone.offset(at: instant) == offset, "\(name) at \(instant)") }
    }

    @Test(arguments: ["Nowhere/Land", "../../etc/passwd", "", "Europe", "/etc/passwd", "Europe//Kyiv"])
    func `that is none is refused`(name: String) {
        #expect(throws: TimeZoneError.self) { try TimeZoneFile.load(name) }
    }

    @Test func `cut short or scribbled over is refused or read, and never read past its end`() throws {
        let whole = try AtomicFile.read(TimeZoneFile.directory.appending("America/New_York"), limit: 1 << 16)
        for length in 0..<whole.count {
            // The old block alone is followed by a second header; without its footer no file is whole.
            #expect(throws: TimeZoneError.self, "\(length)") { try TimeZoneFile(parsing: Array(whole.prefix(length))) }
        }
        for seed in 0..<2000 as Range<UInt64> {
            var random = SeededRandom(seed: seed), file = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) { file[Int.random(in: 0..<file.count, using: &random)] = UInt8(truncatingIfNeeded: random.next()) }
            let zone = try? TimeZoneFile(parsing: file)
            for instant in [Int64.min / 2, -1, 0, 1_790_000_000, 1 << 40] { _ = zone?.offset(at: instant) }
        }
    }
}

@Suite struct `A rule for time to come` {
    @Test(arguments: [
        ("EET-2EEST,M3.5.0/3,M10.5.0/4", 1_790_000_000 as Int64, 10_800 as Int32),  // 21 September 2026
        ("EET-2EEST,M3.5.0/3,M10.5.0/4", 1_800_000_000, 7_200), ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1_800_000_000, 39_600),
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1_782_000_000, 37_800), ("<+0545>-5:45", 0, 20_700), ("UTC0", 5, 0),
        ("EST5EDT,M3.2.0,M11.1.0", 1_800_000_000, -18_000), ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_800_000_000, 0), ("XXX3YYY,J60/0,J300", 1_790_000_000, -7200),
        ("XXX3YYY,59/0,299/-25:30:15", 1_790_000_000, -7200),
    ])
    func `holds`(rule: String, instant: Int64, offset: Int32) throws {
        #expect(try #require(PosixTimeZone(parsing: rule)).offset(at: instant) == offset)
    }

    @Test(arguments: [
        "", "E2", "EET", "EET-2EEST", "EET-2EEST,M3.5.0", "EET-2EEST,M13.5.0,M1.1.1", "EET-2EEST,M3.6.0,M1.1.1", "EET-2EEST,M3.5.7,M1.1.1", "EET-200", "UTC0 ", "<UTC0",
        "EET-2EEST,J0,J5", "EET-2EEST,M3.5.0/999,M1.1.1",
    ])
    func `is refused if it is none`(rule: String) { #expect(PosixTimeZone(parsing: rule) == nil) }
}
