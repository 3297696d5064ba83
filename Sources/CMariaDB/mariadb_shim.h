// libmariadb as Databases sees it: the client library of MariaDB, which speaks to MySQL too.
#include <mysql.h>
#include <errmsg.h>
