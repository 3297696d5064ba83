// SettingsText: the settings in force as text. Secrets are named by their place; they are not in these values at all.

import Bytes
import Operations
import Settings

struct SettingsText {
    private let settings: SettingsFile
    private let application: ResolvedApplication

    init(_ settings: SettingsFile, _ application: ResolvedApplication) {
        self.settings = settings
        self.application = application
    }

    /// The settings applied to this machine, without opening anything.
    static func resolved(_ settings: SettingsFile) throws -> ResolvedApplication {
        let probe = HostProbe()
        let root = BytePath.resolve(settings.app.root, in: settings.file.parent)
        return try resolve(settings, env: .read(settings.app.environmentFile, root: root, probe: probe), probe: probe)
    }

    /// Key and value, in the order they are shown. Values that are lists have several.
    private var entries: [(key: String, values: [String])] {
        let goals = application.objectives, times = application.schedule
        var entries: [(String, [String])] = [
            ("file", ["\(settings.file)"]), ("application", [application.name]), ("title", [application.title]),
            ("framework", ["\(application.framework)"]), ("root", ["\(application.root)"]),
            ("database", application.databases.map(\.summary)),
        ]
        if let files = application.files {
            entries += [
                ("files", files.paths.map(\.description)), ("exclude", files.excludePatterns),
                ("never read", files.skippedPaths.map(\.description)),
                ("exclude_larger_than", files.excludeLargerThan.map { ["\($0)"] } ?? []),
            ]
        }
        entries += [
            ("config", application.config.map(\.description)),
            ("repository", application.repositories.map { "\($0.name): \($0.url)" }),
            ("key", [application.key.map { "\($0)" } ?? "by flag or environment"]),
            ("objectives", ["rpo \(goals.rpo.settingsText), rto \(goals.rto.settingsText), drill every \(goals.drillEvery.settingsText)"]),
            ("schedule", ["database \(times.database), files \(times.files), config \(times.config), verify \(times.verify)"]),
            ("verify", ["read_data \(application.verify.readData)"]),
            ("notice", application.notices + settings.inactive),
        ]
        return entries.filter { !$0.1.isEmpty }
    }

    var lines: [String] {
        let width = (entries.map(\.key.count).max() ?? 0) + 2
        return entries.flatMap { key, values in
            values.enumerated().map { position, value in
                let head = position == 0 ? key : ""
                return head + String(repeating: " ", count: width - head.count) + value
            }
        }
    }

    var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        for (key, values) in entries {
            writer.key(key.replacing(" ", with: "_"))
            writer.beginArray()
            for value in values { writer.string(value) }
            writer.endArray()
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
