// HTMLText: markup as text, into which everything else goes only escaped.
//
//     "<p>\(name)</p>"                    <p>Tom &amp; Jerry</p>
//     "<ul>\(html: .joined(items))</ul>"   markup that is markup already
//
// The literal parts are written in this program; whatever is interpolated is a value from outside, unless it is HTMLText itself.

package struct HTMLText: Sendable, Hashable, ExpressibleByStringInterpolation {
    package private(set) var text: String

    package init(stringLiteral markup: String) { text = markup }
    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Any text, escaped.
    package init(escaping value: String) { text = HTMLText.escaped(value) }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity + 32 * interpolationCount) }
        package mutating func appendLiteral(_ markup: String) { text += markup }
        package mutating func appendInterpolation(_ value: some CustomStringConvertible) { text += HTMLText.escaped(value.description) }
        package mutating func appendInterpolation(html markup: HTMLText) { text += markup.text }
    }

    package static func joined(_ parts: some Sequence<HTMLText>) -> HTMLText {
        var whole: HTMLText = ""
        for part in parts { whole.text += part.text }
        return whole
    }

    package static func + (a: HTMLText, b: HTMLText) -> HTMLText { "\(html: a)\(html: b)" }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // Characters that do not show, among them those that reverse the direction of text, have no business in a report.
            case "\u{0}"..."\u{8}", "\u{b}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{200e}"..."\u{200f}", "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}":
                result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
