// FindReport: what was found, as restic prints it: text by snapshots, or one JSON array.

import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat
import Upkeep

/// Files and directories. Prints while the search goes on.
final class FoundFilesReport {
    private let isLong: Bool
    private let humanReadable: Bool
    private let output: OutputOptions
    private var current: CatalogedSnapshot?
    private var hitCount: UInt64 = 0

    init(isLong: Bool, humanReadable: Bool, _ output: OutputOptions) {
        self.isLong = isLong
        self.humanReadable = humanReadable
        self.output = output
    }

    func print(_ snapshot: CatalogedSnapshot, _ path: BytePath, _ node: Node) {
        if snapshot.id != current?.id { begin(snapshot) }
        if output.json {
            Console.outWithoutNewline((hitCount == 0 ? "" : ",") + FoundFilesReport.json(node, path))
        } else {
            Console.out(isLong ? NodeListing.line(node, path, humanReadable: humanReadable) : path.description)
        }
        hitCount += 1
    }

    private func begin(_ snapshot: CatalogedSnapshot) {
        if output.json {
            Console.outWithoutNewline((current == nil ? "[" : end + ",") + #"{"matches":["#)
        } else if !output.quiet {
            if current != nil { Console.out("") }
            Console.out("Found matching entries in snapshot \(snapshot.id.short) from \(LocalTime.text(snapshot.snapshot.time))")
        }
        current = snapshot
        hitCount = 0
    }

    private var end: String { current.map { #"],"hits":\#(hitCount),"snapshot":"\#($0.id.hex)"}"# } ?? "" }

    func finish() {
        if output.json { Console.out(current == nil ? "[]" : end + "]") }
    }

    /// The keys of restic, in its order.
    private static func json(_ node: Node, _ path: BytePath) -> String {
        var line = JSONLine().bytes("path", path.bytes).string("permissions", node.mode.goText).string("type", node.kind.word)
            .number("mode", UInt64(node.mode.rawValue), omitZero: true).time("mtime", node.modificationTime)
            .time("atime", node.accessTime).time("ctime", node.changeTime).number("uid", UInt64(node.userID)).number("gid", UInt64(node.groupID))
        if !node.userName.isEmpty { line = line.string("user", node.userName) }
        if !node.groupName.isEmpty { line = line.string("group", node.groupName) }
        line = line.number("inode", node.inode, omitZero: true).number("device_id", node.deviceID, omitZero: true)
            .number("size", node.size, omitZero: true).number("links", node.linkCount, omitZero: true)
        return node.linkTarget.isEmpty ? line.text : line.bytes("linktarget", node.linkTarget).text
    }
}

/// Blobs and trees. Prints while the search goes on.
final class FoundObjectsReport {
    private let showsPacks: Bool
    private let output: OutputOptions
    private var isFirst = true

    init(showsPacks: Bool, _ output: OutputOptions) {
        self.showsPacks = showsPacks
        self.output = output
    }

    func print(_ found: FoundObject, _ location: BlobLocation?) {
        if output.json {
            Console.outWithoutNewline((isFirst ? "[" : ",") + json(found, location))
        } else {
            let isBlob = found.blob.type == .data, snapshot = found.snapshot
            Console.out("Found \(isBlob ? "blob" : "tree") \(found.blob.id)")
            Console.out(isBlob ? " ... in file \(found.path)" : " ... path \(found.path)")
            if let tree = found.parentTree { Console.out("     (tree \(tree))") }
            Console.out(" ... in snapshot \(snapshot.id.short) (\(LocalTime.text(snapshot.snapshot.time)))")
        }
        isFirst = false
    }

    func finish(_ outcome: FindFiles.ObjectOutcome) {
        if output.json { return Console.out(isFirst ? "[]" : "]") }
        if isFirst { output.say("no snapshot uses any of it") }
        if !showsPacks { return }
        if outcome.stored.isEmpty { Console.out("no index names any of it") }
        for object in outcome.stored {
            let place = object.location
            Console.out("Object belongs to pack \(place.pack)")
            let length = "offset \(place.offset), length \(place.length), uncompressed length \(place.uncompressedLength)"
            Console.out(" ... Pack \(place.pack.short): <Blob (\(object.blob.type)) \(object.blob.id.short), \(length)>")
        }
    }

    private func json(_ found: FoundObject, _ location: BlobLocation?) -> String {
        let line = JSONLine().string("object_type", found.blob.type == .data ? "blob" : "tree").string("id", found.blob.id.hex)
            .bytes("path", found.path.bytes).string("parent_tree", found.parentTree?.hex).string("snapshot", found.snapshot.id.hex)
            .time("time", found.snapshot.snapshot.time)
        return (showsPacks ? line.string("pack", location?.pack.hex) : line).text
    }
}
