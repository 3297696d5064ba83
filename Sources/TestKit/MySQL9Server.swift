// MySQL9Server: a private MySQL for tests, in a root folder of its own made by scripts/mysql-root.sh, reached through its socket.
//
// Only root can use it (chroot), and only where the folder has been made: tests that need it are enabled by `isAvailable`, and so say
// that they did not run. LIFEBOAT_MYSQL_ROOT names another folder.

package import Bytes
package import HostOS
import Synchronization

package final class MySQL9Server: Sendable {
    private let process: ServerProcess
    private let databaseCount = Mutex(0)

    private static let one = Mutex<MySQL9Server?>(nil)

    private static var root: BytePath { BytePath(Host.environment("LIFEBOAT_MYSQL_ROOT") ?? "/var/cache/lifeboat-test/mysql") }

    package static var isAvailable: Bool {
        Host.isRoot && ((try? FileStatus.ifExists(root.appending("usr").appending("sbin").appending("mysqld"))) ?? nil) != nil
    }

    /// The server of this test process, started by whoever asks first.
    package static func shared() throws -> MySQL9Server {
        try one.withLock { server in
            if let server { return server }
            let started = try MySQL9Server()
            server = started
            return started
        }
    }

    private init() throws {
        let root = Self.root, name = "lbdb-\(UInt32.random(in: 0 ... .max))", inside = "/tmp/\(name)"
        let directory = root.appending("tmp").appending(name)
        let setup = """
            mkdir -p '\(directory)' && chmod 755 '\(directory)' && chroot '\(root)' chown mysql '\(inside)'
            chroot '\(root)' mysqld --no-defaults --user=mysql --initialize-insecure --secure-file-priv= --datadir='\(inside)/d'
            """
        let made = try Child.run("bash", ["-euc", setup], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        guard made.exitStatus == 0 else { throw ServerProblem(text: made.outputText + made.errorText) }
        let command = [
            "chroot", "\(root)", "mysqld", "--no-defaults", "--user=mysql", "--datadir=\(inside)/d", "--socket=\(inside)/s", "--pid-file=\(inside)/p",
            "--tmpdir=\(inside)", "--mysqlx=OFF", "--skip-networking", "--secure-file-priv=", "--local-infile=1", "--event-scheduler=OFF",
            "--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0", "--max-allowed-packet=1G",
        ]
        process = try ServerProcess(command, directory: directory, socket: directory.appending("s"))
    }

    package var socket: BytePath { process.socket }

    package func newDatabase(_ prefix: String = "test") throws -> String {
        let number = databaseCount.withLock { count in
            count += 1
            return count
        }
        try sql("CREATE DATABASE `\(prefix)_\(number)` CHARACTER SET utf8mb4")
        return "\(prefix)_\(number)"
    }

    @discardableResult
    package func sql(_ text: String, in database: String? = nil) throws -> String {
        let result = try client(Array(text.utf8), arguments: ["--batch", "--raw"] + (database.map { ["--database=\($0)"] } ?? []))
        guard result.exitStatus == 0 else { throw ServerProblem(text: "\(result.errorText)\nin: \(text.prefix(2000))") }
        return result.outputText
    }

    package func client(_ input: [UInt8], arguments: [String] = [], directory: BytePath? = nil) throws -> Child.Result {
        try process.client(input, arguments: arguments, directory: directory)
    }
}
