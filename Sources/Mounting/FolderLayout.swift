// FolderLayout: the folders above the snapshots: which snapshot is found under which names.
//
// 1. Each path template gives each snapshot a path; with %t one for each of its tags, none if it has none. 2. A name that is taken gets
// "-1", "-2" … behind it. 3. Where a template ends with %T, a link `latest` beside the names leads to the newest. 4. The folders that stand
// before the first variable exist even if they are empty. What a variable stands for becomes one name, whatever a repository claims: "/"
// becomes "_", "." and ".." too, and it is cut off at 200 bytes.

package import Bytes
package import RepositoryEngine
import RepositoryFormat

package indirect enum FolderEntry: Sendable {
    case folder([[UInt8]: FolderEntry])
    case snapshot(CatalogedSnapshot)
    case link([UInt8])
}

package struct FolderLayout: Sendable {
    /// restic's.
    package static let standardTemplates = ["ids/%i", "snapshots/%T", "hosts/%h/%T", "tags/%t/%T"]

    private let templates: [PathTemplate]
    private let times: GoTimeLayout

    /// - Throws: a usage failure for a template without variables or an unknown one.
    package init(templates: [String] = standardTemplates, timeLayout: String = GoTimeLayout.rfc3339) throws(Failure) {
        self.templates = try templates.map { (text) throws(Failure) in try PathTemplate(text) }
        times = GoTimeLayout(timeLayout)
    }

    /// The folder of everything.
    /// - Parameter snapshots: oldest first.
    package func folders(for snapshots: [CatalogedSnapshot]) -> FolderEntry {
        let root = Folder()
        for template in templates { root.makeFolder(template.leadingFolders) }
        for snapshot in snapshots {
            let time = FolderLayout.name(times.text(of: snapshot.snapshot.time))
            for template in templates {
                for path in template.paths(for: snapshot, time: time) { root.add(snapshot, at: path, updatesLatest: template.endsWithTime) }
            }
        }
        return root.entry
    }

    /// What a variable stands for, as one name.
    static func name(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(200)).map { $0 == BytePath.slash || $0 == 0 ? UInt8(ascii: "_") : $0 }
        switch bytes {
        case [], Array(".".utf8): return Array("_".utf8)
        case Array("..".utf8): return Array("__".utf8)
        default: return bytes
        }
    }

    /// A folder that is being filled. A class, so that one with thousands of snapshots is filled in place.
    private final class Folder {
        private var entries: [[UInt8]: Item] = [:]

        private enum Item {
            case folder(Folder)
            case snapshot(CatalogedSnapshot)
            case link([UInt8])
        }

        var entry: FolderEntry {
            .folder(
                entries.mapValues { item in
                    switch item {
                    case .folder(let folder): folder.entry
                    case .snapshot(let snapshot): .snapshot(snapshot)
                    case .link(let target): .link(target)
                    }
                })
        }

        func makeFolder(_ path: [[UInt8]]) {
            guard let name = path.first else { return }
            folder(name).makeFolder(Array(path.dropFirst()))
        }

        func add(_ snapshot: CatalogedSnapshot, at path: [[UInt8]], updatesLatest: Bool) {
            guard let name = path.last else { return }
            let parent = path.dropLast().reduce(self) { $0.folder($1) }
            let free = parent.freeName(name) { _ in false }
            parent.entries[free] = .snapshot(snapshot)
            // They come in the order of time.
            if updatesLatest, free != FolderLayout.latest { parent.entries[FolderLayout.latest] = .link(free) }
        }

        /// The folder of that name, or, if something else has it, of the next name that is free.
        private func folder(_ wanted: [UInt8]) -> Folder {
            let name = freeName(wanted) { if case .folder = $0 { true } else { false } }
            if case .folder(let known)? = entries[name] { return known }
            let made = Folder()
            entries[name] = .folder(made)
            return made
        }

        /// The name itself, or with the first number behind it that is not taken, or taken by something that will do.
        private func freeName(_ name: [UInt8], orIf isFit: (Item) -> Bool) -> [UInt8] {
            var candidate = name, number = 0
            while let taken = entries[candidate], !isFit(taken) {
                number += 1
                candidate = name + Array("-\(number)".utf8)
            }
            return candidate
        }
    }

    static let latest = Array("latest".utf8)
}
