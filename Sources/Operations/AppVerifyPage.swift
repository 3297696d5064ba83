// AppVerifyPage: a verify's report as one page that needs nothing else: no script, no image, no font from elsewhere. For those who decide,
// not for those who type: the verdict first, then what there is, what was looked at, what to do, and how to do without lifeboat.

import Bytes
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Upkeep

struct AppVerifyPage {
    private let report: AppVerifyReport

    private enum Verdict: String { case good, warn, bad }

    init(_ report: AppVerifyReport) { self.report = report }

    var html: String { page.text }

    private var page: HTMLText {
        ReportPage(
            kind: "Backup verification report", subject: "backup report of \(date(report.time))", application: report.title, moment: moment(report.time),
            main: """
                \(html: verdictCard)
                \(html: damageSection)
                \(html: sourceSection)
                \(html: checkSection)
                \(html: rescueSection)
                """, footer: footer
        ).html
    }

    // MARK: The verdict

    private var unsaved: [AppVerifyReport.State] { report.states.filter { $0.newest == nil && !$0.isHopeless } }

    private var verdict: Verdict { !report.isClean ? .bad : unsaved.isEmpty ? .good : .warn }

    private var verdictCard: HTMLText {
        let (mark, headline, explanation): (HTMLText, HTMLText, HTMLText) =
            switch verdict {
            case .good: ("✓", "The backups are whole.", "Everything that was looked at is there and undamaged. \(report.coverage.sentence.capitalizedFirst).")
            case .warn:
                (
                    "!", "The backups are whole, but not complete.",
                    "There is no backup yet of: \(unsaved.map(\.source.words).joined(separator: ", ")). What there is, is undamaged."
                )
            case .bad: ("✗", "Damage was found.", "\(Self.counted(report.damage.count, "problem")). What to do is said below. \(intact)")
            }
        return """
            <section class="verdict \(verdict.rawValue)"><div class="mark" aria-hidden="true">\(html: mark)</div>\
            <div><h2>\(html: headline)</h2><p>\(html: explanation)</p></div></section>
            """
    }

    private var intact: String {
        let damaged = Set(report.damagedSnapshots.map(\.id))
        let others = report.snapshots.count { !damaged.contains($0.id) }
        if !report.check.isTraceComplete || others == 0 { return "" }
        return damaged.isEmpty ? "" : "\(Self.counted(others, "other backup")) \(others == 1 ? "is" : "are") not concerned, as far as was looked at."
    }

    // MARK: Damage

    private static let shownCount = 40

    private var damageSection: HTMLText {
        if report.isClean { return "" }
        let lines = report.damage.prefix(Self.shownCount).map { "<li>\($0)</li>" as HTMLText }
        let more: HTMLText = report.damage.count > Self.shownCount ? "<li>and \(report.damage.count - Self.shownCount) more</li>" : ""
        let steps = report.advice.map { "<li>\(html: Self.withCommands($0))</li>" as HTMLText }
        let concerned = report.damagedSnapshots.prefix(Self.shownCount).map { snapshot in
            "<tr><td><code>\(snapshot.id.short)</code></td><td>\(moment(snapshot.snapshot.time))</td><td>\(snapshot.snapshot.heldSource?.words ?? "")</td></tr>"
                as HTMLText
        }
        let table: HTMLText =
            concerned.isEmpty
            ? ""
            : "<h3>Backups that cannot be brought back completely</h3><table><thead><tr><th>Backup</th><th>Of</th><th>What</th></tr></thead><tbody>\(html: .joined(concerned))</tbody></table>"
        return """
            <section><h2>What to do</h2><ol class="steps">\(html: .joined(steps))</ol>\(html: table)\
            <h3>What was found</h3><ul class="damage">\(html: .joined(lines))\(html: more)</ul></section>
            """
    }

    /// Text with `commands` in it.
    private static func withCommands(_ text: String) -> HTMLText {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return .joined(parts.enumerated().map { position, part in position % 2 == 1 ? "<code>\(part)</code>" : "\(part)" })
    }

