// ArchiveContent: entries of an archive, sorted to the sources they belong to.
//
//   OurArchive      made by `export`: config/, database/ and files/; what lies below has the path it had, a database as a directory
//                   that holds what its snapshot held
//   ForeignArchive  made by others: files, below the application's root unless their names lead there already; in a zip file also
//                   db-dumps/*.sql[.gz]
//
// Refused, and with it the whole archive: names with `..`, hard links to what is not in the archive before. Symbolic links stay what
// they are: a restore makes them after everything else and never writes through one. Devices, pipes and sockets are left out.

import Archiving
import Bytes
import Codecs
import Databases
import RepositoryEngine
import RepositoryFormat
import Settings

protocol ArchiveContent: AnyObject {
    func take(_ entry: ArchiveEntry, _ reader: ArchiveReader) throws
    /// Makes the snapshots.
    func finish(_ made: inout [CatalogedSnapshot]) throws
    func abandon()
}

enum ArchiveNames {
    /// The name as a path from a root: a leading slash or `./` changes nothing.
    static func resolve(_ name: [UInt8]) throws -> BytePath {
        var names: [[UInt8]] = []
        for component in name.split(separator: BytePath.slash) where component != [0x2e] {
            guard component != [0x2e, 0x2e], !component.contains(0) else {
                throw Failure(
                    .damaged, "the archive holds the name '\(BytePath.display(name))', which leads out of it",
                    hint: "nothing was changed; such an archive is made to do harm")
            }
            names.append(Array(component))
        }
        return BytePath(names: names, absolute: true)
    }
}

extension ArchiveEntry {
    /// Without content; nil for what is left out.
    func node(defaultOwner: (user: UInt32, group: UInt32)?) -> Node? {
        let type: UInt32, nodeKind: Node.Kind
        switch kind {
        case .file: (type, nodeKind) = (0o100000, .file)
        case .directory: (type, nodeKind) = (0o040000, .directory)
        case .symbolicLink: (type, nodeKind) = (0o120000, .symbolicLink)
        case .hardLink, .other: return nil
        }
        var node = Node(name: [], kind: nodeKind)
        let usual: UInt32 = kind == .directory ? 0o755 : kind == .symbolicLink ? 0o777 : 0o644
        node.mode = GoFileMode(posix: type | (permissions == 0 && defaultOwner != nil ? usual : permissions))
        node.modificationTime = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
        node.userID = defaultOwner?.user ?? UInt32(clamping: userID)
        node.groupID = defaultOwner?.group ?? UInt32(clamping: groupID)
        node.userName = userName
        node.groupName = groupName
        if kind == .symbolicLink { node.linkTarget = linkTarget }
        node.extendedAttributes = attributes.map { Node.ExtendedAttribute(name: $0.name, value: $0.value) }
        return node
    }
}

/// One tree of one snapshot.
private final class ImportedTree {
    let source: AppSource
    let ingest: ArchiveIngest
    /// What the snapshot's paths are made of: the topmost entries.
    var paths: [BytePath] = []

    init(_ source: AppSource, _ ingest: ArchiveIngest) {
        self.source = source
        self.ingest = ingest
    }

    func add(_ entry: ArchiveEntry, at path: BytePath, linkedTo existing: BytePath?, _ owner: (user: UInt32, group: UInt32)?, _ reader: ArchiveReader) throws {
        if let existing {
            guard ingest.addLink(at: path, to: existing) else {
                throw Failure(.damaged, "the archive's hard link '\(path)' leads to '\(existing)', which is not in it before")
            }
        } else if let node = entry.node(defaultOwner: owner) {
            try ingest.add(node, at: path) { span in try reader.read(into: &span) }
        }
    }
}

final class OurArchive: ArchiveContent {
    private let owner: AppImport
    private var trees: [AppSource: ImportedTree] = [:]
    private var databases: [(path: BytePath, tree: ImportedTree)] = []

    init(_ owner: AppImport) { self.owner = owner }

