// What comes through a pipe, and what lists of paths name, as snapshots that both programs understand.

import Bytes
import Foundation
import HostOS
import RepositoryFormat
import TestKit
import Testing

@Suite struct `A backup of a stream` {
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.makeRepository()
        return workshop
    }

    private func restoredByRestic(_ workshop: Workshop, _ path: String) throws -> [UInt8] {
        let dumped = try workshop.restic.run(["dump", "latest", path])
        try #require(dumped.exitStatus == 0, "\(dumped.errorText)")
        return dumped.output
    }

    @Test func `holds what came on standard input under the name that was asked for`() throws {
        let workshop = try workshop(), text = String(repeating: "INSERT INTO grades VALUES (1, 'four');\n", count: 100_000)
        let saved = try workshop.lifeboat().run(["backup", "files", "--stdin", "--stdin-filename", "dumps/school.sql", "--json"], input: text)
        #expect(saved.exitStatus == 0 && saved.outputText.contains(#""total_bytes_processed":\#(text.utf8.count)"#), "\(saved.errorText)\(saved.outputText)")
        #expect(try restoredByRestic(workshop, "/dumps/school.sql") == Array(text.utf8))
        #expect(try workshop.lifeboat("ls", "latest").outputText.hasSuffix("/dumps\n/dumps/school.sql\n"))
        try workshop.requireCleanCheck()
    }

    @Test(arguments: [1, (512 << 10) - 1, 512 << 10, (512 << 10) + 1, 20_000_011])
    func `holds every byte of a command's output, in the same blobs as a file`(count: Int) throws {
        let workshop = try workshop()
        var random = SeededRandom(seed: UInt64(count))
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        try AtomicFile.write(bytes.span, to: workshop.scratch["stdin"])
        try workshop.lifeboat("backup", "files", "--stdin-from-command", "--", "cat", "stdin")
        #expect(try restoredByRestic(workshop, "/stdin") == bytes)
        let again = try workshop.lifeboat("backup", "files", "stdin", "--json")
        #expect(again.outputText.contains(#""data_blobs":0"#), "\(again.outputText)")
        try workshop.requireCleanCheck()
    }

    @Test func `is not made of what a failing command printed, of nothing, or of a path`() throws {
        let workshop = try workshop()
        let failed = try workshop.lifeboat("backup", "files", "--stdin-from-command", "--", "sh", "-c", "echo half; echo trouble >&2; exit 3", status: 1)
        #expect(failed.errorText.hasPrefix("trouble\nerror: the command 'sh' ended with exit status 3, so no snapshot was made\n"), "\(failed.errorText)")
        try workshop.lifeboat("backup", "files", "--stdin-from-command", "--", "sh", "-c", "kill -9 $$", status: 1)
        try workshop.lifeboat("backup", "files", "--stdin-from-command", "--", "true", status: 1)
        try workshop.lifeboat("backup", "files", "--stdin-from-command", "--", "/no/such/program", status: 1)
        try workshop.lifeboat("backup", "files", "--stdin-from-command", status: 64)
        try workshop.lifeboat("backup", "files", "--stdin", status: 1)
        try workshop.lifeboat("backup", "files", "--stdin", "home", status: 64)
        try workshop.lifeboat("backup", "files", "--stdin", "--stdin-filename", "..", status: 64)
        #expect(try workshop.lifeboat("snapshots").outputText.hasSuffix("0 snapshots\n"))
    }

    @Test func `changes nothing when it is dry`() throws {
        let workshop = try workshop()
        let dry = try workshop.lifeboat("backup", "files", "--dry-run", "--stdin-from-command", "--", "echo", "hello")
        #expect(dry.outputText.contains("dry run: nothing was saved"))
        #expect(try workshop.lifeboat("snapshots").outputText.hasSuffix("0 snapshots\n"))
    }

    @Test func `ends when it is asked to, although nothing comes`() throws {
        let workshop = try workshop()
        let ended = try workshop.lifeboat().run(["backup", "files", "--stdin-from-command", "--", "sleep", "60"], signal: "INT", afterMilliseconds: 700)
        #expect(ended.exitStatus == 130, "\(ended.errorText)")
        // It may also have said all it has to say, and go on.
        let silent = try workshop.lifeboat().run(
            ["backup", "files", "--stdin-from-command", "--", "sh", "-c", "echo x; exec >&-; sleep 60"], signal: "INT", afterMilliseconds: 700)
        #expect(silent.exitStatus == 130, "\(silent.errorText)")
        #expect(try workshop.lifeboat("snapshots").outputText.hasSuffix("0 snapshots\n"))
    }
}

@Suite struct `A list of what to save` {
    private func workshop() throws -> Workshop {
        let workshop = try Workshop()
        for name in ["one.txt", "two.txt", "#three", " four ", "five\nsix", "st[a]r"] { try workshop.scratch.add(BytePath(name), .file("1")) }
        try workshop.makeRepository()
        return workshop
    }

    private func saved(_ workshop: Workshop, _ option: String, _ content: String, status: Int32 = 0) throws -> Set<String> {
        try AtomicFile.write(Array(content.utf8).span, to: workshop.scratch["list"])
        let result = try workshop.lifeboat("backup", "files", option, "list", status: status)
        if status == 0, content.contains("nothing") { #expect(result.errorText == "warning: 'nothing*' of the list 'list' finds nothing\n") }
        let listing = try workshop.restic("ls", "latest", "--json").outputText
        return Set(listing.components(separatedBy: #""path":""#).dropFirst().map { $0.components(separatedBy: #"","#)[0] })
    }

    @Test func `is a pattern a line, with comments, and says what finds nothing`() throws {
        let workshop = try workshop()
        #expect(try saved(workshop, "--files-from", "# what to save\n\n  *.txt  \nst[a]r\nnothing*\n") == ["/one.txt", "/two.txt", "/st[a]r"])
        let none = try workshop.lifeboat().run(["backup", "files", "--files-from", "-"], input: "nothing*\n")
        #expect(none.exitStatus == 64 && none.errorText.contains("nothing to save was named"))
    }

    @Test func `is a path a line as it stands, or ends each with a zero byte`() throws {
        let workshop = try workshop()
        #expect(try saved(workshop, "--files-from-verbatim", "#three\n four \n\nst[a]r\n") == ["/#three", "/ four ", "/st[a]r"])
        #expect(try saved(workshop, "--files-from-raw", "five\nsix\0one.txt\0") == [#"/five\nsix"#, "/one.txt"])
        for broken in ["one.txt", "one.txt\0\0two.txt\0"] {
            try AtomicFile.write(Array(broken.utf8).span, to: workshop.scratch["list"])
            try workshop.lifeboat("backup", "files", "--files-from-raw", "list", status: 64)
        }
    }

    @Test func `of patterns to leave out may ignore upper and lower case`() throws {
        let workshop = try workshop()
        try workshop.scratch.add("data", .directory)
        for name in ["A.JPG", "b.jpg", "c.txt"] { try workshop.scratch.add(BytePath("data/\(name)"), .file("1")) }
        try AtomicFile.write(Array("# pictures\n*.Jpg\n".utf8).span, to: workshop.scratch["list"])
        try workshop.lifeboat("backup", "files", "data", "--iexclude-file", "list")
        #expect(try workshop.lifeboat("ls", "latest").outputText.hasSuffix("/data\n/data/c.txt\n"))
    }
}