    // MARK: What there is

    private var sourceSection: HTMLText { "<section><h2>What can be brought back</h2>\(html: .joined(report.states.map(card)))</section>" }

    private func card(_ state: AppVerifyReport.State) -> HTMLText {
        let name: HTMLText = "<h3>\(state.source.words.capitalizedFirst)</h3>\(html: state.path.map { "<p class=\"path\">\($0)</p>" } ?? "")"
        guard let newest = state.newest else {
            let text = state.isHopeless ? "Every backup of it was made when it was damaged already." : "There is no backup of it yet."
            return "<article class=\"bad\"><div>\(html: name)</div><p class=\"newest\">none</p><p class=\"detail\">\(text)</p></article>"
        }
        let whole = whole(state), shown = whole.last ?? newest
        let database = report.databases.first { $0.snapshot?.id == shown.id }
        let isDamaged = whole.last?.id != newest.id
        return """
            <article class="\(isDamaged ? "bad" : "good")"><div>\(html: name)</div>\
            <p class="newest"><strong>\(moment(shown.snapshot.time))</strong><br>\(age(shown.snapshot.time))</p>\
            <p class="detail">\(contents(shown, database)). \(proof(state, database, isDamaged, whole)) \
            \(html: count(state, whole, shown))</p></article>
            """
    }

    /// Its good backups without those that damage keeps from being brought back, oldest first.
    private func whole(_ state: AppVerifyReport.State) -> [CatalogedSnapshot] {
        let damaged = Set(report.damagedSnapshots.map(\.id))
        return state.good.filter { !damaged.contains($0.id) }
    }

    private func count(_ state: AppVerifyReport.State, _ whole: [CatalogedSnapshot], _ shown: CatalogedSnapshot) -> HTMLText {
        if whole.isEmpty { return "\(Self.counted(state.good.count, "backup")) in all." }
        return "\(Self.counted(whole.count, "good backup")) in all, this one is <code>\(shown.id.short)</code>."
    }

    private func contents(_ snapshot: CatalogedSnapshot, _ database: AppVerifyReport.Database?) -> String {
        let size = snapshot.snapshot.summary.map { "\(ByteCount($0.totalBytesProcessed))" } ?? "of unknown size"
        if let database { return "\(Self.counted(database.tableCount, "table")), \(Self.counted(Int(clamping: database.rowCount), "row")), \(size)" }
        return snapshot.snapshot.summary.map { "\(Self.counted(Int(clamping: $0.totalFilesProcessed), "file")), \(size)" } ?? size
    }

    private func proof(
        _ state: AppVerifyReport.State, _ database: AppVerifyReport.Database?, _ isDamaged: Bool, _ whole: [CatalogedSnapshot]
    ) -> String {
        if isDamaged {
            return whole.isEmpty
                ? "It is damaged, and so are all others: see above." : "Newer ones are damaged: see above. This is the newest that is whole, as far as was looked at."
        }
        switch database?.proof {
        case .restored: return "It was brought back in a private place and compared, table by table: identical."
        case .parsed: return "Every row was read back, counted and compared: identical."
        case .hashed: return "Every byte was read back and compared: identical."
        case .described: return "Its description was read and fits."
        case nil: return "Every file of it is accounted for."
        }
    }

    // MARK: What was looked at

    private var checkSection: HTMLText {
        let counts = report.check.counts, coverage = report.coverage
        let percent = Int((coverage.share * 100).rounded(.down))
        let read =
            counts.packsRead == 0
            ? "No data was read back this time."
            : report.readsAll
                ? "All data was read back and compared this time: \(ByteCount(counts.bytesRead))."
                : "\(ByteCount(counts.bytesRead)) of data were read back and compared this time, what had not been read for longest."
        return """
            <section><h2>What was looked at</h2>\
            <p>The structure of all backups: \(Self.counted(counts.snapshots, "backup")), \(Self.counted(counts.trees, "directory", "directories")), \
            \(Self.counted(counts.blobs, "piece")) of data in \(Self.counted(counts.packs, "file")) of the repository. \
            \(report.check.isClean ? "All of it is there and fits together." : "Not all of it is in order: see above.") \(read)</p>\
            <div class="bar" role="img" aria-label="\(percent) percent read back"><span style="width:\(percent)%"></span></div>\
            <p class="caption">\(coverage.sentence.capitalizedFirst).</p></section>
            """
    }

    // MARK: Without lifeboat

    private var rescueSection: HTMLText {
        let key = report.keyFile.map { "\($0)" } ?? "KEY-FILE"
        let environment = [
            "export RESTIC_REPOSITORY=\(Self.shellWord(report.repository))", "export RESTIC_PASSWORD_FILE=\(Self.shellWord(key))", "restic snapshots",
        ]
        let restores = report.states.compactMap { state in
            whole(state).last.map { "restic restore \($0.id.short) --target /tmp/restored-\(state.source.rawValue)" }
        }
        let commands = (environment + restores).map { "\($0)\n" as HTMLText }
        let dump: HTMLText =
            report.states.contains { $0.newest != nil && $0.path.map(AppDatabaseSnapshot.isOfServer) == true }
            ? "<p>The database comes back as text; <code>RESTORE.md</code> beside it says how its server takes it in.</p>" : ""
        return """
            <section class="rescue"><h2>Without lifeboat</h2>\
            <p>The backups are in the open restic format. On any machine with the free program <code>restic</code> (in every Linux distribution), the \
            repository and the key, these commands bring everything back:</p><pre>\(html: .joined(commands))</pre>\(html: dump)\
            <p class="key">Nothing opens the backups without the key<span>: \(key)</span>. Keep a copy of it on paper, away from this machine.</p></section>
            """
    }

    /// As a shell reads it as one word.
    private static func shellWord(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || "/._-:@%+,=".utf8.contains(byte)
            }
        return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    private var footer: HTMLText {
        let rows = [
            ("Run", report.runID.text), ("Time", "\(Timestamp(seconds: report.time.seconds))"), ("Took", Self.duration(report.durationNanoseconds)),
            ("Machine", report.host),
            ("Repository", report.repository), ("Program", report.program),
        ].map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" as HTMLText }
        let notes = report.notes.map { "<p>\($0)</p>" as HTMLText }
        return "<footer>\(html: .joined(notes))<dl>\(html: .joined(rows))</dl></footer>"
    }

    // MARK: Wording

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]

    private func date(_ time: Timestamp) -> String {
        let civil = time.with(utcOffset: Host.utcOffset(at: time.seconds)).civil
        return "\(civil.day) \(Self.months[Int(civil.month - 1)]) \(civil.year)"
    }

    private func moment(_ time: Timestamp) -> String {
        let civil = time.with(utcOffset: Host.utcOffset(at: time.seconds)).civil
        return "\(date(time)), \(civil.hour < 10 ? "0" : "")\(civil.hour):\(civil.minute < 10 ? "0" : "")\(civil.minute)"
    }

    private func age(_ time: Timestamp) -> String {
        let seconds = max(0, report.time.seconds - time.seconds)
        switch seconds {
        case ..<3600: return "less than an hour before this report"
        case ..<172_800: return "\(Self.counted(Int(seconds / 3600), "hour")) before this report"
        default: return "\(seconds / 86_400) days before this report"
        }
    }

    private static func duration(_ nanoseconds: Int64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        return seconds < 1 ? "less than a second" : seconds < 120 ? counted(Int(seconds), "second") : counted(Int(seconds / 60), "minute")
    }

    private static func counted(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        var digits = Array(String(number)), position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return "\(String(digits)) \(number == 1 ? noun : plural ?? noun + "s")"
    }
}

extension AppSource {
    /// For people who never saw the settings.
    fileprivate var words: String {
        switch self {
        case .config: "configuration"
        case .database: "database"
        case .files: "files"
        }
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
