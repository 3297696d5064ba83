// AppDrillEvidence: where a drill's report goes, for whoever asks for proof later: into a file of the caller's choice, in the form that its
// name asks for, or among the reports of the state directory, in every form, of which the newest are kept.

package import Bytes
import HostOS

package enum AppDrillEvidence: Sendable {
    package enum Form: String, Sendable, CaseIterable { case html, txt, json }

    /// `reports/` in the application's state directory, named by the time.
    case kept
    case file(BytePath, Form)

    /// Ten years of months.
    static let keptCount = 120

    /// - Parameter path: absolute.
    /// - Throws: exit status 64 if its name does not end in .html, .txt or .json.
    package init(_ path: BytePath) throws {
        guard let form = Form.allCases.first(where: { path.name.suffix($0.rawValue.utf8.count + 1) == Array(".\($0.rawValue)".utf8)[...] }) else {
            throw Failure(.usage, "a report cannot be written to '\(path)': its name says no form", hint: "let it end in .html, .txt or .json")
        }
        self = .file(path, form)
    }

    /// Writes the report, for its owner's eyes only.
    /// - Returns: where it is; of several forms, the page.
    @discardableResult
    package func write(_ report: AppDrillReport, state: AppState) throws -> BytePath {
        switch self {
        case .file(let path, let form):
            try AppDrillEvidence.write(report, form, to: path)
            return path
        case .kept:
            let directory = state.directory.appending("reports"), prefix = "drill-"
            try Directory.createAll(directory)
            // Sorts by time; the run tells two reports of one second apart.
            let name = prefix + Timestamp(seconds: report.time.seconds).description.filter { $0 != ":" && $0 != "-" } + "-\(report.runID)"
            for form in Form.allCases { try AppDrillEvidence.write(report, form, to: directory.appending("\(name).\(form.rawValue)")) }
            let old = try Directory.entries(of: directory).filter { $0.name.starts(with: Array(prefix.utf8)) }.dropLast(
                AppDrillEvidence.keptCount * Form.allCases.count)
            for entry in old { try Directory.remove(directory.appending(entry.name)) }
            return directory.appending("\(name).html")
        }
    }

    private static func write(_ report: AppDrillReport, _ form: Form, to path: BytePath) throws {
        let text =
            switch form {
            case .html: AppDrillPage(report).html
            case .txt: report.lines.joined(separator: "\n") + "\n"
            case .json: report.json + "\n"
            }
        let content = Array(text.utf8)
        try AtomicFile.write(content.span, to: path)
    }
}
