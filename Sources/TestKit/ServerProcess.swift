// ServerProcess: a database server in the background of a test, gone when the test process is gone, however that ends.
//
// A shell stands between: it starts the server, waits for the server or for us to end, kills what is left and, if we are dead,
// removes the directory. PR_SET_PDEATHSIG would not do: it asks for the death of a thread, and changing the user clears it.

package import Bytes
package import HostOS
import Synchronization

package final class ServerProcess: Sendable {
    /// Everything of the server: data, socket, log. Removed when this object goes.
    package let directory: BytePath
    package let socket: BytePath
    private let workers = Workers()
    private let log = Mutex<[UInt8]>([])

    private static let script = """
        parent=$1 directory=$2; shift 2
        "$@" & server=$!
        echo "$server" > "$directory/server.pid"
        tail -s 0.3 --pid="$parent" -f /dev/null & watcher=$!
        wait -n "$server" "$watcher"
        exec >/dev/null 2>&1
        kill -KILL "$server" "$watcher"
        wait
        kill -0 "$parent" || rm -rf "$directory"
        """

    /// Starts `command` and returns when its socket answers the stock client.
    package init(_ command: [String], directory: BytePath, socket: BytePath) throws {
        self.directory = directory
        self.socket = socket
        workers.start("server") { [self] in
            let arguments = ["-c", Self.script, "server", "\(Host.processID)", "\(directory)"] + command
            let result = try Child.run("bash", arguments, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TZ=UTC", "LANG=C.UTF-8"])
            log.withLock { $0 = result.output + result.errorOutput }
        }
        try waitUntilReady(command)
    }

    deinit {
        kill()
        try? Directory.removeTree(directory)
    }

    private func waitUntilReady(_ command: [String]) throws {
        let deadline = Host.monotonicNanoseconds() + 60_000_000_000
        while Host.monotonicNanoseconds() < deadline {
            if (try? FileStatus.ifExists(socket)) ?? nil != nil, try client("SELECT 1").exitStatus == 0 { return }
            if !log.withLock({ $0.isEmpty }) { break }
            SystemClock().sleep(nanoseconds: 20_000_000)
        }
        kill()
        throw ServerProblem(text: "the server did not start: \(command.joined(separator: " "))\n\(log.withLock { String(decoding: $0, as: UTF8.self) })")
    }

    /// Runs SQL through the stock `mariadb` client as root.
    package func client(_ sql: [UInt8], arguments: [String] = [], directory: BytePath? = nil) throws -> Child.Result {
        let words = ["--no-defaults", "--user=root", "--socket=\(socket)", "--default-character-set=utf8mb4", "--skip-column-names"] + arguments
        return try Child.run(
            "mariadb", words.map { Array($0.utf8) }, environment: ["PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC"].map { Array($0.utf8) },
            directory: directory, standardInput: sql)
    }

    package func client(_ sql: String) throws -> Child.Result { try client(Array(sql.utf8)) }

    private var processID: String? {
        guard let text = try? AtomicFile.read(directory.appending("server.pid"), limit: 64) else { return nil }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").first.map(String.init)
    }

    private func signal(_ name: String) {
        if let processID { _ = try? Child.run("kill", ["-\(name)", processID]) }
        try? workers.join()
    }

    /// Ends the server as a crash would.
    package func kill() { signal("KILL") }

    /// Ends the server in good order.
    package func stop() { signal("TERM") }

    /// What the server said, once it has ended.
    package var logText: String { log.withLock { String(decoding: $0, as: UTF8.self) } }
}

extension Child {
    fileprivate static func run(
        _ executable: String, _ arguments: [[UInt8]], environment: [[UInt8]], directory: BytePath?, standardInput: [UInt8]
    ) throws -> Result {
        try run(BytePath(executable), arguments, environment: environment, directory: directory, standardInput: standardInput)
    }
}

package struct ServerProblem: Error, CustomStringConvertible {
    package let text: String
    package init(text: String) { self.text = text }
    package var description: String { text }
}
