// PlantedViolationTests: shows every rule a file that breaks it. A check that cannot fail is worth nothing.

import Testing

private func file(_ path: String, _ text: String) -> SourceText { SourceText(path: path, text: text) }

@Suite struct `The import rule` {
    @Test(arguments: [
        "import Foundation", "package import Foundation", "@preconcurrency import Foundation", "@testable internal import Foundation",
        "@_spi(Private) public import Foundation", "import struct Foundation.Data", "import Foundation.NSURL",
        "private import class Foundation.FileManager",
        "import Bytes; import Foundation", "    import Foundation // for Data", "@_exported\timport  Foundation",
        "@_implementationOnly import Foundation",
    ])
    func `finds Foundation however it is imported`(_ statement: String) {
        let findings = TidyRules.imports(of: file("Sources/Stores/LocalStore.swift", "// LocalStore: files in folders.\n\(statement)\n"))
        #expect(findings.map(\.line) == [2])
        #expect(findings.allSatisfy { $0.message.contains("use Bytes") })
    }

    @Test(arguments: [
        ("FileTrees", "Glibc"), ("Stores", "CLinux"), ("RepositoryFormat", "COpenSSL"), ("RepositoryEngine", "CZstd"),
        ("Operations", "GRDB"),
        ("Operations", "Yams"), ("Operations", "ArgumentParser"), ("Archiving", "Databases"), ("Bytes", "HostOS"), ("Codecs", "HostOS"),
        ("Stores", "RepositoryEngine"), ("Journal", "Databases"), ("Settings", "Foundation"), ("lifeboat", "Transport"),
        ("Operations", "Transport"), ("Daemon", "Foundation"), ("Upkeep", "NeverHeardOf"), ("Bytes", "Glibc"), ("Codecs", "Dispatch"),
    ])
    func `keeps rooms apart`(_ room: String, _ module: String) {
        #expect(TidyRules.imports(of: file("Sources/\(room)/Any.swift", "import \(module)")).count == 1)
    }

    @Test(arguments: [
        ("HostOS", "Glibc"), ("Codecs", "COpenSSL"), ("Databases", "GRDB"), ("Journal", "GRDB"), ("Settings", "Yams"),
        ("lifeboat", "ArgumentParser"),
        ("lifeboat", "Foundation"), ("Archiving", "FileTrees"), ("Bytes", "Synchronization"), ("Transport", "Foundation"),
        ("Dashboard", "Hummingbird"),
    ])
    func `lets rooms have what is theirs`(_ room: String, _ module: String) {
        #expect(TidyRules.imports(of: file("Sources/\(room)/Any.swift", "package import \(module)")).isEmpty)
    }

    @Test func `is not misled by comments, literals and longer words`() {
        let comments = "// import Foundation\n/* import Glibc /* nested */ import GRDB */\n"
        let text = comments + "let text = \"\"\"\nimport Yams\n\"\"\"\nlet important = importance\n"
        #expect(TidyRules.imports(of: file("Sources/Bytes/Any.swift", text)).isEmpty)
    }

    @Test func `knows a folder that is no room`() {
        #expect(TidyRules.imports(of: file("Sources/Utils/Any.swift", "import Bytes")).count == 1)
    }

    @Test func `sees a dependency that Package.swift gives away`() {
        let rooms = PackageManifest.rooms(
            in: """
                x
                room(
                  "Archiving",
                  ["Bytes", "Databases"]), room("Bytes", [])
                .executableTarget(
                  name: "lifeboat", dependencies: ["Transport", parser])
                """)
        #expect(rooms.map(\.name) == ["Archiving", "Bytes", "lifeboat"])
        #expect(rooms.flatMap(PackageManifest.findings).map(\.line) == [2, 5])
    }
}

@Suite struct `The unsafe rule` {
    @Test(arguments: [
        "let x = unsafe pointer.pointee", "final class A: @unchecked Sendable {}", "nonisolated(unsafe) var count = 0",
        "extension A: @unchecked  Sendable {}",
        "let text = \"\\(unsafe pointer.pointee)\"",
    ])
    func `keeps the word out of other rooms`(_ code: String) {
        let elsewhere = file("Sources/Operations/Any.swift", "\n// Safe because: it is not\n\(code)")
        #expect(TidyRules.unsafeCode(in: elsewhere).map(\.line) == [3])
        #expect(TidyRules.unsafeCode(in: file("Sources/Databases/Engine.swift", code)).count == 1)
    }

    @Test func `wants a reason for unchecked sharing even inside the fence`() {
        let bare = "// Safe because: this belongs to someone else\nstruct B {}\nfinal class A: @unchecked Sendable {}"
        #expect(TidyRules.unsafeCode(in: file("Sources/HostOS/A.swift", bare)).map(\.line) == [3])
        #expect(TidyRules.unsafeCode(in: file("Sources/HostOS/A.swift", "nonisolated(unsafe) var a = 1")).count == 1)
    }