    func take(_ entry: ArchiveEntry, _ reader: ArchiveReader) throws {
        let path = try ArchiveNames.resolve(entry.path), names = path.components
        guard let first = names.first, let source = AppSource(rawValue: String(decoding: first, as: UTF8.self)), owner.selection.sources.contains(source) else { return }
        guard names.count > 1 else { return }
        let below = BytePath(names: Array(names.dropFirst()), absolute: true)
        if entry.hasAccessList { owner.note("the access control list of '\(below)' is not restored from an archive") }
        let target = try entry.kind == .hardLink ? BytePath(names: Array(ArchiveNames.resolve(entry.linkTarget).components.dropFirst()), absolute: true) : nil
        if source == .database { return try takeDatabase(entry, below, target, reader) }
        let tree = trees[source] ?? ImportedTree(source, owner.ingest(source))
        trees[source] = tree
        try tree.add(entry, at: below, linkedTo: target, nil, reader)
        // Only the first of a path and what lies below it: the walk that wrote the archive was depth first.
        if tree.paths.last.map({ $0.contains(below) }) != true { tree.paths.append(below) }
    }

    /// A directory that is in no database yet is the next one.
    private func takeDatabase(_ entry: ArchiveEntry, _ path: BytePath, _ target: BytePath?, _ reader: ArchiveReader) throws {
        guard let (root, tree) = databases.last, root.contains(path) else {
            guard entry.kind == .directory else { throw Failure(.damaged, "'\(path)' in the archive belongs to no database") }
            return databases.append((path, ImportedTree(.database, owner.ingest(.database))))
        }
        func inside(_ path: BytePath) -> BytePath { BytePath(names: Array(path.components.dropFirst(root.components.count)), absolute: true) }
        try tree.add(entry, at: inside(path), linkedTo: target.map(inside), nil, reader)
    }

    func finish(_ made: inout [CatalogedSnapshot]) throws {
        for source in [AppSource.config, .files] { if let tree = trees[source] { made.append(try owner.cataloged(try tree.ingest.finish(paths: tree.paths))) } }
        for (path, tree) in databases { made.append(try owner.cataloged(try tree.ingest.finish(paths: [path]))) }
    }

    func abandon() {
        for tree in trees.values { tree.ingest.abandon() }
        for (_, tree) in databases { tree.ingest.abandon() }
    }
}

final class ForeignArchive: ArchiveContent {
    private let owner: AppImport
    private let isZip: Bool
    private let source: AppSource
    private var tree: ImportedTree?
    private var dumps: [CatalogedSnapshot] = []
    private let defaultOwner: (user: UInt32, group: UInt32)?
    private var hasSkippedDatabases = false

    init(_ owner: AppImport, isZip: Bool) {
        self.owner = owner
        self.isZip = isZip
        source = owner.selection.sources == [.config] ? .config : .files
        defaultOwner = isZip ? owner.rootOwner : nil
    }

    func take(_ entry: ArchiveEntry, _ reader: ArchiveReader) throws {
        let path = try ArchiveNames.resolve(entry.path), names = path.components
        if names.isEmpty { return }
        if isZip && names.first == Array("db-dumps".utf8) {
            if entry.kind == .file, let name = names.last, let dump = try owner.addDump(name, reader) { dumps.append(dump) }
            return
        }
        guard owner.selection.sources.contains(source) else { return }
        let place = placed(path)
        if owner.isLiveDatabase(place) {
            if !hasSkippedDatabases { owner.note("'\(place)' in the archive is a database's file and is left out: a database is restored as one") }
            hasSkippedDatabases = true
            return
        }
        let tree = tree ?? ImportedTree(source, owner.ingest(source))
        self.tree = tree
        if entry.hasAccessList { owner.note("the access control list of '\(place)' is not restored from an archive") }
        let existing = try entry.kind == .hardLink ? placed(ArchiveNames.resolve(entry.linkTarget)) : nil
        try tree.add(entry, at: place, linkedTo: existing, defaultOwner, reader)
        let root = owner.workbench.application.root
        guard place.components.count > root.components.count else { return }
        let top = root.appending(place.components[root.components.count])
        if !tree.paths.contains(top) { tree.paths.append(top) }
    }

    /// Names that lead into the application's directory from the root of the file system are meant so; others start in it.
    private func placed(_ path: BytePath) -> BytePath {
        let root = owner.workbench.application.root
        return root.contains(path) || path.contains(root) ? path : BytePath(root.bytes + [BytePath.slash] + path.bytes).cleaned
    }

    func finish(_ made: inout [CatalogedSnapshot]) throws {
        if let tree, !tree.paths.isEmpty { made.append(try owner.cataloged(try tree.ingest.finish(paths: tree.paths))) }
        made += dumps
    }

    func abandon() {
        tree?.ingest.abandon()
        AppImport.remove(dumps, owner.indexed)
    }
}
