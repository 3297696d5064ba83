// DocumentationSandbox: the machine that the documentation speaks of, small enough for a test: an application, an empty place for
// backups, lifeboat and restic on the PATH, a home and a state directory of its own. Gone with the value.
//
// The pages name one example machine. Its places are mapped to places in here, its ids and times to real ones:
//
//   /srv/www/sms           the application: a small Laravel application with an SQLite database in WAL mode
//   /mnt/backup            an empty directory         /etc/lifeboat   an empty directory, for keys        /tmp   likewise
//   4f2a91c0               the newest snapshot of the database
//   d84b1254               a key that is not in use
//   '2026-11-23 18:00'     now

import Bytes
import Foundation
import HostOS
import TestKit
import Testing

struct DocumentationSandbox {
    private let scratch: ScratchTree
    private let environment: [String: String]

    init() throws {
        scratch = try ScratchTree([
            "bin": .directory, "home": .directory, "state": .directory, "www": .directory, "backup": .directory, "keys": .directory, "tmp": .directory,
        ])
        let root = scratch.path
        environment = [
            "PATH": "\(root)/bin:" + (Host.environment("PATH") ?? "/usr/bin:/bin"), "HOME": "\(root)/home", "LIFEBOAT_STATE_DIR": "\(root)/state",
            "XDG_CONFIG_HOME": "\(root)/home/config", "XDG_CACHE_HOME": "\(root)/home/cache", "TMPDIR": "\(root)/tmp", "TZ": "UTC",
            "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1",
        ]
        try scratch.add("bin/lifeboat", .link("\(try Program.binary())"))
        if let restic = Host.environment("RESTIC") { try scratch.add("bin/restic", .link(restic)) }
        let made = try shell(Self.application, in: root.appending("www"))
        try #require(made.exitStatus == 0, "the example application could not be made: \(made.errorText)")
    }

    /// What the commands of a block do here, stopping at the first that fails. Messages and answers come interleaved, as a terminal shows them.
    func run(_ block: DocumentedBlock) throws -> (status: Int32, output: String) {
        let script = try translated(block.commands.joined(separator: "\n"))
        let result = try shell("set -o pipefail; exec 2>&1\n" + script, in: application)
        return (result.exitStatus, places.reduce(result.outputText) { text, place in text.replacing("\(scratch.path)\(place.here)", with: place.example) })
    }

    /// A directory that is always there, even if the commands of a page removed the application.
    private var application: BytePath { (try? scratch.status("www/sms"))??.kind == .directory ? scratch["www/sms"] : scratch["www"] }

    private func shell(_ script: String, in directory: BytePath) throws -> Child.Result {
        try CommandLineProgram("bash", environment: environment, directory: directory).run(["-eu", "-c", script])
    }

    // MARK: From the example machine to this one

    private let places: [(example: String, here: String)] = [
        ("/srv/www", "/www"), ("/mnt/backup", "/backup"), ("/etc/lifeboat", "/keys"), ("/tmp", "/tmp"),
    ]

    private func translated(_ script: String) throws -> String {
        var script = script.replacing("2026-11-23 18:00", with: try shell("date '+%F %T'", in: scratch.path).outputText.trimmingCharacters(in: .newlines))
        if script.contains("4f2a91c0") {
            script = script.replacing("4f2a91c0", with: try first("lifeboat snapshots --tag source=database --json", "short_id") { _ in true })
        }
        if script.contains("d84b1254") {
            script = script.replacing("d84b1254", with: try first("lifeboat key list --json", "id") { $0["current"] as? Bool == false })
        }
        // The scratch directory may itself lie below /tmp: places are marked first and filled in last.
        for (number, place) in places.enumerated() {
            script = script.replacing(try Regex(NSRegularExpression.escapedPattern(for: place.example) + #"(?![\w-])"#), with: "\u{1}\(number)\u{2}")
        }
        for (number, place) in places.enumerated() { script = script.replacing("\u{1}\(number)\u{2}", with: "\(scratch.path)\(place.here)") }
        return script
    }

    /// A value of the last object of a list, printed as JSON, that is wanted.
    private func first(_ command: String, _ key: String, where isWanted: ([String: Any]) -> Bool) throws -> String {
        let list = try JSONSerialization.jsonObject(with: Data(try shell(command, in: application).output)) as? [[String: Any]]
        return try #require(list?.last(where: isWanted)?[key] as? String, "`\(command)` knows no such thing")
    }

    private static let application = #"""
        mkdir -p sms/database sms/storage/app/reports sms/public/uploads sms/config
        cd sms
        echo '<?php // the console of the application' > artisan
        echo '{ "require": { "laravel/framework": "^11.0" } }' > composer.json
        printf '%s\n' 'APP_NAME="School SMS"' 'APP_KEY=base64:bm90IGEgc2VjcmV0LCBvbmx5IGFuIGV4YW1wbGU=' 'DB_CONNECTION=sqlite' > .env
        echo "<?php return ['name' => env('APP_NAME')];" > config/app.php
        for number in 1 2 3 4 5; do
            seq $((number * 1000)) > "public/uploads/scan-$number.csv"
            echo "report $number" > "storage/app/reports/$number.txt"
        done
        ln -s 1.txt storage/app/reports/newest.txt
        sqlite3 database/database.sqlite "
            PRAGMA journal_mode = WAL;
            CREATE TABLE students (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
            CREATE TABLE grades (id INTEGER PRIMARY KEY, student INTEGER REFERENCES students, grade INTEGER);
            CREATE TABLE attendance (day TEXT, student INTEGER REFERENCES students);
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO students SELECT i, 'student ' || i FROM n;
            INSERT INTO grades (student, grade) SELECT id, id % 12 + 1 FROM students;
            INSERT INTO attendance SELECT '2026-11-23', id FROM students WHERE id % 7;
        " > /dev/null
        """#
}
