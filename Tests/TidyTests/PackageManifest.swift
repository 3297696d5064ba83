// PackageManifest: reads the rooms and their dependencies out of Package.swift's text.
//
// Understands the two spellings used there: `room("Name", ["A", "B"], [product])` and `.executableTarget(name: "N", dependencies: [...]`.

struct DeclaredRoom: Sendable {
    let name: String
    let dependencies: [String]
    let line: Int
}

enum PackageManifest {
    static func rooms(in manifest: String) -> [DeclaredRoom] {
        let room = /\broom\(\s*"(\w+)",\s*\[([^\]]*)\]/
        let executable = /\.executableTarget\(\s*name:\s*"(\w+)",\s*dependencies:\s*\[([^\]]*)\]/
        return (manifest.matches(of: room) + manifest.matches(of: executable)).map { match in
            DeclaredRoom(
                name: String(match.output.1), dependencies: match.output.2.matches(of: /"(\w+)"/).map { String($0.output.1) },
                line: 1 + manifest[..<match.range.lowerBound].count { $0 == "\n" })
        }
    }

    static func findings(for declared: DeclaredRoom) -> [Finding] {
        guard let room = LayerTable.room(named: declared.name) else {
            let message = "'\(declared.name)' is no room of LayerTable.swift; add it there and to docs/ARCHITECTURE.md"
            return [Finding(path: "Package.swift", line: declared.line, message: message)]
        }
        return declared.dependencies.filter { !room.own.contains($0) }.map {
            Finding(
                path: "Package.swift", line: declared.line,
                message: "\(declared.name) must not depend on \($0): \(LayerTable.replacement(for: $0, in: room))")
        }
    }
}
