// `lifeboat ls`: what a snapshot holds.

import ArgumentParser
import Bytes
import Operations
import RepositoryEngine
import RepositoryFormat

struct LsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the files of a snapshot.",
        discussion: """
            Examples:
              lifeboat ls                                everything in the latest snapshot
              lifeboat ls 4f2a91c0 /var/www              /var/www and what is directly in it
              lifeboat ls -l latest:/var/www --recursive

            Without directories everything is listed; with some, only what is directly in them unless --recursive is given.
            """)

    @Argument(help: "The snapshot: latest, an id or its beginning, with :/directory for a part.")
    var snapshot = "latest"

    @Argument(help: "Only these directories: absolute paths in the snapshot.")
    var directories: [String] = []

    @Flag(name: [.customShort("l"), .long], help: "Show mode, owner, size and time.")
    var long = false

    @Flag(name: .long, help: "Also list what is further down in the given directories.")
    var recursive = false

    @OptionGroup var filter: SnapshotFilterOptions
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        var verb = ListFiles(access: try repository.access(), snapshot: snapshot, filter: filter.filter())
        verb.directories = directories.map { .resolve(BytePath($0), in: .root) }
        verb.recursive = recursive
        let (json, long, output) = (output.json, long, output)
        try verb.run(
            onSnapshot: { entry in
                if json { return Console.out(SnapshotJSON.message(entry)) }
                output.say(
                    "snapshot \(entry.id.short) of \(entry.snapshot.paths.map(\.description).joined(separator: ", ")) at \(entry.snapshot.time.secondText)"
                )
            },
            onNode: { node, path in
                Console.out(json ? NodeListing.json(node, path) : long ? NodeListing.line(node, path) : path.description)
            })
    }
}

/// One file of a snapshot on one line.
enum NodeListing {
    static func line(_ node: Node, _ path: BytePath, humanReadable: Bool = false) -> String {
        let time = LocalTime.text(node.modificationTime)
        let size = humanReadable ? ByteCount(node.size).description : right(node.size, 10)
        let target = node.kind == .symbolicLink ? " -> \(BytePath.display(node.linkTarget))" : ""
        return
            "\(node.mode.listingText) \(right(node.userID, 5)) \(right(node.groupID, 5)) \(size) \(time) \(path)\(target)"
    }

    private static func right(_ number: some BinaryInteger, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// As restic prints it.
    static func json(_ node: Node, _ path: BytePath) -> String {
        var line = JSONLine().bytes("name", node.name).string("type", node.kind.word).bytes("path", path.bytes)
            .number("uid", UInt64(node.userID)).number("gid", UInt64(node.groupID))
        if node.kind == .file { line = line.number("size", node.size) }
        return line.number("mode", UInt64(node.mode.rawValue), omitZero: true).string("permissions", node.mode.goText)
            .time("mtime", node.modificationTime).time("atime", node.accessTime).time("ctime", node.changeTime)
            .number("inode", node.inode, omitZero: true)
            .string("message_type", "node").string("struct_type", "node")
            .text
    }
}
