// TextRules: texts with a form of their own: names, addresses, patterns.

import Bytes

enum TextRules {
    /// The `app=NAME` tag of snapshots; restic separates tags with commas.
    static let applicationName = TextRule(expectation: "a name") { text in
        if text.contains(",") { return MeasureError(reason: "contains a comma", suggestion: "leave it out: the name becomes a tag of snapshots") }
        return printable(text, atMost: 100)
    }

    /// Names used in commands and tags.
    static let name = TextRule(expectation: "a name of letters, digits, '.', '_' and '-'") { text in
        let good = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "._-".unicodeScalars.contains($0))
        }
        guard good, text.utf8.count <= 64 else {
            return MeasureError(reason: "is not a usable name: '\(clipped(text))'", suggestion: "use up to 64 letters, digits, '.', '_' and '-'")
        }
        return nil
    }

    static let variableName = TextRule(expectation: "the name of a variable") { text in
        let good = text.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_") }
        guard good, text.first?.isNumber != true, text.utf8.count <= 128 else {
            return MeasureError(
                reason: "is not the name of a variable", suggestion: "write the name alone, for example LIFEBOAT_PASSWORD: never the secret itself")
        }
        return nil
    }

    /// The text is not repeated: it may be the secret itself, written in the wrong place.
    static let credentialName = TextRule(expectation: "the name of a systemd credential") { text in
        name.check(text) == nil
            ? nil
            : MeasureError(
                reason: "is not the name of a systemd credential", suggestion: "write the name given to LoadCredential=: never the secret itself")
    }

    static let variablePrefix = TextRule(expectation: "the prefix of variables, such as DB") { text in
        if text.hasSuffix("_") || text.contains("$") || variableName.check(text) != nil {
            return MeasureError(
                reason: "is not a prefix of variables: '\(clipped(text))'", suggestion: "write DB for DB_CONNECTION, DB_HOST, DB_DATABASE …")
        }
        return nil
    }

    static let timeZone = TextRule(expectation: "a time zone such as Europe/Kyiv or UTC") { text in
        let good = text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            part.first?.isLetter == true && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "+") }
        }
        guard good, text.utf8.count <= 64 else {
            return MeasureError(reason: "is not a time zone: '\(clipped(text))'", suggestion: "write an IANA name such as Europe/Kyiv, or UTC")
        }
        return nil
    }

    static let pattern = TextRule(expectation: "a pattern") { text in
        if ["/", "/**", "**", "*", "/*"].contains(text) {
            return MeasureError(reason: "would leave everything out: '\(text)'", suggestion: "name what is to be left out, or `files: false`")
        }
        return printable(text, atMost: 4096)
    }

    static let repositoryURL = TextRule(expectation: "a path or a URL") { text in
        if RepositoryScheme.holdsPassword(text) {
            return MeasureError(reason: "holds a password", suggestion: "leave user and password out of the URL and say `credentials: { file: … }`")
        }
        guard let scheme = RepositoryScheme.scheme(of: text) else { return pathProblem(text) }
        if scheme == "local" { return pathProblem(String(text.dropFirst("local:".count))) }
        if scheme == "http" || scheme == "https" {
            return MeasureError(reason: "does not say which kind of server this is", suggestion: "write rest:\(scheme)://… or s3:\(scheme)://…")
        }
        if scheme == "file" { return MeasureError(reason: "is a file: URL", suggestion: "write the path alone: /mnt/backup/sms") }
        if RepositoryScheme.throughRclone.contains(scheme) {
            return MeasureError(reason: "has the scheme '\(scheme):', which is reached through rclone only", suggestion: "write rclone:REMOTE:PATH")
        }
        guard RepositoryScheme.network.contains(scheme) else {
            let meant = NearestName.suggestion(for: scheme, among: RepositoryScheme.network + ["local"]).map { "did you mean '\($0):'?" }
            return MeasureError(
                reason: "has the unknown scheme '\(clipped(scheme)):'",
                suggestion: meant ?? "write a path, or sftp:, s3:, rest: or rclone: and the rest of the address")
        }
        if text.utf8.count <= scheme.utf8.count + 1 { return MeasureError(reason: "names no place after '\(scheme):'", suggestion: nil) }
        return printable(text, atMost: 4096)
    }

    static let webAddress = TextRule(expectation: "a URL such as https://hc.example/aaaa") { text in
        guard ["https://", "http://"].contains(where: { text.hasPrefix($0) && text.count > $0.count }) else {
            return MeasureError(reason: "is not a web address", suggestion: "write https:// and the rest of the address")
        }
        return printable(text, atMost: 4096)
    }

    static let notificationAddress = TextRule(expectation: "an address such as mailto:it@school.example") { text in
        let schemes = ["mailto:", "https://", "http://", "ntfy://", "ntfy:"]
        if schemes.contains(where: { text.hasPrefix($0) && text.count > $0.count }) { return printable(text, atMost: 4096) }
        let suggestion = text.contains("@") && !text.contains(":") ? "write mailto:\(clipped(text))" : "begin with mailto:, https: or ntfy:"
        return MeasureError(reason: "has no known kind of address", suggestion: suggestion)
    }

    /// `127.0.0.1:8250`, `[::1]:8250`, `localhost:8250`.
    static let listenAddress = TextRule(expectation: "an address such as 127.0.0.1:8250") { text in
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex, let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else {
            return MeasureError(reason: "is not an address with a port", suggestion: "write 127.0.0.1:8250")
        }
        return printable(text, atMost: 256)
    }

    static let expectation = TextRule(expectation: "a comparison such as '>= 500'") { text in
        Expectation(parsing: text) == nil
            ? MeasureError(reason: "is not a comparison: '\(clipped(text))'", suggestion: "write an operator and a number: \">= 500\"") : nil
    }

    /// What a path must not be, for paths anywhere in the file.
    static func pathProblem(_ text: String) -> MeasureError? {
        if text.isEmpty { return MeasureError(reason: "is an empty path", suggestion: "write a path, or '.' for the directory itself") }
        if text.hasPrefix("~") { return MeasureError(reason: "begins with '~', which is not expanded here", suggestion: "write the full path") }
        if text.hasPrefix("file:") { return MeasureError(reason: "is a file: URL", suggestion: "write the path alone") }
        if text.hasPrefix("$") || text.contains("${") {
            return MeasureError(reason: "contains a variable, which is not expanded here", suggestion: "write the full path")
        }
        return printable(text, atMost: 4096)
    }

    private static func printable(_ text: String, atMost limit: Int) -> MeasureError? {
        if text.utf8.count > limit { return MeasureError(reason: "is longer than \(limit) bytes", suggestion: nil) }
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return MeasureError(reason: "contains a control character", suggestion: "check the quotes: inside \"…\" a backslash begins an escape")
        }
        return nil
    }
}
