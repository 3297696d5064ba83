// Examples: the settings files of the product's description, word for word, and a machine made of literals.

import Bytes
import Settings

enum Examples {
    static let minimal = """
        app: /var/www/sms
        repository: /mnt/backup/sms
        password_file: /etc/lifeboat/sms.key
        """

    static let full = """
        version: 1
        app:
          name: school-sms
          root: /var/www/sms
          env: .env                        # DB_* read at run time, never copied here
          maintenance: { down: php artisan down, up: php artisan up }
        objectives: { rpo: 24h, rto: 4h, drill_every: 30d }
        sources:
          database:
            type: mysql                    # mysql | mariadb | postgresql | sqlite
            from_env: DB                   # or host/port/socket/database/user/password_file
            data_only_exclude: [cache, sessions]   # structure kept, rows skipped
            pitr: { every: 10s }           # continuous point-in-time recovery
          files:
            paths: [storage/app, public/uploads]
            exclude: ["*.log", node_modules, vendor]
            exclude_larger_than: 5GiB
          config:
            paths: [.env, config, docker-compose.yml, /etc/nginx/sites-enabled/sms.conf]
        repositories:
          local:   { url: /mnt/backup/sms }
          offsite: { url: "s3:https://s3.example.com/sms", copy_from: local, credentials: { file: /etc/lifeboat/s3.env },
                     protect: { append_only: true, object_lock: 30d, prove: weekly }, limit: { up: 8MiB } }
        key: { file: /etc/lifeboat/sms.key }       # or command: / credential: (systemd)
        schedule:
          timezone: Europe/Kyiv
          database: daily 02:00
          files: sunday 03:00
          config: saturday 01:00
          verify: daily 04:00
          drill: 1st sunday 05:00
          catch_up: true
        retention:
          local: { last: 3, daily: 7, weekly: 5, monthly: 12 }
          offsite: { within: 30d, monthly: 24 }
          minimum: 3                       # never fewer good snapshots than this
        verify: { read_data: 5%, dumps: parse }
        drill:
          checks:
            - rows: { compare: manifest }
            - sql: SELECT COUNT(*) FROM students
              expect: ">= 500"
            - files: { sample: 200 }
        notify: [ { to: mailto:it@school.example, on: [failure, recovered, overdue, drill] } ]
        heartbeat: { backup: https://hc.example/aaaa }
        hooks: [ { before: backup, run: [php, artisan, queue:pause], timeout: 60s, on_error: warn } ]
        metrics: { textfile: /var/lib/node_exporter/lifeboat.prom }
        serve: { listen: 127.0.0.1:8250 }
        """
}

let settingsPath: BytePath = "/etc/lifeboat/lifeboat.yaml"

func read(_ text: String, file: BytePath = settingsPath) throws(SettingsProblems) -> SettingsFile {
    try SettingsReader.read(Array(text.utf8), file: file)
}

/// The problems of a text, without the file's name; empty if there are none.
func problems(_ text: String) -> [String] {
    do {
        _ = try read(text)
        return []
    } catch {
        return error.problems.map { problem in
            "\(problem.position.line):\(problem.position.column) \(problem.message)" + (problem.suggestion.map { " | \($0)" } ?? "")
        }
    }
}

/// A machine of literal files. Directories are those that contain something, and `directories`.
struct FakeProbe: FileProbe {
    var files: [String: String] = [:]
    var directories: Set<String> = []
    /// Link → absolute target.
    var links: [String: String] = [:]

    static let sqlite = "SQLite format 3\0 and pages"

    func realPath(of path: BytePath) -> BytePath? {
        let real = resolvingLinks(path.cleaned, depth: 0)
        return exists(real) ? real : nil
    }

    func kind(of path: BytePath) -> PathKind? {
        guard let real = realPath(of: path) else { return nil }
        return files["\(real)"] != nil ? .file : .directory
    }

    func beginning(of path: BytePath, byteCount: Int) -> [UInt8]? {
        realPath(of: path).flatMap { files["\($0)"] }.map { Array(Array($0.utf8).prefix(byteCount)) }
    }

    func names(in directory: BytePath) -> [[UInt8]] {
        guard let real = realPath(of: directory) else { return [] }
        let below = everything.map { BytePath($0) }.filter { real.contains($0) && $0.components.count > real.components.count }
        return Set(below.map { $0.components[real.components.count] }).sorted { $0.lexicographicallyPrecedes($1) }
    }

    private var everything: [String] { Array(files.keys) + Array(directories) + Array(links.keys) }

    private func exists(_ path: BytePath) -> Bool {
        path == .root || files["\(path)"] != nil || everything.contains { path.contains(BytePath($0)) && links["\(path)"] == nil }
    }

    private func resolvingLinks(_ path: BytePath, depth: Int) -> BytePath {
        for (link, target) in links.sorted(by: { $0.key < $1.key }) where depth < 8 && BytePath(link).contains(path) {
            let rest = path.components.dropFirst(BytePath(link).components.count)
            return resolvingLinks(BytePath(names: BytePath(target).components + rest, absolute: true), depth: depth + 1)
        }
        return path
    }
}
