// InitReport: what `init` found, a line for each thing.

import Bytes
import Databases
import Operations
import Settings

struct InitReport {
    let findings: AppInit.Findings

    init(_ findings: AppInit.Findings) { self.findings = findings }

    private var good: String { Style.good.on(stdout: "✓") }
    private var warning: String { Style.warning.on(stdout: "!") }

    var lines: [String] {
        [application] + findings.databases.flatMap(database) + (findings.databases.isEmpty ? ["  \(warning) no database was found"] : [])
            + [files] + config
    }

    /// What was found and, unless it was a dry run, made.
    func json(_ places: AppInit.Places, _ outcome: AppInit.Outcome?) -> String {
        let databases = findings.databases.map { found in
            JSONLine().string("summary", found.database.summary).number("tables", found.probe.map { UInt64($0.tableCount) } ?? 0, omitZero: true)
                .string("problem", found.problem).text
        }
        var line = JSONLine("initialized").string("application", findings.name).string("framework", findings.detected.framework.description)
            .bytes("root", findings.detected.root.bytes).raw("databases", "[" + databases.joined(separator: ",") + "]")
            .number("file_count", findings.fileCount).number("byte_count", findings.byteCount)
            .bytes("repository", places.repository.bytes).bytes("key_file", places.keyFile.bytes)
        guard let outcome else { return line.bool("dry_run", true).text }
        line = line.bytes("settings_file", outcome.settingsFile.bytes).bool("key_was_made", outcome.keyWasMade)
            .bool("repository_was_made", outcome.repositoryWasMade)
        return line.strings("warnings", outcome.warnings).text
    }

    private var application: String {
        let detected = findings.detected
        let evidence = detected.evidence.isEmpty ? "" : " (\(detected.evidence.joined(separator: ", ")))"
        let kind = detected.framework == .generic ? "an application of no kind that lifeboat knows by name" : detected.framework.description
        let environment = findings.hasEnvironmentFile ? "      \(good) .env" + (detected.title.map { " (APP_NAME=\($0))" } ?? "") : ""
        return "  \(good) \(kind)\(evidence)\(environment)"
    }

    private func database(_ found: AppInit.Database) -> [String] {
        guard let probe = found.probe else { return ["  \(warning) \(found.database.summary): \(found.problem ?? "not usable")"] }
        let mode =
            probe.journalMode == .wal ? "WAL mode, saved without stopping writers" : "rollback journal, writers wait while it is copied"
        let size =
            "\(Wording.count(probe.tableCount, "table")), about \(Wording.count(probe.estimatedRowCount, "row")), \(ByteCount(probe.byteCount + probe.logByteCount))"
        let head = "  \(good) \(found.database.summary): \(size), \(mode)"
        return [head] + probe.advice.map { "    \(warning) \($0)" }
    }

    private var files: String {
        let names = findings.detected.files.map(relative).joined(separator: ", ")
        let skipped = findings.detected.skippedPaths.map(relative)
        let note = skipped.isEmpty ? "" : " (skipping \(skipped.joined(separator: ", ")))"
        return "  \(good) files: \(names): \(Wording.count(findings.fileCount, "file")), \(ByteCount(findings.byteCount))\(note)"
    }

    private var config: [String] {
        let names = findings.detected.config.map(relative)
        return names.isEmpty ? [] : ["  \(good) configuration: \(names.joined(separator: ", "))"]
    }

    private func relative(_ path: BytePath) -> String {
        let root = findings.detected.root
        if path == root { return "everything" }
        return root.contains(path)
            ? BytePath(names: Array(path.components.dropFirst(root.components.count)), absolute: false).description : path.description
    }
}
