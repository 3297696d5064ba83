// RepositoryTree: the files of this checkout, found from the place of this source file.

import Foundation

enum RepositoryTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let codeExtensions: Set<String> = ["swift", "c", "h"]
    private static let textExtensions: Set<String> = ["swift", "c", "h", "md", "sh", "sql", "pl", "py", "yaml", "yml", "modulemap", ""]
    private static let largestTextByteCount = 2 << 20

    /// Every source file below one top-level folder.
    static func code(below folder: String) throws -> [SourceText] {
        try files(below: folder) { codeExtensions.contains($0.pathExtension) }
    }

    /// Everything a person reads: sources, documents, scripts, the files at the top. Not test vectors: their paths are data.
    static func allText() throws -> [SourceText] {
        try files(below: "") { textExtensions.contains($0.pathExtension) }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func folders(below folder: String) throws -> [String] {
        let keys: [URLResourceKey] = [.isDirectoryKey]
        return try FileManager.default.contentsOfDirectory(at: root.appending(path: folder), includingPropertiesForKeys: keys)
            .filter { try $0.resourceValues(forKeys: Set(keys)).isDirectory == true }
            .map(\.lastPathComponent).sorted()
    }

    private static func files(below folder: String, where isWanted: (URL) -> Bool) throws -> [SourceText] {
        let start = folder.isEmpty ? root : root.appending(path: folder)
        let keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey]
        guard let walk = FileManager.default.enumerator(at: start, includingPropertiesForKeys: keys) else { return [] }
        var found: [SourceText] = []
        for case let url as URL in walk {
            if isForeign(url.lastPathComponent) {
                walk.skipDescendants()
                continue
            }
            let values = try url.resourceValues(forKeys: Set(keys))
            guard values.isRegularFile == true, (values.fileSize ?? 0) <= largestTextByteCount, isWanted(url) else { continue }
            let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
            let path = url.path.dropFirst(root.path.count).drop { $0 == "/" }
            found.append(SourceText(path: String(path), text: text))
        }
        return found.sorted { $0.path < $1.path }
    }

    /// What git does not track here: build products and git's own folder.
    private static func isForeign(_ name: String) -> Bool {
        name == ".git" || name == ".build" || name.hasPrefix(".build-") || name == "Package.resolved"
    }
}
