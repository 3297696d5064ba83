// SettingsWriter: the short lifeboat.yaml that `lifeboat init` writes, which SettingsReader reads back.
//
// Only what cannot be detected is written as settings; what was found stands beside it as comments, so that the file keeps
// following the application when that changes.

package import Bytes

package struct SettingsWriter: Sendable {
    package let root: BytePath
    /// Nil leaves the name to detection.
    package let name: String?
    /// A path or an address.
    package let repository: String
    package let passwordFile: BytePath
    package let detected: DetectedApplication?

    package init(root: BytePath, name: String? = nil, repository: String, passwordFile: BytePath, detected: DetectedApplication? = nil) {
        self.root = root
        self.name = name
        self.repository = repository
        self.passwordFile = passwordFile
        self.detected = detected
    }

    /// The file's text, ending with a line break.
    /// - Throws: a path that is not UTF-8, which YAML cannot hold.
    package func text() throws(Failure) -> String {
        var lines = [
            "# lifeboat: what is protected, where it goes, and where the key is.",
            "# `lifeboat config show` prints everything in force, `lifeboat config schema` every key there is.",
        ]
        if let name {
            lines += ["app:", "  name: \(SettingsWriter.quoted(name))", "  root: \(try SettingsWriter.quoted(root))"]
        } else {
            lines.append("app: \(try SettingsWriter.quoted(root))")
        }
        lines.append("repository: \(SettingsWriter.quoted(repository))")
        lines += [
            "password_file: \(try SettingsWriter.quoted(passwordFile))    # without this file nobody can read the backups: keep a copy elsewhere", "",
        ]
        lines += detected.map(comments) ?? []
        lines += defaults
        return lines.joined(separator: "\n") + "\n"
    }

    private var defaults: [String] {
        let (goals, times, kept) = (Objectives.standard, Schedule.standard, Retention.standard)
        return [
            "# In force without being said here:",
            "# objectives: { rpo: \(goals.rpo.settingsText), rto: \(goals.rto.settingsText), drill_every: \(goals.drillEvery.settingsText) }",
            "# schedule: { database: \(times.database), files: \(times.files), config: \(times.config), verify: \(times.verify) }",
            "# retention: { last: \(kept.last), daily: \(kept.daily), weekly: \(kept.weekly), monthly: \(kept.monthly), minimum: \(kept.minimum) }",
        ]
    }

    private func comments(_ detected: DetectedApplication) -> [String] {
        let evidence = detected.evidence.isEmpty ? "" : " (\(detected.evidence.joined(separator: ", ")))"
        var lines = ["# Found: \(detected.framework)\(evidence)"]
        lines += detected.databases.map { "#   database  \($0.summary)" }
        if !detected.files.isEmpty { lines.append("#   files     " + detected.files.map(relative).joined(separator: ", ")) }
        if !detected.config.isEmpty { lines.append("#   config    " + detected.config.map(relative).joined(separator: ", ")) }
        lines += ["# To choose for yourself, say it under `sources:`; what is not said stays as found.", ""]
        return lines.map(SettingsWriter.withoutLineBreaks)
    }

    private func relative(_ path: BytePath) -> String {
        if path == root { return "all of \(path)" }
        guard root.contains(path) else { return "\(path)" }
        return "\(BytePath(names: Array(path.components.dropFirst(root.components.count)), absolute: false))"
    }

    /// A comment must stay one: nothing from the outside may begin a line of its own.
    private static func withoutLineBreaks(_ text: String) -> String {
        String(
            text.map { character in
                character.isNewline || character.unicodeScalars.contains { $0.properties.generalCategory == .control } ? " " : character
            })
    }

    private static func quoted(_ path: BytePath) throws(Failure) -> String {
        guard let text = String(validating: path.bytes, as: UTF8.self) else {
            throw Failure(.configInvalid, "the path '\(path)' is not UTF-8, and a settings file cannot name it", hint: "choose a path in UTF-8")
        }
        return quoted(text)
    }

    /// A YAML scalar that reads back as this text: plain where that is safe, in double quotes otherwise.
    static func quoted(_ text: String) -> String {
        let plain = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "/._-".unicodeScalars.contains($0))
        }
        let ambiguous =
            ["", "~", "-", "null", "true", "false", "yes", "no", "on", "off"].contains(text.lowercased()) || text.hasPrefix("-")
            || text.hasPrefix(".")
        if plain, !ambiguous { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                result += "\\x" + Hex.encode([UInt8(truncatingIfNeeded: scalar.value)])
            case "\u{2028}", "\u{2029}", "\u{FEFF}":
                result += "\\u" + Hex.encode([UInt8(truncatingIfNeeded: scalar.value >> 8), UInt8(truncatingIfNeeded: scalar.value)])
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
