// PathListing: files that name what to save, in three forms.
//
// patterns   one a line, trimmed; empty lines and those starting with `#` are dropped; wildcards as the shell's, resolved here. A pattern that
//            finds nothing is told, and nothing else.
// verbatim   one path a line, as it stands; empty lines are dropped.
// raw        paths that each end with a zero byte, as `find -print0` writes them: for names with line ends.

package import Bytes
import HostOS

package enum PathListing: Sendable {
    case patterns, verbatim, raw

    /// More than any list of a hundred thousand long paths.
    package static let maximumByteCount = 256 << 20

    /// The paths that `content` names.
    /// - Parameters:
    ///   - name: of the file, for errors.
    ///   - onUnmatched: hears of patterns that find nothing.
    package func paths(in content: [UInt8], of name: String, onUnmatched: (BytePath) -> Void) throws -> [BytePath] {
        switch self {
        case .verbatim:
            return CodePoints.decodingByteOrderMark(content).split(separator: UInt8(ascii: "\n")).map { line in
                BytePath(line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : Array(line))
            }.filter { !$0.bytes.isEmpty }
        case .raw:
            if content.isEmpty { return [] }
            guard content.last == 0 else {
                throw Failure(
                    .usage, "the list of files '\(name)' does not end with a zero byte, so its last name may be cut off",
                    hint: "write it with `find … -print0`, or give a list of lines with --files-from-verbatim")
            }
            let names = content.dropLast().split(separator: 0, omittingEmptySubsequences: false)
            guard !names.contains(where: \.isEmpty) else {
                throw Failure(.usage, "the list of files '\(name)' holds an empty name", hint: "write it with `find … -print0`")
            }
            return names.map { BytePath(Array($0)) }
        case .patterns:
            var paths: [BytePath] = []
            for line in CodePoints.decodingByteOrderMark(content).split(separator: UInt8(ascii: "\n")) {
                let text = CodePoints.trimmed(Array(line))
                if text.isEmpty || text.first == UInt8(ascii: "#") { continue }
                let found = try PathWildcard(text).matches()
                if found.isEmpty { onUnmatched(BytePath(text)) }
                paths += found
            }
            return paths
        }
    }
}

/// A path in which each name may be a pattern, as a shell resolves it; but `*` finds hidden names too.
struct PathWildcard {
    private let isAbsolute: Bool
    private let elements: [(text: [UInt8], wildcard: Wildcard)]

    init(_ text: [UInt8]) throws(FileTreeError) {
        isAbsolute = text.first == BytePath.slash
        var elements: [(text: [UInt8], wildcard: Wildcard)] = []
        for element in text.split(separator: BytePath.slash) {
            guard let wildcard = Wildcard(Array(element)) else { throw .malformedPattern(text) }
            elements.append((Array(element), wildcard))
        }
        self.elements = elements
    }

    /// The paths that exist, in the order of names.
    func matches() -> [BytePath] {
        var found = [isAbsolute ? BytePath.root : BytePath("")]
        for (text, wildcard) in elements {
            found = found.flatMap { base -> [BytePath] in
                if case .literal(let name) = wildcard { return [PathWildcard.below(base, name)].filter { exists($0) } }
                let directory = base.bytes.isEmpty ? BytePath(".") : base
                guard let entries = try? Directory.entries(of: directory) else { return [] }
                let names = entries.map(\.name).filter { wildcard.matches($0) }.sorted { $0.lexicographicallyPrecedes($1) }
                // A file may really be called like the pattern, brackets and all.
                if names.isEmpty, exists(PathWildcard.below(base, text)) { return [PathWildcard.below(base, text)] }
                return names.map { PathWildcard.below(base, $0) }
            }
        }
        return found.filter { !$0.bytes.isEmpty }
    }

    private static func below(_ base: BytePath, _ name: [UInt8]) -> BytePath { base.bytes.isEmpty ? BytePath(name) : base.appending(name) }

    private func exists(_ path: BytePath) -> Bool { ((try? FileStatus.ifExists(path)) ?? nil) != nil }
}
