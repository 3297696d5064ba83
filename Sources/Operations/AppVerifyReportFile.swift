// AppVerifyReportFile: where a verify's report goes: into a file of the caller's choice, in the form that its name asks for, or among the
// reports of the state directory, of which the newest 90 are kept.

package import Bytes
import HostOS

package enum AppVerifyReportFile: Sendable {
    package enum Form: String, Sendable, CaseIterable { case html, txt, json }

    /// `reports/` in the application's state directory, as a page, named by the time.
    case kept
    case file(BytePath, Form)

    static let keptCount = 90

    /// - Parameter path: absolute.
    /// - Throws: exit status 64 if its name does not end in .html, .txt or .json.
    package init(_ path: BytePath) throws {
        let forms = Form.allCases
        guard let form = forms.first(where: { path.name.suffix($0.rawValue.utf8.count + 1) == Array(".\($0.rawValue)".utf8)[...] }) else {
            throw Failure(
                .usage, "a report cannot be written to '\(path)': its name says no form",
                hint: "let it end in \(forms.map { ".\($0.rawValue)" }.joined(separator: ", "))")
        }
        self = .file(path, form)
    }

    /// Writes the report, readable by its owner only.
    /// - Returns: where it is.
    package func write(_ report: AppVerifyReport, state: AppState) throws -> BytePath {
        switch self {
        case .file(let path, let form):
            let content = Self.content(report, form)
            try AtomicFile.write(content.span, to: path)
            return path
        case .kept:
            let directory = state.directory.appending("reports")
            try Directory.createAll(directory)
            // Sorts by time; the run tells two reports of one second apart.
            let second = "\(Timestamp(seconds: report.time.seconds))".filter { $0 != ":" && $0 != "-" }
            let path = directory.appending("verify-\(second)-\(report.runID).html")
            let content = Self.content(report, .html)
            try AtomicFile.write(content.span, to: path)
            try Self.clear(directory)
            return path
        }
    }

    private static func content(_ report: AppVerifyReport, _ form: Form) -> [UInt8] {
        let text =
            switch form {
            case .html: AppVerifyPage(report).html
            case .txt: report.lines.joined(separator: "\n") + "\n"
            case .json: report.json() + "\n"
            }
        return Array(text.utf8)
    }

    private static func clear(_ directory: BytePath) throws {
        let ours = try Directory.entries(of: directory).map(\.name).filter { $0.starts(with: Array("verify-".utf8)) }
        let newestFirst = ours.sorted { $1.lexicographicallyPrecedes($0) }
        for name in newestFirst.dropFirst(keptCount) { try Directory.remove(directory.appending(name)) }
    }
}
