// SystemCallJournal: what a real program did to a directory, system call by system call, and what a power cut at any moment between
// could have left of it. The order of the calls is the program's own: strace(1) writes it down.
//
// 1. Lines of strace become events in the order in which the calls returned; failed calls and other places are left out.
// 2. A change of a directory (a name made, renamed, removed) is certain once that directory was flushed after it. A file's content is
//    certain once the file was flushed after its last write.
// 3. A power cut after n events leaves everything that is certain and any part of the rest: all of it (a mere kill -9), nothing of it,
//    or a choice by chance in which unflushed files are torn. A rename is done or not, never half.
// 4. Content is what the program wrote, in the order in which it did; of older files what was there before.

import Bytes
import HostOS
import TestKit

struct SystemCallJournal {
    enum Event: Equatable {
        case made(BytePath)
        case wrote(BytePath, [UInt8])
        case flushed(BytePath)
        case renamed(BytePath, to: BytePath)
        case removed(BytePath)
        case madeDirectory(BytePath)
    }

    /// What is uncertain at a power cut: all of it is there, none, or some by chance.
    enum Luck: CaseIterable { case everything, nothing, chance }

    let root: BytePath
    let events: [Event]
    private let before: Picture

    /// Files with their content, and directories, by absolute path.
    struct Picture {
        var files: [BytePath: [UInt8]] = [:]
        var directories: Set<BytePath> = []

        init() {}

        init(of root: BytePath) throws {
            guard try FileStatus.ifExists(root) != nil else { return }
            var pending = [root]
            directories = [root]
            while let folder = pending.popLast() {
                for entry in try Directory.entries(of: folder) {
                    let path = folder.appending(entry.name)
                    if try FileStatus.of(path).kind == .directory {
                        directories.insert(path)
                        pending.append(path)
                    } else {
                        files[path] = try AtomicFile.read(path, limit: 1 << 28)
                    }
                }
            }
        }

        /// Makes it real below another root. Directories without files, of which a repository has hundreds, are left out.
        func write(from root: BytePath, to other: BytePath) throws {
            func moved(_ path: BytePath) -> BytePath { BytePath(other.bytes + path.bytes.dropFirst(root.bytes.count)) }
            for (path, content) in files {
                try Directory.createAll(moved(path.parent))
                let file = try Descriptor.open(moved(path), .createNew)
                try file.write(content.span)
            }
        }
    }

    /// Whether programs can be traced here.
    static let isPossible: Bool = (try? Child.run("strace", ["-f", "-qq", "-o", "/dev/null", "true"].map { Array($0.utf8) }).exitStatus) == 0

    /// Runs a program to its end and writes down what it does below `root`.
    init(of program: CommandLineProgram, _ arguments: [String], root: BytePath, log: BytePath) throws {
        before = try Picture(of: root)
        let calls = "openat,write,pwrite64,pwritev2,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat"
        let strace = CommandLineProgram("strace", environment: program.environment, directory: program.directory)
        let options = ["-f", "-qq", "-y", "-xx", "-s", "\(1 << 24)", "-e", "trace=\(calls)", "-e", "signal=none", "-o", "\(log)"]
        let result = try strace.run(options + ["\(program.path)"] + arguments)
        guard result.exitStatus == 0 else { throw Failure(.failed, "\(arguments): \(result.errorText)") }
        self.root = root
        events = SystemCallJournal.parse(String(decoding: try AtomicFile.read(log, limit: 1 << 28), as: UTF8.self)).filter { event in
            let path =
                switch event {
                case .made(let path), .wrote(let path, _), .flushed(let path), .renamed(let path, _), .removed(let path), .madeDirectory(let path): path
                }
            // Flushing the directory above is what makes the root itself certain.
            return root.contains(path) || (event == .flushed(path) && path == root.parent)
        }
    }

    /// What a program that flushes nothing would have done.
    var withoutFlushes: SystemCallJournal {
        SystemCallJournal(root: root, events: events.filter { if case .flushed = $0 { false } else { true } }, before: before)
    }

    private init(root: BytePath, events: [Event], before: Picture) {
        self.root = root
        self.events = events
        self.before = before
    }

    // MARK: Reading strace

