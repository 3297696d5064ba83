// SettingsTable: every key of the settings file, once. The checker, the suggestions and `lifeboat config schema` follow it.

import Bytes

enum SettingsTable {
    static let root = Shape.map([
        Key("version", .integer(1...1), "the version of this format"),
        Key("app", .either([.path, .map(application)]), "what is protected: its root directory, or a map").required.alsoCalled("application", "root"),
        Key("objectives", .map(objectives), "how much may be lost and how long recovery may take"),
        Key("sources", .map(sources), "what is saved; detected where it is not said").alsoCalled("source"),
        Key("repository", repositoryURL, "the one repository; it gets the name 'local'").alsoCalled("repo", "target"),
        Key("repositories", .map([], others: Names(what: "repository", shape: .either([repositoryURL, .map(repository)]))), "repositories by name")
            .alsoCalled("repos", "targets"),
        Key("password_file", .path, "the file with the repository's password").alsoCalled("key_file"),
        Key("password_command", command, "a program that prints the repository's password"),
        Key("key", .map(secret), "where the repository's password is"),
        Key("schedule", .map(schedule), "when each verb is due"),
        Key("retention", .map(retention + [minimum], others: Names(what: "repository", shape: .map(retention))), "which snapshots are kept")
            .alsoCalled("keep", "forget"),
        Key("verify", .map(verify), "how much a verify reads"),
        Key("drill", .map(drill), "what a drill compares"),
        Key("notify", .list(of: .map(notification)), "who is told what").withoutEffectYet.alsoCalled("notifications"),
        Key("heartbeat", .map(heartbeats), "URLs fetched after a success").withoutEffectYet.alsoCalled("heartbeats"),
        Key("hooks", .list(of: .map(hook)), "programs run before and after a verb"),
        Key("metrics", .map([Key("textfile", .path, "a file for the node exporter").required]), "where metrics go").withoutEffectYet,
        Key("serve", .map([Key("listen", .text(TextRules.listenAddress), "host and port of the dashboard").required]), "the dashboard")
            .withoutEffectYet,
        noPassword,
    ])

    static let application = [
        Key("name", .text(TextRules.applicationName), "the name in snapshots; APP_NAME or the directory's name otherwise"),
        Key("root", .path, "the application's directory; relative to this file").required.alsoCalled("path", "directory", "dir"),
        Key("env", .path, "the application's env file; .env otherwise").alsoCalled("env_file", "dotenv"),
        Key(
            "maintenance",
            .map([
                Key("down", .text(.any), "the command that closes the application").required,
                Key("up", .text(.any), "the command that opens it again").required,
            ]), "maintenance mode during a restore"
        ),
    ]

    static let objectives = [
        Key("rpo", .duration, "how much data may be lost; 24h otherwise"),
        Key("rto", .duration, "how long recovery may take; 4h otherwise"),
        Key("drill_every", .duration, "how old the last drill may be; 30d otherwise"),
    ]

    static let sources = [
        Key("database", .either([.switchedOff, .map(database), .list(of: .map(database))]), "the database or databases; false for none").alsoCalled(
            "databases", "db"),
        Key("files", .either([.switchedOff, .map(files), .list(of: .path)]), "files; false for none").alsoCalled("file", "filesystem"),
        Key(
            "config",
            .either([.switchedOff, .map([Key("paths", .list(of: .path), "files and directories").required.alsoCalled("path")]), .list(of: .path)]),
            "configuration; false for none"
        )
        .alsoCalled("configuration"),
    ]

    static let database = [
        Key("name", .text(TextRules.name), "the name of this source where there are several"),
        Key("type", .choice(DatabaseType.allCases.map(\.rawValue)), "the engine").alsoCalled("driver", "engine", "connection"),
        Key("from_env", .text(TextRules.variablePrefix), "the prefix of the application's variables, such as DB"),
        Key("path", .path, "the file of an SQLite database").alsoCalled("file"),
        Key("host", .text(.any), "the server"),
        Key("port", .integer(1...65_535), "the server's port"),
        Key("socket", .path, "the server's socket").alsoCalled("unix_socket"),
        Key("database", .text(.any), "the database's name; for SQLite its file").alsoCalled("dbname", "db", "schema"),
        Key("user", .text(.any), "the user who reads it").alsoCalled("username"),
        Key("password_file", .path, "the file with that user's password"),
        Key("data_only_exclude", .list(of: .text(.any)), "tables whose structure is saved and whose rows are not; * stands for any characters")
            .alsoCalled("exclude_tables"),
        Key("method", .choice(DumpMethod.allCases.map(\.rawValue)), "who reads it: lifeboat itself, or the vendor's dump program; native otherwise"),
        Key(
            "non_transactional", .choice(NonTransactionalTables.allCases.map(\.rawValue)),
            "tables no snapshot covers (MyISAM and the like): lock them, warn, or refuse; warn otherwise"),
        Key("pitr", .map([Key("every", .duration, "how often logs are shipped").required]), "point-in-time recovery").withoutEffectYet,
        noPassword,
    ]

