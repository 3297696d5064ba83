// SettingsReader+Sources: databases, files and configuration from checked values, and what contradicts itself there.

import Bytes

extension SettingsBuilder {
    mutating func sources(_ value: CheckedValue?) -> Sources {
        Sources(databases: databases(value?["database"]), files: files(value?["files"]), config: config(value?["config"]))
    }

    private mutating func databases(_ value: CheckedValue?) -> SourceSelection<[DatabaseSettings]> {
        guard let value else { return .detected }
        if value.isSwitchedOff { return .none }
        let databases = (value.list ?? [value]).map { database($0) }
        var names: Set<String> = []
        for database in databases where databases.count > 1 {
            guard let name = database.name else {
                report(database.position, "a database among several needs a name", "add name: and a short word")
                continue
            }
            if !names.insert(name).inserted { report(database.position, "two databases have the name '\(name)'", "give each its own") }
        }
        return .said(databases)
    }

    private mutating func database(_ value: CheckedValue) -> DatabaseSettings {
        let settings = DatabaseSettings(
            name: value["name"]?.text,
            type: value["type"]?.choice(DatabaseType.self),
            variablePrefix: value["from_env"]?.text,
            host: value["host"]?.text,
            port: value["port"]?.integer,
            socket: value["socket"]?.path,
            database: value["database"]?.text,
            user: value["user"]?.text,
            password: value["password_file"]?.path.map { .file($0) },
            path: value["path"]?.path,
            reading: ServerReading(
                dataOnlyExclude: value["data_only_exclude"]?.words ?? [], method: value["method"]?.choice(DumpMethod.self) ?? .native,
                nonTransactional: value["non_transactional"]?.choice(NonTransactionalTables.self) ?? .warn),
            pointInTimeInterval: value["pitr"]?["every"]?.duration,
            position: value.position)
        checkDatabase(settings, value)
        return settings
    }

    private mutating func checkDatabase(_ settings: DatabaseSettings, _ value: CheckedValue) {
        if !value.says("from_env"), !value.says("type"), !value.says("path") {
            report(value.position, "the database has no type", "add type: sqlite, or from_env: DB")
        }
        if settings.type == .sqlite || (settings.type == nil && settings.path != nil) {
            for key in ["host", "port", "socket", "user", "password_file", "data_only_exclude", "method", "non_transactional"] {
                if let odd = value[key] {
                    report(odd.position, "'\(key)' means nothing for an SQLite database", "remove it: the file is all there is")
                }
            }
            if settings.path != nil, let database = value["database"] {
                report(database.position, "'path' and 'database' both name the SQLite file", "keep one of them")
            }
            if !value.says("path"), !value.says("database"), !value.says("from_env") {
                report(value.position, "the SQLite database has no file", "add path: database/database.sqlite")
            }
        } else if let path = value["path"], let type = settings.type {
            report(path.position, "'path' means nothing for a \(type) database", "say database: and its name")
        }
        if settings.host != nil, let socket = value["socket"] {
            report(socket.position, "'host' and 'socket' both say where the server is", "keep one of them")
        }
    }

    private func files(_ value: CheckedValue?) -> SourceSelection<FileSettings> {
        guard let value else { return .detected }
        if value.isSwitchedOff { return .none }
        if value.list != nil { return .said(FileSettings(paths: paths(value), exclude: nil, excludeLargerThan: nil)) }
        return .said(
            FileSettings(
                paths: value["paths"].map { paths($0) }, exclude: value["exclude"]?.words, excludeLargerThan: value["exclude_larger_than"]?.size))
    }

    private func config(_ value: CheckedValue?) -> SourceSelection<[BytePath]> {
        guard let value else { return .detected }
        if value.isSwitchedOff { return .none }
        return .said(paths(value["paths"] ?? value))
    }

    private func paths(_ value: CheckedValue) -> [BytePath] { value.words.map { BytePath($0) } }
}
