// DumpScripts: the files of a dump beside its rows: a definition each, the script that loads everything, and a page for people.

import Bytes

struct DumpScripts {
    let schema: DatabaseSchema
    let manifest: ServerManifest
    let accounts: SchemaText?

    func write(to lane: any DumpLane) throws {
        try lane.file(DumpPath.schemaSQL, schema.databaseSQL.bytes + [0x0a])
        for entry in schema.entries { try lane.file(entry.object.path, entry.sql.bytes + [0x0a]) }
        if let accounts { try lane.file(DumpPath.accounts, accounts.bytes) }
        try lane.file(DumpPath.restoreSQL, RestoreScript(schema: schema, tables: manifest.tables).text())
        try lane.file(DumpPath.restoreText, Array(page.utf8))
    }

    private var page: String {
        """
        # The database `\(schema.name)` of \(manifest.version)

        Everything here can be loaded without lifeboat, by the stock client of \(manifest.vendor == .mariadb ? "MariaDB" : "MySQL"):

            restic -r REPOSITORY restore SNAPSHOT --target DIR          # the SNAPSHOT that this file is from
            cd DIR                                                      # where restore.sql is
            mariadb -e 'CREATE DATABASE new_name CHARACTER SET \(schema.characterSet) COLLATE \(schema.collation)'
            mariadb \(RestoreScript.clientOptions) new_name < restore.sql

        With MySQL's own client write `mysql` for `mariadb`; `--local-infile=1` must be allowed by the server too
        (`SET GLOBAL local_infile = 1`).

        | file | what it holds |
        |---|---|
        | `manifest.json` | what the database held: every definition's hash, every file's rows and their hash, the binary log's place |
        | `restore.sql` | loads everything into an empty database |
        | `schema/` | one definition for each file, as the server gave it |
        | `data/TABLE/` | the rows: tab-separated UTF-8 as LOAD DATA reads it; columns of bytes in hexadecimal |
        | `accounts.sql` | accounts that definitions belong to or that have rights here, if they could be read; load it as an administrator |

        One table alone: its definition is `schema/tables/TABLE.sql`, its LOAD DATA statements are in `restore.sql`.

        """
    }
}
