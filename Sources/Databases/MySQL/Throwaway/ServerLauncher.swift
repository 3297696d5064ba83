// ServerLauncher: the command lines of a throw-away server, and the wait until it is ready.

import Bytes
import HostOS

struct ServerLauncher {
    let program: ServerProgram
    let place: ThrowawayPlace
    let options: ThrowawayServer.Options
    let sizes: ServerSizes
    /// On Host's monotonic clock.
    let began: Int64

    var server: MySQLServer { MySQLServer(.socket(place.socket), user: "root") }

    private var isMariaDB: Bool { program.version.vendor == .mariadb }

    // MARK: Data directory

    /// An empty data directory with the server's own tables in it.
    func makeDataDirectory() throws {
        let process = try run(isMariaDB ? program.installer ?? program.path : program.path, isMariaDB ? mariaDBMaking : mySQLMaking)
        guard let status = process.waitForExit(limitNanoseconds: nanosecondsLeft) else {
            process.kill()
            throw didNotStart("its data directory was not ready after \(options.startLimitSeconds) seconds")
        }
        if status != 0 { throw didNotStart("its data directory could not be made (status \(status))") }
    }

    private var mariaDBMaking: [String] {
        [
            "--no-defaults", "--datadir=\(place.data)", "--tmpdir=\(place.temporary)", "--auth-root-authentication-method=normal",
            "--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=8M", caseRule,
        ]
    }

    private var mySQLMaking: [String] {
        ["--no-defaults", "--initialize-insecure", "--datadir=\(place.data)", "--tmpdir=\(place.temporary)", "--secure-file-priv=", caseRule]
    }

    private var caseRule: String { "--lower-case-table-names=\(options.lowerCaseTableNames)" }

    // MARK: Server

    func startServer() throws(SystemError) -> ChildProcess { try run(program.path, common + (isMariaDB ? mariaDBOnly : mySQLOnly)) }

    private var common: [String] {
        [
            "--no-defaults", "--datadir=\(place.data)", "--socket=\(place.socket)", "--pid-file=\(place.path.appending("p"))",
            "--tmpdir=\(place.temporary)", "--skip-networking", "--skip-name-resolve", "--skip-log-bin", "--event-scheduler=OFF",
            "--performance-schema=0", "--innodb-buffer-pool-size=\(sizes.bufferByteCount)", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-doublewrite=0", "--character-set-server=utf8mb4", "--max-allowed-packet=1G", "--local-infile=1",
            "--sql-mode=\(options.sqlMode)", caseRule,
        ]
    }

    private var mariaDBOnly: [String] {
        [
            "--innodb-log-file-size=\(sizes.logByteCount)", "--loose-innodb-flush-method=nosync", "--secure-file-priv=\(place.path)",
            // The history of system-versioned tables comes back with its own times.
            "--secure-timestamp=NO",
        ]
    }

    private var mySQLOnly: [String] {
        [
            "--loose-innodb-redo-log-capacity=\(sizes.logByteCount)", "--loose-mysqlx=OFF", "--secure-file-priv=",
            "--log-bin-trust-function-creators=1",
        ]
    }

    /// Returns when the server lets us in.
    func waitUntilReady(_ process: ChildProcess) throws {
        while true {
            if let status = process.exitStatus { throw didNotStart("it ended with status \(status)") }
            do throws(MySQLFailure) {
                _ = try MySQLConnection(server, password: [])
                return
            } catch {
                guard error.kind == .unreachable || error.kind == .connectionLost else { throw error }
                guard nanosecondsLeft > 0 else {
                    process.kill()
                    throw didNotStart("it was not ready after \(options.startLimitSeconds) seconds")
                }
            }
            SystemClock().sleep(nanoseconds: 10_000_000)
        }
    }

    // MARK: Steps

    private var nanosecondsLeft: Int64 { max(began + options.startLimitSeconds * 1_000_000_000 - Host.monotonicNanoseconds(), 0) }

    private func run(_ executable: BytePath, _ arguments: [String]) throws(SystemError) -> ChildProcess {
        let environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin:\(program.path.parent)", "HOME=\(place.path)", "TMPDIR=\(place.temporary)", "LC_ALL=C"]
        let null = try ChildProcess.devNull(), log = try Descriptor.open(place.log, .append)
        return try ChildProcess.start(
            ChildProcess.Program(
                executable, arguments.map { Array($0.utf8) }, environment: environment.map { Array($0.utf8) }, directory: place.path,
                user: place.user),
            input: null, output: log, errors: log)
    }

    private func didNotStart(_ reason: String) -> ThrowawayServerFailure {
        .didNotStart(program.path, reason: reason, log: ServerLog.lastWords(place.log))
    }
}
