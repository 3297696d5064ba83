// ThrowawayServer: a MariaDB or MySQL server of our own for a drill, on a private socket, gone without a trace afterwards.
//
// 1. Find    the installed server most like the one the data comes from (ServerProgram).
// 2. Place   a private directory (ThrowawayPlace). Started by root, everything below runs as an unprivileged account.
// 3. Make    an empty data directory, with the source's rule for upper and lower case in names.
// 4. Start   no network, no events, no binary log, no durability: nothing here outlives us. The server is killed when we die.
// 5. Wait    until it lets us in, or say in its own words why it did not start.
// 6. Stop    SIGTERM, after a while SIGKILL, and remove the directory. A run that was killed leaves the directory to the next one.
//
// The account is the server's root without a password: nobody but the account the server runs as, and root, reaches the socket.
// Accounts and DEFINERs are part of what a drill tests, so the grant tables are on.

package import Bytes
import HostOS
import Synchronization

package final class ThrowawayServer: Sendable {
    package struct Options: Sendable {
        /// The server the data comes from.
        package var source: MySQLVersion
        package var sqlMode: String
        package var lowerCaseTableNames: Int
        /// About how much text will be loaded: decides on space and caches.
        package var expectedByteCount: UInt64
        /// Where to work if it has room and the server's account can enter it.
        package var directory: BytePath?
        package var programPlaces: [BytePath]
        package var startLimitSeconds: Int64

        package init(
            source: MySQLVersion, sqlMode: String = "", lowerCaseTableNames: Int = 0, expectedByteCount: UInt64 = 0,
            directory: BytePath? = nil, programPlaces: [BytePath] = ServerProgram.usualPlaces, startLimitSeconds: Int64 = 120
        ) {
            self.source = source
            self.sqlMode = sqlMode
            self.lowerCaseTableNames = lowerCaseTableNames
            self.expectedByteCount = expectedByteCount
            self.directory = directory
            self.programPlaces = programPlaces
            self.startLimitSeconds = startLimitSeconds
        }
    }

    /// How to reach it: as root, with an empty password.
    package let server: MySQLServer
    /// What is running: its vendor and version may differ from the source's.
    package let program: ServerProgram
    package let processID: Int32
    /// From nothing to ready.
    package let startNanoseconds: Int64
    private let place: ThrowawayPlace
    private let process: ChildProcess
    private let stopped = Mutex(false)

    /// Starts one; returns when it lets us in.
    ///
    /// - Throws: `ThrowawayServerFailure`, or `SystemError`. Nothing is left behind.
    package static func start(_ options: Options) throws -> ThrowawayServer {
        let began = Host.monotonicNanoseconds()
        let program = try ServerProgram.find(like: options.source, in: options.programPlaces)
        let sizes = ServerSizes(expectedByteCount: options.expectedByteCount)
        let place = try ThrowawayPlace(preferring: options.directory, byteCount: sizes.neededByteCount)
        do {
            let launcher = ServerLauncher(program: program, place: place, options: options, sizes: sizes, began: began)
            try launcher.makeDataDirectory()
            let process = try launcher.startServer()
            try launcher.waitUntilReady(process)
            return ThrowawayServer(program, place, process, launcher.server, Host.monotonicNanoseconds() - began)
        } catch {
            place.remove()
            throw error
        }
    }

    private init(_ program: ServerProgram, _ place: ThrowawayPlace, _ process: ChildProcess, _ server: MySQLServer, _ startNanoseconds: Int64) {
        self.program = program
        self.place = place
        self.process = process
        self.server = server
        self.startNanoseconds = startNanoseconds
        processID = process.processID
    }

    deinit { stop() }

    package var directory: BytePath { place.path }
    package var isRunning: Bool { process.exitStatus == nil }

    /// The last lines of the server's log that sound like trouble; for reports.
    package var lastWords: [String] { ServerLog.lastWords(place.log) }

    /// Ends the server and removes everything. Again: nothing happens.
    package func stop() {
        let isFirst = stopped.withLock { already in
            defer { already = true }
            return !already
        }
        guard isFirst else { return }
        process.stop(limitNanoseconds: 20_000_000_000)
        place.remove()
    }
}

/// How large the caches and logs of a throw-away server are.
struct ServerSizes: Sendable {
    let expectedByteCount: UInt64

    /// InnoDB takes about one and a half times the text; its log and the system's own tables come on top.
    var neededByteCount: UInt64 { min(expectedByteCount, 1 << 50) * 2 + logByteCount + 256 << 20 }

    /// A log that holds the load keeps the server from stopping to write pages.
    var logByteCount: UInt64 { min(max(expectedByteCount / 2, 64 << 20), 1 << 30) }

    /// All of the data if it fits into a quarter of the machine's memory.
    var bufferByteCount: UInt64 { min(max(min(expectedByteCount, 1 << 50) * 2, 128 << 20), max(ServerSizes.memoryByteCount / 4, 128 << 20)) }

    /// "MemTotal:       24614972 kB" in /proc/meminfo; 1 GiB if the system does not tell.
    private static var memoryByteCount: UInt64 {
        let text = (try? AtomicFile.read("/proc/meminfo", limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemTotal:") }),
            let number = line.split(separator: " ").dropFirst().first, let kibibytes = UInt64(number)
        else { return 1 << 30 }
        return kibibytes << 10
    }
}

/// The end of a server's log.
enum ServerLog {
    /// At most five lines, errors before others, without their times.
    static func lastWords(_ log: BytePath) -> [String] {
        guard let file = try? Descriptor.open(log, .read), let size = try? file.status().size,
            let tail = try? [UInt8](
                byteCount: 1 << 15,
                filledBy: { (span) throws(SystemError) in
                    try file.readFully(into: &span, at: size > 1 << 15 ? size - 1 << 15 : 0)
                })
        else { return [] }
        let lines = BytePath.lines(tail)
        let errors = lines.filter { $0.contains("ERROR") || $0.contains("FATAL") }
        return Array((errors.isEmpty ? lines : errors).suffix(5))
    }
}

extension BytePath {
    /// Lines of a log, each safe to show.
    fileprivate static func lines(_ text: [UInt8]) -> [String] {
        text.split(separator: 0x0a).map { BytePath.display(Array($0.prefix(300))) }
    }
}
