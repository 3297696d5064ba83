// FirstVerdict: the last words of `init`: whether the application can be brought back now, and what is not in order yet.

import Operations

struct FirstVerdict {
    private let status: AppStatusReport
    /// The first drill proved nothing.
    private let isDoubtful: Bool

    init(_ status: AppStatusReport, isDoubtful: Bool) {
        self.status = status
        self.isDoubtful = isDoubtful
    }

    var lines: [String] {
        let mark = status.verdict == .restorable && !isDoubtful ? Style.good.on(stdout: "✓") : Style.warning.on(stdout: "!")
        let doubt = isDoubtful ? [" \(mark) the first drill proved nothing: see above; then try `lifeboat drill` again"] : []
        return doubt + ["\(mark) \(status.verdict.rawValue). \(loss)", "`lifeboat status` says so at any time; `lifeboat restore` brings it back."]
    }

    private var loss: String {
        guard let seconds = status.worstCaseSeconds else { return "Not everything is saved yet." }
        let minutes = max(1, (seconds + 59) / 60)
        return "If this server died now you would lose at most \(minutes == 1 ? "1 minute" : "\(minutes) minutes") of data."
    }
}