    @Test(arguments: ["Bytes", "HostOS", "Codecs", "Databases/SQLite"])
    func `lets the fenced rooms use it`(_ folder: String) {
        let text = "// Safe because: one owner at a time\n/// A buffer.\n@safe\nfinal class A: @unchecked Sendable { let b = unsafe c }"
        #expect(TidyRules.unsafeCode(in: file("Sources/\(folder)/A.swift", text)).isEmpty)
    }

    @Test func `does not mind prose`() {
        let text = "// unsafe in a comment\nlet a = \"unsafe in a string\"\nlet b = #\"raw \"unsafe\" text\"#\nlet unsafety = 1"
        #expect(TidyRules.unsafeCode(in: file("Sources/Operations/A.swift", text)).isEmpty)
    }
}

@Suite struct `The banned calls` {
    @Test(arguments: [
        "print(\"hello\")", "    Task.yield(); print (x)", "debugPrint(x)", "let a = try! read()", "let b = c as! Int",
        "fatalError(\"no\")", "let s = \"\\(try! read())\"",
    ])
    func `are found`(_ code: String) {
        #expect(TidyRules.bannedCalls(in: file("Sources/Operations/A.swift", "let x = 1\n\(code)")).map(\.line) == [2])
    }

    @Test(arguments: [
        // `try !x` is a negation: Swift itself tells it from `try!` by the space.
        "fingerprint(x)", "printer.print(x)", "let a = \"print(x) and try! and as! and fatalError(\"", "// print(x), as! it was",
        "if try !isDone {}",
        "let c = a as? Int", "try? read()", "let isBlank = has != nil",
    ])
    func `are not seen where they are not`(_ code: String) {
        #expect(TidyRules.bannedCalls(in: file("Sources/Operations/A.swift", code)).isEmpty)
    }

    @Test func `may print in the program and in test support`() {
        #expect(TidyRules.bannedCalls(in: file("Sources/lifeboat/A.swift", "print(x)")).isEmpty)
        #expect(TidyRules.bannedCalls(in: file("Sources/TestKit/A.swift", "print(x)")).isEmpty)
    }
}

@Suite struct `The rules of shape` {
    @Test(arguments: ["FIX" + "ME", "TO" + "DO", "X" + "XX"])
    func `find notes to self, in comments too`(_ note: String) {
        #expect(TidyRules.leftovers(in: file("Sources/Bytes/A.swift", "// A: a letter.\n// \(note): later")).map(\.line) == [2])
        #expect(TidyRules.leftovers(in: file("Sources/Bytes/A.swift", "let template = \"lifeboat-XXXXXX\"")).isEmpty)
    }

    @Test(arguments: ["", "import Bytes", "\n// Hex: two digits a byte.", "// Hex", "/// Hex", "/* Hex: two digits */"])
    func `find a missing header`(_ text: String) {
        #expect(TidyRules.header(of: file("Sources/Bytes/A.swift", text)).count == 1)
    }

    @Test func `accept a header`() {
        #expect(TidyRules.header(of: file("Sources/Bytes/A.swift", "// Hex: two digits a byte.\n")).isEmpty)
    }

    @Test func `count lines as wc does`() {
        let line = "let a = 1\n"
        #expect(TidyRules.length(of: file("Sources/Bytes/A.swift", String(repeating: line, count: 450))).isEmpty)
        #expect(TidyRules.length(of: file("Sources/Bytes/A.swift", String(repeating: line, count: 451))).count == 1)
    }

    @Test func `find paths of the place of building`() {
        #expect(TidyRules.wordsOfTheBuildPlace(in: file("docs/a.md", "see\n/" + "work/main/docs")).map(\.line) == [2])
        #expect(TidyRules.wordsOfTheBuildPlace(in: file("docs/a.md", "the work/life balance of /srv/app")).isEmpty)
    }
}

@Suite struct `The scanner of sources` {
    @Test func `keeps code, lines and columns, and blanks the rest`() {
        let text = "let a = \"x\\\"y\" // z\nlet b = \"\"\"\n  \"q\" \\(f(\"in\", g))\n  \"\"\" + #\"\\(no)\"# + c"
        let code = SourceText(path: "a.swift", text: text).codeLines
        #expect(code.count == 4)
        #expect(zip(code, text.split(separator: "\n", omittingEmptySubsequences: false)).allSatisfy { $0.utf8.count == $1.utf8.count })
        #expect(code[0].trimmed == "let a =")
        #expect(code[1].trimmed == "let b =")
        #expect(code[2].trimmed == "f(    , g)")
        #expect(code[3].trimmed == "+" + String(repeating: " ", count: 11) + "+ c")
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
