// TextTargets: what people write and programs leave behind: settings, env files, patterns.

import Bytes
import FileTrees
import Settings

extension FuzzTarget {
    static let textTargets: [FuzzTarget] = [
        FuzzTarget("settings") { bytes in
            let settings = try SettingsReader.read(bytes, file: "/etc/lifeboat/lifeboat.yaml")
            _ = settings.position(of: "app.root")
        },
        FuzzTarget("env-file") { bytes in
            let env = DotEnv(bytes, file: "/srv/a/.env", environment: ["OUTER": "value"])
            for name in env.names { try BrokenLaw.unless(env[name] != nil, "a name without a value") }
            try BrokenLaw.unless(env.names.reduce(0) { $0 + ($1.utf8.count) } <= 3 * bytes.count, "more names than bytes")
            let again = DotEnv(bytes, file: "/srv/a/.env", environment: ["OUTER": "value"])
            try BrokenLaw.unless(again.names == env.names, "the same file has other names the second time")
        },
        FuzzTarget("patterns", maximumByteCount: 1024, patterns),
    ]

    /// Lines of patterns, a zero byte, a path.
    private static func patterns(_ bytes: [UInt8]) throws {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let texts = PatternFile.patterns(in: Array(parts[0])) { $0 == "A" ? "value" : nil }
        let path = SplitPath(BytePath([BytePath.slash] + (parts.count > 1 ? Array(parts[1]) : Array("a/b".utf8))).cleaned)
        for ignoringCase in [false, true] {
            let list = try PatternList(texts, ignoringCase: ignoringCase)
            let matches = list.matches(path), selected = list.select(path)
            try BrokenLaw.unless(selected.isMatched == matches, "a path is matched or not, depending on how one asks")
            let selection = Selection.excluding([list]).select(path)
            try BrokenLaw.unless(selection.isSelected != matches, "an excluded path is selected")
        }
    }
}
