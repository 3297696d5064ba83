// AppDoctor+Databases: can every database be read whole, and is there what a restore and a drill of it need?

import Bytes
import Databases
import HostOS
import RepositoryEngine
import Settings

extension AppDoctor {
    var databases: [Finding] {
        if workbench.application.databases.isEmpty {
            return [Finding(.warning, "no database: none was found and none is named under `sources:`")]
        }
        return workbench.application.databases.flatMap(look)
    }

    private func look(_ database: ResolvedDatabase) -> [Finding] {
        switch database.location {
        case .file(let file): look(file)
        case .server(let place): look(database, place)
        case .unknown(let reason):
            [Finding(.bad, "database: \(reason)", hint: "name it under `sources:` in \(workbench.settings.file)")]
        }
    }

    // MARK: SQLite

    private func look(_ file: BytePath) -> [Finding] {
        do throws(DatabaseFailure) {
            let probe = try workbench.sqlite.probe(file)
            let mode = probe.journalMode == .wal ? "WAL" : "rollback journal"
            let byteCount = probe.byteCount + probe.logByteCount
            var findings = [Finding(.good, "database: \(file): SQLite, \(mode), \(probe.tableCount) tables, \(ByteCount(byteCount))")]
            if !probe.isWritable {
                findings.append(
                    Finding(.warning, "this user may read the database '\(file)', but not restore it", hint: "run lifeboat as its owner or as root"))
            }
            if let free = try? Directory.freeSpace(at: file.parent), free < byteCount {
                findings.append(
                    Finding(
                        .warning, "a restore puts the new database beside the old one, and '\(file.parent)' has only \(ByteCount(free)) free",
                        hint: "make \(ByteCount(byteCount)) free on its disk"))
            }
            return findings + probe.advice.map { Finding(.warning, $0) }
        } catch {
            return [Finding(error.failure)]
        }
    }

    // MARK: MySQL and MariaDB

    private func look(_ database: ResolvedDatabase, _ place: DatabaseServer) -> [Finding] {
        do {
            let probe = try AppDatabaseServer(database, place, env: workbench.env).probe()
            var findings: [Finding] = []
            if let statements = probe.grantStatements {
                let purposes = probe.missing.map(\.purpose).joined(separator: ", ")
                findings.append(
                    Finding(
                        .bad, "database: \(probe.version) at \(database.place): the account lacks privileges \(purposes)",
                        hint: "run as an administrator of the server: \(statements)"))
            } else {
                findings.append(Finding(.good, "database: \(probe.version) at \(database.place): \(probe.summary)"))
            }
            return findings + useful(probe) + restore(probe) + engines(probe) + binaryLog(probe) + clock(probe) + program(probe.version)
        } catch {
            return [Finding(Failure(describing: error))]
        }
    }

    private func useful(_ probe: MySQLProbe) -> [Finding] {
        if probe.useful.isEmpty { return [] }
        let purposes = probe.useful.map(\.purpose).joined(separator: ", ")
        return [
            Finding(
                .warning, "database: a backup is possible, and better with more privileges: \(purposes)",
                hint: "run as an administrator of the server: \(probe.useful.map { $0.statement + ";" }.joined(separator: " "))")
        ]
    }

    private func restore(_ probe: MySQLProbe) -> [Finding] {
        if probe.restoreGrants.isEmpty { return [] }
        return [
            Finding(
                .warning, "database: the account may be backed up with, and not restored with",
                hint: "restore as an administrator (--database-user root), or run as one: \(probe.restoreGrants.joined(separator: " "))")
        ]
    }

    private func engines(_ probe: MySQLProbe) -> [Finding] {
        if probe.nonTransactional.isEmpty { return [] }
        let names = probe.nonTransactional.map { "'\($0.name)' (\($0.engine))" }.joined(separator: ", ")
        let statements = probe.nonTransactional.prefix(10).map { SQLText("ALTER TABLE \(probe.database, $0.name) ENGINE=InnoDB;").description }
        return [
            Finding(
                .warning, "database: no snapshot covers the tables \(names); they may change while they are read",
                hint: "\(statements.joined(separator: " ")) or say `non_transactional: lock` under `sources: database:`")
        ]
    }

    private func binaryLog(_ probe: MySQLProbe) -> [Finding] {
        if probe.keepsBinaryLog { return [] }
        return [
            Finding(
                .warning, "database: the server keeps no binary log: what is written between two backups can never be brought back",
                hint: "add `log_bin = binlog` and `server_id = 1` below [mysqld] in its settings (/etc/mysql/), and restart it")
        ]
    }

    private func clock(_ probe: MySQLProbe) -> [Finding] {
        let difference = probe.time.seconds - workbench.identity.now().seconds
        if abs(difference) < 60 { return [] }
        return [
            Finding(
                .warning, "database: the server's clock is \(abs(difference)) s \(difference > 0 ? "ahead of" : "behind") this machine's",
                hint: "let both follow a time server: `timedatectl set-ntp true`")
        ]
    }

    /// A drill starts a server of its own.
    private func program(_ version: MySQLVersion) -> [Finding] {
        let isMariaDB = version.vendor == .mariadb
        if let found = try? ServerProgram.find(like: version), found.version.vendor == version.vendor {
            return [Finding(.good, "database: \(found.path) (\(found.version)) is there for drills")]
        }
        return [
            Finding(
                .warning, "database: there is no server program of \(isMariaDB ? "MariaDB" : "MySQL") on this machine: a drill cannot try a restore here",
                hint: "apt-get install \(isMariaDB ? "mariadb-server" : "mysql-server"); it need not run: systemctl disable --now \(isMariaDB ? "mariadb" : "mysql")")
        ]
    }
}