    static let files = [
        Key("paths", .list(of: .path), "directories and files, relative to the root").alsoCalled("path", "include", "directories"),
        Key("exclude", .list(of: .text(TextRules.pattern), atLeast: 0), "restic patterns of what is left out").alsoCalled(
            "excludes", "excluded", "ignore"),
        Key("exclude_larger_than", .size, "larger files are left out").alsoCalled("max_size"),
    ]

    static let repositoryURL = Shape.text(TextRules.repositoryURL)

    static let repository = [
        Key("url", repositoryURL, "a path, sftp:, s3:, rest: or rclone:").required.alsoCalled("path", "repository", "location"),
        Key("copy_from", .text(.any), "the repository whose snapshots are copied here").withoutEffectYet,
        Key("credentials", .map(secret), "where the store's credentials are").withoutEffectYet,
        Key(
            "protect",
            .map([
                Key("append_only", .boolean, "nobody can delete"),
                Key("object_lock", .duration, "how long objects are locked"),
                Key("prove", .choice(RepositoryProtection.ProofInterval.allCases.map(\.rawValue)), "how often that is tried"),
            ]), "what the store is to refuse"
        ).withoutEffectYet,
        Key(
            "limit",
            .map([
                Key("up", .size, "bytes per second sent").alsoCalled("upload"),
                Key("down", .size, "bytes per second received").alsoCalled("download"),
            ]), "bandwidth"
        ).withoutEffectYet.alsoCalled("limits"),
        noPassword,
    ]

    static let secret = [
        Key("file", .path, "a file, of which the first line is the secret").alsoCalled("path", "password_file"),
        Key("env", .text(TextRules.variableName), "an environment variable"),
        Key("command", command, "a program that prints the secret"),
        Key("credential", .text(TextRules.credentialName), "a systemd credential"),
        noPassword,
    ]

    static let command = Shape.either([.text(.any), .list(of: .text(.any))])

    static let schedule =
        [Key("timezone", .text(TextRules.timeZone), "the zone of these times; the machine's otherwise").alsoCalled("time_zone", "tz")]
        + ["database", "files", "config", "verify"].map { Key($0, .calendar, "when it is due") }
        + [Key("drill", .calendar, "when a drill is due; whenever `drill_every` asks for one otherwise")]
        + [Key("catch_up", .boolean, "whether missed times are made up for")]

    static let retention =
        ["last", "hourly", "daily", "weekly", "monthly", "yearly"].map { period in
            Key(period, .either([.integer(0...1_000_000), .choice(["all"])]), "how many to keep").alsoCalled("keep_\(period)")
        }
        + ["within", "within_hourly", "within_daily", "within_weekly", "within_monthly", "within_yearly"].map { period in
            Key(period, .retentionSpan, "keep what is younger than this").alsoCalled("keep_\(period)")
        }

    static let minimum = Key("minimum", .integer(1...1_000_000), "never fewer snapshots of a source than this; 3 otherwise").alsoCalled("min")

    static let verify = [
        Key("read_data", .either([.share, .size, .choice(["all", "none"])]), "how much of the data is read back; 5% otherwise").alsoCalled(
            "read_data_subset"),
        Key("dumps", .choice(DumpVerification.allCases.map(\.rawValue)), "what is done with saved databases; parse otherwise"),
    ]

    static let drill = [
        Key(
            "checks",
            .list(
                of: .map([
                    Key("rows", .map([Key("compare", .choice(["manifest"]), "against what").required]), "compare row counts"),
                    Key("sql", .text(.any), "a query with one value"),
                    Key("expect", .text(TextRules.expectation), "what the value has to be"),
                    Key("files", .map([Key("sample", .either([.integer(1...1_000_000), .choice(["all"])]), "how many").required]), "compare files"),
                ])), "what is compared after a drill"
        )
    ]

    static let notification = [
        Key("to", .text(TextRules.notificationAddress), "mailto:, https: or ntfy:").required,
        Key("on", .list(of: .choice(NotificationEvent.allCases.map(\.rawValue))), "which events").alsoCalled("events"),
    ]

    static let heartbeats = ["backup", "verify", "drill"].map { Key($0, .text(TextRules.webAddress), "a URL fetched after each success") }

    static let hook = [
        Key("before", .choice(Verb.allCases.map(\.rawValue)), "the verb before which it runs"),
        Key("after", .choice(Verb.allCases.map(\.rawValue)), "the verb after which it runs"),
        Key("run", command, "the program and its arguments").required.alsoCalled("command", "cmd"),
        Key("timeout", .duration, "when it is stopped; 60s otherwise"),
        Key("on_error", .choice(Hook.OnError.allCases.map(\.rawValue)), "what its failure means; fail otherwise"),
    ]

    static let noPassword = Key(
        "password",
        .refused(why: "a password is never written in this file", suggestion: "put it in a file of mode 0600 and name that with password_file"), "")
}
