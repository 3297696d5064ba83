// DocumentedBlock: one fenced block of commands in a page of the documentation, and what its fence says about it.
//
//   ```sh                   every line is a command
//   ```console              lines that begin with "$ " are commands, "> " continues one, the rest is what they print
//
// Further words on the fence:
//   exact           what the commands print is compared, character by character
//   exits-N         the last command ends with this exit status instead of 0
//   fresh           begins in a new sandbox: nothing that earlier blocks of the page made is there
//   no-run:REASON   cannot be run by a test; the reasons are a fixed list, each with the programs it excuses

struct DocumentedBlock: Sendable, CustomStringConvertible {
    /// Why a block is not run, and the first words its commands may have.
    static let excuses: [String: Set<String>] = [
        // It would build this project inside a test of itself.
        "builds": ["make", "swift", "git", "cd", ".ci/run", "LIFEBOAT_ENGINE_ONLY=1"],
        // It would change the system the test runs on.
        "installs": ["sudo", "make"],
        // It needs FUSE, which is not everywhere, and stays until somebody ends it. MountTests does the same.
        "mounts": ["lifeboat", "mkdir", "ls", "cp", "diff", "fusermount3"],
    ]

    let page: String
    /// Of the opening fence, counted from 1.
    let line: Int
    let language: String
    let words: Set<String>
    let lines: [String]

    var description: String { "\(page):\(line)" }

    var isExact: Bool { words.contains("exact") }
    var startsFresh: Bool { words.contains("fresh") }
    /// Nil if the block is to be run.
    var excuse: String? { words.first { $0.hasPrefix("no-run") }.map { String($0.dropFirst("no-run:".count)) } }
    var expectedStatus: Int32 { words.first { $0.hasPrefix("exits-") }.flatMap { Int32($0.dropFirst("exits-".count)) } ?? 0 }

    /// The commands alone.
    var commands: [String] {
        language == "sh" ? lines : lines.filter { $0.hasPrefix("$ ") || $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
    }

    /// What the page says that they print.
    var expectedOutput: String {
        language == "sh" ? "" : lines.filter { !$0.hasPrefix("$ ") && !$0.hasPrefix("> ") }.map { $0 + "\n" }.joined()
    }

    /// Words on the fence that mean nothing here.
    var unknownWords: Set<String> {
        words.filter { word in
            !["exact", "fresh"].contains(word) && !(word.hasPrefix("exits-") && Int32(word.dropFirst("exits-".count)) != nil)
                && !word.hasPrefix("no-run")
        }
    }
}

/// A page of the documentation as text.
struct DocumentationPage: Sendable, CustomStringConvertible {
    /// Below the root of the repository.
    let path: String
    let text: String

    var description: String { path }

    /// Every block of commands, in order. Other blocks (yaml, swift, plain) are none.
    var blocks: [DocumentedBlock] {
        var found: [DocumentedBlock] = []
        var fence: (line: Int, indent: String, words: [String])?
        var content: [String] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let isFence = line.drop { $0 == " " }.hasPrefix("```")
            if let opening = fence, !isFence {
                content.append(String(line.hasPrefix(opening.indent) ? line.dropFirst(opening.indent.count) : line))
            } else if let opening = fence {
                if let language = opening.words.first, ["sh", "console"].contains(language) {
                    let words = Set(opening.words.dropFirst())
                    found.append(DocumentedBlock(page: path, line: opening.line, language: language, words: words, lines: content))
                }
                fence = nil
            } else if isFence {
                let words = line.drop { $0 == " " }.dropFirst(3).split(separator: " ").map(String.init)
                fence = (index + 1, String(line.prefix { $0 == " " }), words)
                content = []
            }
        }
        return found
    }

    /// Where the links of the page lead, without those to other sites and within the page.
    var relativeLinks: [String] {
        text.matches(of: /\]\(([^)\s]+)\)/).map { String($0.output.1) }
            .filter { !$0.contains("://") && !$0.hasPrefix("#") && !$0.hasPrefix("mailto:") }
            .map { String($0.prefix { $0 != "#" }) }
    }
}
