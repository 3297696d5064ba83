// AppDrillPage: a drill's report as one page that needs nothing else: no script, no image, no font from elsewhere. The evidence for those who
// ask: the verdict first, then what came back, how long it took, and what was asked.

import Bytes
import HostOS
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

struct AppDrillPage {
    private let report: AppDrillReport

    init(_ report: AppDrillReport) { self.report = report }

    var html: String { page.text }

    private var page: HTMLText {
        ReportPage(
            kind: "Recovery drill report", subject: "recovery drill of \(moment)", application: report.title, moment: moment,
            main: """
                \(html: verdictCard)
                \(html: parts)
                \(html: time)
                \(html: checks)
                """, footer: footer
        ).html
    }

    private var moment: String { AppDrillPage.text(report.time) }

    /// "2026-11-24 14:05:59", in the zone of this machine.
    private static func text(_ time: Timestamp) -> String {
        String(time.with(utcOffset: Host.utcOffset(at: time.seconds)).description.prefix(19)).replacing("T", with: " ")
    }

    private var verdictCard: HTMLText {
        let isEverything = report.sources.count == AppSource.allCases.count
        let subject: HTMLText = isEverything ? "The application" : "What was drilled (\(report.sources.map(\.rawValue).sorted().joined(separator: ", ")))"
        let (style, mark, headline): (HTMLText, HTMLText, HTMLText) =
            switch report.outcome {
            case .proved: ("good", "✓", "\(html: subject) can be brought back.")
            case .failed: ("bad", "✗", "\(html: subject) could not be brought back as it was saved.")
            case .inconclusive: ("warn", "?", "Nothing wrong was found, but not everything could be tried.")
            }
        let hint = report.reason?.hint.map { "<p>Next: \($0)</p>" as HTMLText } ?? ""
        return """
            <section class="verdict \(html: style)"><div class="mark" aria-hidden="true">\(html: mark)</div>\
            <div><h2>\(html: headline)</h2><p>\(report.verdict)</p>\(html: hint)</div></section>
            """
    }

    private var parts: HTMLText {
        let cards = report.parts.map { part -> HTMLText in
            let newest =
                part.snapshot.map { "<strong>\(AppDrillPage.text($0.snapshot.time))</strong>" as HTMLText }
                ?? "none"
            let notes = part.notes.map { "<br>\($0)" as HTMLText }
            return """
                <article class="\(part.outcome == .proved ? "good" : "bad")"><div><h3>\(part.label)</h3></div><p class="newest">\(html: newest)</p>\
                <p class="detail">\(AppDrillReport.line(part))\(html: .joined(notes))</p></article>
                """
        }
        return "<section><h2>What was brought back and compared</h2>\(html: .joined(cards))</section>"
    }

    private var time: HTMLText {
        let rows = report.phases.map { "<tr><td>\($0.name)</td><td>\(FigureText.duration(nanoseconds: $0.nanoseconds))</td></tr>" as HTMLText }
        let goal = report.objectives.rto.settingsText
        return """
            <section><h2>How long it took</h2><p>\(FigureText.duration(nanoseconds: report.durationNanoseconds)) in all; the objective is \(goal)\
            \(report.isTooSlow ? ", and it is missed" : "").</p><table><tbody>\(html: .joined(rows))</tbody></table></section>
            """
    }

    private var checks: HTMLText {
        if report.checks.isEmpty { return "" }
        let rows = report.checks.map { "<tr><td>\(AppDrillReport.line($0))</td></tr>" as HTMLText }
        return "<section><h2>What was asked</h2><table><tbody>\(html: .joined(rows))</tbody></table></section>"
    }

    private var footer: HTMLText {
        let rows = [
            ("Run", report.runID.text), ("Time", "\(Timestamp(seconds: report.time.seconds))"), ("Machine", report.host), ("Repository", report.repository),
            ("Program", report.program),
        ].map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" as HTMLText }
        return "<footer><dl>\(html: .joined(rows))</dl></footer>"
    }
}
