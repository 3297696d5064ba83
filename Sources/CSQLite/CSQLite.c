// The one call of SQLite that Swift cannot make: sqlite3_db_config takes variable arguments.
#include "CSQLite.h"
#include <sqlite3.h>

int lb_sqlite_keep_log_on_close(void *database) {
    return sqlite3_db_config((sqlite3 *)database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
