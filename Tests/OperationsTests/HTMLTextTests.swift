// HTMLText: whatever is put into a page, it stays text.

import Operations
import TestKit
import Testing

@Suite struct `Text in a page` {
    @Test func `is escaped, markup is not`() {
        let name = "<b>\"Tom\" & 'Jerry'</b>"
        let page: HTMLText = "<p>\(name)</p>\(html: .joined(["<br>", "\(name)"]))"
        let escaped = "&lt;b&gt;&quot;Tom&quot; &amp; &#39;Jerry&#39;&lt;/b&gt;"
        #expect(page.text == "<p>\(escaped)</p><br>\(escaped)")
    }

    @Test func `never opens a tag, ends an attribute or turns the reading direction`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        let pieces = ["<", ">", "&", "\"", "'", "a", "é", "\u{202e}", "\u{0}", "\u{1b}", "&amp;", "</p>", "\u{2066}", "\n"]
        for _ in 0..<500 {
            let text = (0..<Int.random(in: 0...20, using: &random)).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
            let escaped = HTMLText(escaping: text).text
            #expect(!escaped.contains { "<>\"'\u{202e}\u{2066}\u{0}\u{1b}".contains($0) }, "seed \(seed)")
            let back = escaped.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"").replacing("&#39;", with: "'")
                .replacing("&amp;", with: "&")
            let visible = String(String.UnicodeScalarView(text.unicodeScalars.map { "\u{202e}\u{2066}\u{0}\u{1b}".unicodeScalars.contains($0) ? "\u{fffd}" : $0 }))
            #expect(back == visible, "seed \(seed)")
        }
    }
}
