// What Swift cannot call in SQLite: sqlite3_db_config is variadic. `database` is a `sqlite3 *`.
#ifndef LIFEBOAT_CSQLITE_H
#define LIFEBOAT_CSQLITE_H

/// After this, closing the last connection neither checkpoints nor deletes the write-ahead log. Returns an SQLite result code.
int lb_sqlite_keep_log_on_close(void *database);

#endif
