// ScanPlan: where the targets of a backup appear in the snapshot.
//
// 1. Every target is cleaned. One without names of its own (`.`, `..`, `/`) is replaced by the entries of that directory; those
//    are not explicit: excludes apply to them. Every other target is explicit.
// 2. A target that does not exist is reported and left out.
// 3. Absolute targets keep their path; of relative ones only their own names stay, leading `..` dropped. Each is relative to a
//    root (`/`, `.`, `..`, `../..`); where first names from different roots clash, the later becomes `name-1`, `name-2` …
// 4. The rest is merged into one tree of names. A node may be a target, lie on the way to targets, or both (overlap).

import Bytes
import HostOS

/// A name in the snapshot that the targets ask for.
final class PlannedEntry {
    let sourcePath: BytePath
    /// Saved with everything below it (subject to exclusions), not only as the way to other targets.
    fileprivate(set) var isTarget = false
    /// Named by the user: exclusions do not apply to itself.
    fileprivate(set) var isExplicit = false
    fileprivate(set) var children: [[UInt8]: PlannedEntry] = [:]
    fileprivate let root: BytePath

    fileprivate init(_ sourcePath: BytePath, root: BytePath) {
        self.sourcePath = sourcePath
        self.root = root
    }

    /// Saved whatever the exclusions say: asked for by name, or needed on the way.
    var isExempt: Bool { isExplicit || !children.isEmpty }

    var sortedNames: [[UInt8]] { children.keys.sorted { $0.lexicographicallyPrecedes($1) } }
}

struct ScanPlan {
    let root = PlannedEntry(.root, root: .root)
    /// Device of every target as given, also of those replaced by their entries: the file systems to stay on.
    private(set) var targetDevices: [BytePath: UInt64] = [:]
    private(set) var problems: [ScanProblem] = []
    private let workingDirectory: BytePath

    init(_ targets: [BytePath], workingDirectory: BytePath) {
        self.workingDirectory = workingDirectory.cleaned
        for target in targets { add(target.cleaned) }
    }

    var isEmpty: Bool { root.children.isEmpty }

    /// The device that `path` must lie on to stay on the file system of the nearest target at or above it.
    func deviceOfNearestTarget(_ path: BytePath) -> UInt64? {
        var path = path
        while true {
            if let device = targetDevices[path] { return device }
            if path.parent == path { return nil }
            path = path.parent
        }
    }

    private func absolute(_ path: BytePath) -> BytePath { BytePath.resolve(path, in: workingDirectory) }

    private mutating func add(_ target: BytePath) {
        let source = absolute(target)
        do throws(SystemError) {
            targetDevices[source] = try FileStatus.of(source).device
            if ScanPlan.ownNames(target).isEmpty {
                for entry in try Directory.entries(of: source) { insert(target.appending(entry.name).cleaned, isExplicit: false) }
            } else {
                insert(target, isExplicit: true)
            }
        } catch {
            problems.append(ScanProblem(path: source, failure: error.failure))
        }
    }

    private static func isStep(_ name: [UInt8]) -> Bool { name == [0x2e] || name == [0x2e, 0x2e] }

    /// The names of a cleaned path that count in the snapshot.
    private static func ownNames(_ target: BytePath) -> [[UInt8]] { target.components.filter { !isStep($0) } }

    /// The steps before them.
    private static func rootOf(_ target: BytePath) -> BytePath {
        target.isAbsolute ? .root : BytePath(names: target.components.filter(isStep), absolute: false)
    }

    private mutating func insert(_ target: BytePath, isExplicit: Bool) {
        let names = ScanPlan.ownNames(target), rootPath = ScanPlan.rootOf(target)
        var source = absolute(rootPath), node = root
        for (depth, name) in names.enumerated() {
            source = source.appending(name)
            node = depth == 0 ? topLevel(name, source, rootPath) : child(name, source, of: node)
        }
        node.isTarget = true
        node.isExplicit = node.isExplicit || isExplicit
    }

    private func child(_ name: [UInt8], _ source: BytePath, of node: PlannedEntry) -> PlannedEntry {
        if let known = node.children[name] { return known }
        let child = PlannedEntry(source, root: node.root)
        node.children[name] = child
        return child
    }

    private func topLevel(_ original: [UInt8], _ source: BytePath, _ rootPath: BytePath) -> PlannedEntry {
        var name = original, suffix = 0
        while let other = root.children[name] {
            if other.root == rootPath && other.sourcePath == source { return other }
            suffix += 1
            name = original + Array("-\(suffix)".utf8)
        }
        let child = PlannedEntry(source, root: rootPath)
        root.children[name] = child
        return child
    }
}
