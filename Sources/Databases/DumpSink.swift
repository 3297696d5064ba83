// DumpSink: where the files of a logical dump go, whatever lies behind it: a repository, a directory, nothing at all.
//
// 1. A dump asks for one lane for each of its threads.
// 2. A lane takes one file at a time: begin, write any number of times, end. Files arrive in any order.
// 3. A file that was begun and not ended does not exist. Nobody tidies up after it but the sink.

package protocol DumpSink: Sendable {
    /// A way in for one thread. Lanes write side by side.
    func lane() throws -> any DumpLane
    /// Forgets every file written so far: the dump begins again, because what it read changed under it. No lane is in use.
    func startOver() throws
}

/// Not thread-safe: belongs to the thread that asked for it.
package protocol DumpLane: AnyObject {
    /// Starts a file; the one before it must be ended or given up.
    /// - Parameter path: the names from the dump's root down, each without a slash, none empty, `.` or `..`.
    func begin(_ path: [[UInt8]]) throws
    func write(_ bytes: Span<UInt8>) throws
    /// The file is complete.
    func end() throws
}

extension DumpLane {
    /// One file in one step.
    package func file(_ path: [[UInt8]], _ content: [UInt8]) throws {
        try begin(path)
        try write(content.span)
        try end()
    }
}

/// Takes everything and keeps nothing: for reading a database only to hash what it holds.
package struct DiscardingSink: DumpSink {
    package init() {}
    package func lane() -> any DumpLane { Lane() }
    package func startOver() {}

    private final class Lane: DumpLane {
        func begin(_ path: [[UInt8]]) {}
        func write(_ bytes: Span<UInt8>) {}
        func end() {}
    }
}
