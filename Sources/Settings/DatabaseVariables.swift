// DatabaseVariables: an application's own variables (DB_CONNECTION, DB_HOST, …) as the place of its database.
//
// Order of Laravel: a URL (DB_URL, formerly DATABASE_URL) wins over single variables. Hyperf calls the connection DB_DRIVER.
// Passwords are never read here: the result names the variable that holds one.

import Bytes

struct DatabaseVariables {
    let env: DotEnv
    /// `DB`, or whatever `from_env` says.
    let prefix: String
    let root: BytePath
    /// What the framework takes when nothing is said.
    var defaultConnection: String? = nil
    /// Where the framework keeps an SQLite database whose file is not said.
    var defaultSQLiteFile: BytePath? = nil

    /// Names of connections and URL schemes.
    static let types: [String: DatabaseType] = [
        "mysql": .mysql, "mariadb": .mariadb, "pgsql": .postgresql, "postgres": .postgresql, "postgresql": .postgresql,
        "sqlite": .sqlite, "sqlite3": .sqlite, "file": .sqlite,
    ]

    /// The connection that the variables name; nil if they name none.
    var connection: String? { (setting("CONNECTION") ?? setting("DRIVER") ?? defaultConnection)?.lowercased() }

    func setting(_ suffix: String) -> String? { env.setting("\(prefix)_\(suffix)") }

    /// The variable that holds a URL, if any does.
    private var urlVariable: String { prefix == "DB" && setting("URL") == nil ? "DATABASE_URL" : "\(prefix)_URL" }

    private var url: DatabaseURL? { env.setting(urlVariable).flatMap(DatabaseURL.init) }

    /// Nil if the variables speak of no database, or of one that lives in memory only.
    /// - Parameter type: what the settings file says; it wins over the variables.
    func database(type said: DatabaseType? = nil) -> (type: DatabaseType?, location: DatabaseLocation)? {
        let url = url
        guard let word = url?.scheme ?? connection ?? said?.rawValue else { return nil }
        guard let type = said ?? DatabaseVariables.types[word] else {
            return (nil, .unknown(reason: "\(prefix)_CONNECTION names '\(clipped(word))', which is no kind of database that lifeboat knows"))
        }
        return type.isFile ? sqlite(url).map { (.sqlite, $0) } : (type, server(url))
    }

    private func sqlite(_ url: DatabaseURL?) -> DatabaseLocation? {
        let said = url?.database ?? setting("DATABASE")
        if let said, said == ":memory:" || said.contains("mode=memory") { return nil }
        if let path = said.map({ BytePath($0) }) ?? defaultSQLiteFile { return .file(BytePath.resolve(path, in: root)) }
        return .unknown(reason: "\(prefix)_DATABASE does not say where the SQLite file is")
    }

    private func server(_ url: DatabaseURL?) -> DatabaseLocation {
        let variable = url == nil ? "\(prefix)_PASSWORD" : urlVariable
        let hasPassword = url.map { $0.password != nil } ?? (env["\(prefix)_PASSWORD"] != nil)
        let server = DatabaseServer(
            host: url?.host ?? setting("HOST"),
            port: url?.port ?? setting("PORT").flatMap { Int($0) },
            socket: setting("SOCKET").map { BytePath.resolve(BytePath($0), in: root) },
            database: url?.database ?? setting("DATABASE"),
            user: url?.user ?? setting("USERNAME") ?? setting("USER"),
            password: hasPassword ? .applicationVariable(variable) : nil)
        return .server(server)
    }
}

extension DotEnv {
    /// The secret behind a `SecretReference.applicationVariable`: the value, or the password within it where it is a database's URL.
    package func secret(_ variable: String) -> String? {
        guard let value = self[variable] else { return nil }
        return variable.hasSuffix("_URL") ? DatabaseURL(value)?.password : value
    }
}

/// `mysql://user:password@host:3306/name?option=value`. Never printed.
private struct DatabaseURL {
    let scheme: String
    let user: String?
    let password: String?
    let host: String?
    let port: Int?
    /// The path without its first slash, as Laravel takes it: `sqlite:////srv/a.sqlite` is the absolute `/srv/a.sqlite`.
    let database: String?

    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon].lowercased()
        guard !scheme.isEmpty, scheme.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else { return nil }
        self.scheme = scheme
        var rest = text[text.index(after: colon)...].prefix { $0 != "?" && $0 != "#" }
        guard rest.hasPrefix("//") else {
            // Prisma and its kind: file:./dev.db
            (user, password, host, port, database) = (nil, nil, nil, nil, DatabaseURL.decoded(rest))
            return
        }
        rest = rest.dropFirst(2)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count).dropFirst()
        let at = authority.lastIndex(of: "@")
        let account = at.map { authority[..<$0] }
        let address = at.map { authority[authority.index(after: $0)...] } ?? authority
        let portColon = address.hasSuffix("]") ? nil : address.lastIndex(of: ":")
        user = account.flatMap { DatabaseURL.decoded($0.prefix { $0 != ":" }) }
        password = account.flatMap { DatabaseURL.decoded($0.drop { $0 != ":" }.dropFirst()) }
        host = DatabaseURL.decoded(portColon.map { address[..<$0] } ?? address)
        port = portColon.flatMap { Int(address[address.index(after: $0)...]) }
        database = DatabaseURL.decoded(path)
    }

    /// Percent escapes replaced; nil for nothing.
    private static func decoded(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(Hex.value), let low = rest.dropFirst().first.flatMap(Hex.value) {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
