// AppDrillText: a drill's report as lines of text, for the terminal, a file and a mail.

import Bytes
import Journal
import RepositoryEngine
import RepositoryFormat
import Settings

extension AppDrillReport {
    /// "PROVED: 61/61 tables, 1,204,551 rows, 200/200 files in 18 s; recovery objective 4h".
    package var verdict: String {
        let why = reason.map { "\($0.message); " } ?? ""
        let slow = isTooSlow ? " is missed" : ""
        let figures = self.figures.isEmpty ? "nothing was compared" : self.figures.joined(separator: ", ")
        return
            "\(outcome.rawValue.uppercased()): \(why)\(figures) in \(FigureText.duration(nanoseconds: durationNanoseconds)); recovery objective \(objectives.rto.settingsText)\(slow)"
    }

    private var figures: [String] {
        var figures: [String] = []
        let tables = total(\.expectedTables), files = total(\.expectedFiles), asked = UInt64(checks.count)
        if tables > 0 {
            figures.append("\(FigureText.grouped(total(\.tables)))/\(FigureText.count(tables, "table"))")
            figures.append(FigureText.count(total(\.rows), "row"))
        }
        if files > 0 { figures.append("\(FigureText.grouped(total(\.files)))/\(FigureText.count(files, "file"))") }
        if asked > 0 { figures.append("\(checks.count { $0.outcome == .proved })/\(FigureText.count(asked, "check"))") }
        return figures
    }

    /// One line for a part.
    package static func line(_ part: Part) -> String {
        let name = part.label + String(repeating: " ", count: max(1, 10 - part.label.count))
        if let failure = part.failure { return "\(mark(part.outcome)) \(name) \(failure.message)" }
        let of = part.snapshot.map { ", backup \($0.id.short) of \(Timestamp(seconds: $0.snapshot.time.seconds))" } ?? ""
        if part.source == .database {
            let server = part.server.map { " in a throw-away \($0)" } ?? ""
            return
                "\(mark(part.outcome)) \(name) \(FigureText.grouped(part.tables))/\(FigureText.count(part.expectedTables, "table")), \(FigureText.grouped(part.rows))/\(FigureText.count(part.expectedRows, "row")) \(part.comparesValues ? "as saved" : "counted, values not compared")\(server)\(of)"
        }
        return
            "\(mark(part.outcome)) \(name) \(FigureText.count(part.restoredFiles, "file")) (\(ByteCount(part.byteCount))) restored, \(FigureText.grouped(part.files))/\(FigureText.grouped(part.expectedFiles)) read back as saved\(of)"
    }

    package static func line(_ check: Check) -> String {
        let name = "check     "
        if let failure = check.failure { return "\(mark(check.outcome)) \(name) \(failure.message)" }
        let answer = check.answer.map { " gives \($0)" } ?? ""
        return "\(mark(check.outcome)) \(name) \(check.question)\(answer)" + (check.expectation.map { ", expected \($0)" } ?? "")
    }

    private static func mark(_ outcome: Outcome) -> String {
        switch outcome {
        case .proved: "✓"
        case .failed: "✗"
        case .inconclusive: "?"
        }
    }

    /// "fetch 12 s, load 5 s, proof 1.2 s, checks 0.0 s".
    package var timing: String {
        phases.map { "\($0.name) \(FigureText.duration(nanoseconds: $0.nanoseconds))" }.joined(separator: ", ")
    }

    /// The report as a document.
    package var lines: [String] {
        var lines = [
            "lifeboat drill report: \(title)", "time        \(Timestamp(seconds: time.seconds))", "machine     \(host)", "repository  \(repository)",
            "run         \(runID)", "program     \(program)", "result      \(verdict)", "",
        ]
        lines += parts.map { "  " + AppDrillReport.line($0) } + checks.map { "  " + AppDrillReport.line($0) }
        lines += ["", "took        \(FigureText.duration(nanoseconds: durationNanoseconds)): \(timing)"]
        lines.append(
            "objectives  recovery time \(objectives.rto.settingsText), data loss \(objectives.rpo.settingsText), a drill every \(objectives.drillEvery.settingsText)")
        let notes = parts.flatMap { part in part.notes.map { "\(part.label): \($0)" } }
        if !notes.isEmpty { lines += ["", "notes"] + notes.map { "  " + $0 } }
        if let hint = reason?.hint { lines += ["", "next: \(hint)"] }
        return lines
    }
}
