// DotEnvTests: an env file means what it means to phpdotenv.

import Bytes
import Settings
import Testing

private func env(_ text: String, environment: [String: String] = [:]) -> DotEnv {
    DotEnv(Array(text.utf8), file: "/srv/a/.env", environment: environment)
}

@Suite struct `An env file` {
    @Test(arguments: [
        ("A=plain", "plain"), ("A = spaced ", "spaced"), ("export A=x", "x"), ("A=", ""), ("A=''", ""), ("A=\"\"", ""), ("'A'=x", "x"),
        ("A=a#b", "a"), ("A=a # b", "a"), ("A=\"a # b\" # c", "a # b"), ("A='a # b'", "a # b"), ("A=# only", ""),
        ("A=\"say \\\"hi\\\"\"", "say \"hi\""), ("A='no \\n escape'", "no \\n escape"), ("A=\"tab\\tline\\nend\"", "tab\tline\nend"),
        ("A=\"back\\\\slash\"", "back\\slash"), ("A=C:\\dir", "C:\\dir"), ("A=it's", "it's"), ("A=a=b=c", "a=b=c"), ("A=\"\\${B}\"", "${B}"),
        ("B=x\nA=${B}y", "xy"), ("B=x\nA=\"${B} y\"", "x y"), ("B=x\nA='${B}'", "${B}"), ("A=${MISSING}", "${MISSING}"), ("A=$B", "$B"),
        ("A=${B", "${B"),
        ("A=1\nA=2", "2"), ("A=\"two\nlines\"", "two\nlines"), ("A=\"two\r\nlines\"\r\nB=1", "two\nlines"),
        ("A=\"\nfirst\nlast\n\"", "\nfirst\nlast\n"),
        ("\u{FEFF}A=bom", "bom"), ("# A=no\n\n   # B\nA=yes", "yes"), ("A=x\rB=y", "x"), ("Ä.1=x\nA=${HOME}", "${HOME}"),
        ("A=base64:Zm9v+/=", "base64:Zm9v+/="),
    ]) func `gives the value that the application sees`(_ text: String, _ expected: String) {
        let file = env(text)
        #expect(file["A"] == expected)
        #expect(file.problems.isEmpty)
    }

    @Test func `finds outer variables only where it has none of its own`() {
        let file = env("OWN=a\nX=${OWN}/${OUTER}\n", environment: ["OWN": "b", "OUTER": "c"])
        #expect(file["X"] == "a/c")
        #expect(file["OUTER"] == nil)
    }

    @Test(arguments: [
        ("A=two words", "1 white space inside the value of A"), ("\n=x", "2 an equals sign without a name before it"),
        ("A B=x", "1 not the name of a variable"), ("A='open", "1 the quote in the value of A is never closed"),
        ("A=\"bad \\q\"", "1 an unknown escape in the value of A"), ("A=\"x\"y", "1 white space inside the value of A"),
    ]) func `reports a line that PHP would refuse and keeps the others`(_ text: String, _ expected: String) {
        let file = env(text + "\nGOOD=1")
        #expect(file.problems.map { "\($0.position.line) \($0.message)" } == [expected])
        #expect(file["GOOD"] == "1")
    }

    @Test func `takes null and empty as nothing where a setting is asked for`() {
        let file = env("A=null\nB=(empty)\nC=\nD=0\n")
        #expect(["A", "B", "C", "D", "E"].map { file.setting($0) } == [nil, nil, nil, "0", nil])
    }

    @Test func `never prints a value`() {
        let file = env("DB_PASSWORD=hunter2\nBROKEN=hunter2 hunter2\n")
        var dumped = ""
        dump(file, to: &dumped)
        #expect(!"\(file) \(String(reflecting: file)) \(dumped) \(file.problems)".contains("hunter2"))
        #expect("\(file)" == "/srv/a/.env: DB_PASSWORD")
    }

    @Test func `is bounded in size`() {
        let file = DotEnv([UInt8](repeating: UInt8(ascii: "A"), count: DotEnv.maximumByteCount + 1), file: "/e")
        #expect(file.problems.count == 1)
        #expect(file.names.isEmpty)
    }
}