    static func parse(_ text: String) -> [Event] {
        var unfinished: [Substring: String] = [:], events: [Event] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2 else { continue }
            var call = String(parts[1].drop { $0 == " " })
            if let end = call.firstRange(of: " <unfinished ...>") {
                unfinished[parts[0]] = String(call[..<end.lowerBound])
                continue
            }
            if call.hasPrefix("<... "), let rest = call.firstRange(of: " resumed>") {
                call = (unfinished.removeValue(forKey: parts[0]) ?? "") + call[rest.upperBound...]
            }
            if let event = event(call) { events.append(event) }
        }
        return events
    }

    private static func event(_ call: String) -> Event? {
        guard let equals = call.ranges(of: " = ").last, let name = call.split(separator: "(").first else { return nil }
        let result = call[equals.upperBound...]
        if result.hasPrefix("-1") || result.hasPrefix("?") { return nil }
        let texts = call[..<equals.lowerBound].split(separator: "\"", omittingEmptySubsequences: false)
        let quoted = texts.enumerated().filter { $0.offset % 2 == 1 }.map { unescaped($0.element) }
        func path(_ index: Int) -> BytePath? { quoted.indices.contains(index) ? BytePath(quoted[index]) : nil }
        switch name {
        case "openat" where call.contains("O_CREAT"): return path(0).map { Event.made($0) }
        // At an offset or not: files of a repository are written from front to back.
        case "write", "pwrite64", "pwritev2":
            guard let path = descriptorPath(texts[0]), let count = Int(result.prefix { $0.isNumber }) else { return nil }
            return .wrote(path, Array((quoted.first ?? []).prefix(count)))
        case "fsync", "fdatasync": return descriptorPath(texts[0]).map { Event.flushed($0) }
        case "rename", "renameat", "renameat2": if let from = path(0), let to = path(1) { return .renamed(from, to: to) } else { return nil }
        case "unlink", "unlinkat": return path(0).map { Event.removed($0) }
        case "mkdir", "mkdirat": return path(0).map { Event.madeDirectory($0) }
        default: return nil
        }
    }

    /// `write(7</a/b>, …`: the path that the descriptor stands for.
    private static func descriptorPath(_ call: Substring) -> BytePath? {
        guard let from = call.firstIndex(of: "<"), let to = call[from...].firstIndex(of: ">") else { return nil }
        return BytePath(unescaped(call[call.index(after: from)..<to]))
    }

    /// `\x2f\x61` or `/a` as bytes.
    private static func unescaped(_ text: Substring) -> [UInt8] {
        let bytes = Array(text.utf8)
        var found: [UInt8] = [], position = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "\\"), position + 4 <= bytes.count, let byte = Hex.decode(Array(bytes[position + 2..<position + 4])) {
                found += byte
                position += 4
            } else {
                found.append(bytes[position])
                position += 1
            }
        }
        return found
    }

    // MARK: What a power cut leaves

    /// What may be found when the power goes after `count` events.
    func picture(after count: Int, _ luck: Luck, _ random: inout SeededRandom) -> Picture {
        var picture = Picture(), disk = before.files.mapValues { Inode($0) }, live = disk
        picture.directories = before.directories
        for (index, event) in events.prefix(count).enumerated() {
            let stays = isCertain(index, before: count) || survives(luck, &random)
            switch event {
            case .made(let path):
                if live[path] != nil { break }
                live[path] = Inode()
                if stays { disk[path] = live[path] }
            case .wrote(let path, let bytes): live[path]?.written += bytes
            case .flushed(let path): live[path]?.flush()
            case .renamed(let from, let to):
                live[to] = live.removeValue(forKey: from)
                if stays {
                    disk[from] = nil
                    disk[to] = live[to]
                }
            case .removed(let path):
                live[path] = nil
                if stays { disk[path] = nil }
            case .madeDirectory(let path): if stays { picture.directories.insert(path) }
            }
        }
        for (path, file) in disk where picture.directories.contains(path.parent) { picture.files[path] = file.left(luck, &random) }
        return picture
    }

    /// A file, whatever its name is.
    private final class Inode {
        var written: [UInt8] = []
        private var flushedCount = 0

        init(_ content: [UInt8] = []) {
            written = content
            flushedCount = content.count
        }

        func flush() { flushedCount = written.count }

        func left(_ luck: Luck, _ random: inout SeededRandom) -> [UInt8] {
            switch luck {
            case .everything: written
            case .nothing: Array(written.prefix(flushedCount))
            case .chance: Array(written.prefix(Int.random(in: flushedCount...written.count, using: &random)))
            }
        }
    }

    private func survives(_ luck: Luck, _ random: inout SeededRandom) -> Bool {
        switch luck {
        case .everything: true
        case .nothing: false
        case .chance: random.chance(50)
        }
    }

    /// Whether the directory of a change was flushed after it and before the power went.
    private func isCertain(_ index: Int, before count: Int) -> Bool {
        let folder: BytePath
        switch events[index] {
        case .made(let path), .removed(let path), .madeDirectory(let path): folder = path.parent
        case .renamed(_, let to): folder = to.parent
        case .wrote, .flushed: return true
        }
        return events[index..<count].contains(.flushed(folder))
    }
}
