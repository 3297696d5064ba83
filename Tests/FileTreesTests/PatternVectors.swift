// PatternVectors: the recorded behaviour of the original on one tree, 161 cases.

import Foundation
import Testing

struct PatternCase: CustomStringConvertible, Sendable {
    enum Kind: String { case backup, restore }
    let number: Int
    let kind: Kind
    let option: String
    let patterns: [String]
    let fileContent: [UInt8]?
    let environment: [String: String]
    let targets: [String]
    let subfolder: String?
    let isRefused: Bool
    /// Paths that remain (backup) or are restored.
    let expected: Set<String>

    /// Patterns given as options, and nothing else.
    var isPlainExclusion: Bool { kind == .backup && targets == ["/data"] && !isRefused && !patterns.isEmpty }

    var description: String {
        let content = fileContent.map { String(decoding: $0, as: UTF8.self).debugDescription } ?? ""
        return "case \(number): \(option) \(patterns) \(content)"
    }
}

struct PatternVectors {
    let allPaths: [String]
    let cases: [PatternCase]

    /// Empty if the file cannot be read; a test counts the cases.
    static let shared = (try? PatternVectors(reading: ())) ?? PatternVectors(allPaths: [], cases: [])

    private init(allPaths: [String], cases: [PatternCase]) {
        self.allPaths = allPaths
        self.cases = cases
    }

    private init(reading: Void) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("RepositoryFormatTests/Vectors/patterns.json")
        let json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        let paths = try #require(json["all_paths"] as? [String])
        allPaths = paths
        cases = try #require(json["cases"] as? [[String: Any]]).enumerated().map { number, fields in
            let kind = try #require(PatternCase.Kind(rawValue: fields["kind"] as? String ?? ""))
            let kept = fields["restored"] as? [String] ?? fields["excluded_all_except"] as? [String]
            let expected = kept.map { Set($0) } ?? Set(paths).subtracting(fields["excluded"] as? [String] ?? [])
            let environment = (fields["env"] as? String ?? "").split(separator: " ").map { $0.split(separator: "=").map(String.init) }
            return PatternCase(
                number: number, kind: kind, option: fields["option"] as? String ?? "", patterns: fields["patterns"] as? [String] ?? [],
                fileContent: (fields["file_content"] as? String)?.unicodeScalars.map { UInt8($0.value) },
                environment: Dictionary(environment.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 }),
                targets: fields["targets"] as? [String] ?? ["/data"], subfolder: fields["subfolder"] as? String,
                isRefused: fields["exit_code"] as? Int == 1, expected: expected)
        }
    }
}
