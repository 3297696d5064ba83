// PathTemplate: where a snapshot is to be found, as restic's `mount --path-template` says it: "hosts/%h/%T".

import Bytes
import RepositoryEngine
import RepositoryFormat

struct PathTemplate: Sendable {
    private enum Part: Equatable {
        case text([UInt8])
        case slash
        case variable(Character)
    }

    private static let variables: Set<Character> = ["i", "I", "u", "h", "t", "T"]

    private let parts: [Part]

    init(_ text: String) throws(Failure) {
        var parts: [Part] = [], isVariable = false
        for character in text {
            if isVariable {
                isVariable = false
                guard PathTemplate.variables.contains(character) || character == "%" else {
                    throw Failure(.usage, "'%\(character)' in the path template '\(text)' stands for nothing", hint: "use %i, %I, %u, %h, %t and %T")
                }
                parts.append(character == "%" ? .text([UInt8(ascii: "%")]) : .variable(character))
            } else if character == "%" {
                isVariable = true
            } else {
                parts.append(character == "/" ? .slash : .text(Array(String(character).utf8)))
            }
        }
        guard !isVariable, parts.contains(where: { if case .variable = $0 { true } else { false } }) else {
            throw Failure(.usage, "the path template '\(text)' would give all snapshots the same place", hint: "use variables, as in 'hosts/%h/%T'")
        }
        self.parts = parts
    }

    var endsWithTime: Bool { parts.last == .variable("T") }

    /// The folders before the first variable.
    var leadingFolders: [[UInt8]] {
        let fixed = parts.prefix { if case .variable = $0 { false } else { true } }
        guard let end = fixed.lastIndex(of: .slash) else { return [] }
        return PathTemplate.names(fixed[..<end].map { part in if case .text(let text) = part { text } else { [BytePath.slash] } })
    }

    /// Names from the top down: one path, with %t one for each tag.
    /// - Parameter time: of the snapshot, as a name.
    func paths(for snapshot: CatalogedSnapshot, time: [UInt8]) -> [[[UInt8]]] {
        let file = snapshot.snapshot
        let tags: [String] = parts.contains(.variable("t")) ? file.tags : [""]
        return tags.map { tag in
            PathTemplate.names(
                parts.map { part in
                    switch part {
                    case .text(let text): text
                    case .slash: [BytePath.slash]
                    case .variable("i"): Array(snapshot.id.short.utf8)
                    case .variable("I"): Array(snapshot.id.hex.utf8)
                    case .variable("u"): FolderLayout.name(file.userName)
                    case .variable("h"): FolderLayout.name(file.hostName)
                    case .variable("t"): FolderLayout.name(tag)
                    case .variable: time
                    }
                })
        }
    }

    /// Pieces of names and slashes as names that a directory can have.
    private static func names(_ pieces: [[UInt8]]) -> [[UInt8]] {
        BytePath([BytePath.slash] + pieces.flatMap { $0 }).cleaned.components.map { Array($0.prefix(255)) }
    }
}
