#!/usr/bin/env bash
# Creates the sample application of the demo: the management system of a school, as a Laravel project on SQLite.
#
#   demo/make-school.sh DIRECTORY [--students N]        (2400 students make about 430,000 rows)
#
#   1. The project: .env, artisan, composer files, config/. Stubs, but enough to be recognised as Laravel.
#   2. The files: public/uploads and storage/app with every oddity a file system has, and vendor/ as the noise to leave out.
#   3. The database: filled by plain SQL, in WAL mode, and left with committed rows that are only in its -wal file.
#
# The rows and the file contents are the same every time. Needs the sqlite3 shell and perl. The directory must not exist yet.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
application='' students=2400
while [ $# -gt 0 ]; do
    case "$1" in
        --students) students=${2:?--students needs a number}; shift 2 ;;
        -h|--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) echo "error: unknown option $1" >&2; exit 64 ;;
        *) application=$1; shift ;;
    esac
done
[ -n "$application" ] || { echo "usage: ${0##*/} DIRECTORY [--students N]" >&2; exit 64; }
[[ $students =~ ^[1-9][0-9]*$ ]] || { echo "error: --students takes a number, not '$students'" >&2; exit 64; }
[ ! -e "$application" ] || { echo "error: '$application' exists already; this script only makes new ones" >&2; exit 1; }

umask 022
mkdir -p "$application"
application=$(cd "$application" && pwd -P)
cd "$application"

write_project() {
    mkdir -p config database routes app/Models bootstrap public
    cat >.env <<ENV
APP_NAME="School SMS"
APP_ENV=production
APP_KEY=base64:c2Nob29sLXNtcy1kZW1vLWtleS1ub3QtYS1zZWNyZXQ=
APP_DEBUG=false
APP_URL=https://sms.school.example

DB_CONNECTION=sqlite
DB_DATABASE="$application/database/database.sqlite"
DB_FOREIGN_KEYS=true

MAIL_MAILER=smtp
MAIL_HOST=mail.school.example
MAIL_PASSWORD="p#ss word with 'quotes'"
QUEUE_CONNECTION=database
ENV
    chmod 640 .env
    printf '#!/usr/bin/env php\n<?php\ndefine("LARAVEL_START", microtime(true));\nrequire __DIR__."/vendor/autoload.php";\n' >artisan
    chmod 755 artisan
    cat >composer.json <<'JSON'
{
    "name": "school/sms",
    "type": "project",
    "require": { "php": "^8.2", "laravel/framework": "^11.0" },
    "autoload": { "psr-4": { "App\\": "app/" } }
}
JSON
    cat >composer.lock <<'JSON'
{
    "content-hash": "5c0ffee5c0ffee5c0ffee5c0ffee5c0f",
    "packages": [
        { "name": "laravel/framework", "version": "v11.31.0", "type": "library" },
        { "name": "nesbot/carbon", "version": "3.8.2", "type": "library" }
    ],
    "packages-dev": []
}
JSON
    printf "<?php\n\nreturn ['name' => env('APP_NAME', 'Laravel'), 'timezone' => 'Europe/Kyiv', 'locale' => 'uk'];\n" >config/app.php
    printf "<?php\n\nreturn ['default' => env('DB_CONNECTION', 'sqlite'), 'connections' => ['sqlite' => ['driver' => 'sqlite', 'database' => env('DB_DATABASE')]]];\n" >config/database.php
    printf "<?php\n\nreturn ['default' => 'local', 'disks' => ['local' => ['driver' => 'local', 'root' => storage_path('app/private')]]];\n" >config/filesystems.php
    printf "<?php\n\nreturn ['currency' => 'UAH', 'terms' => 5, 'late_fee_cents' => 2500];\n" >config/school.php
    chmod 600 config/database.php
    printf "<?php\n\nuse Illuminate\\\\Support\\\\Facades\\\\Route;\n" >routes/web.php
    ln -s ../storage/app/public public/storage
}

# What Perl can't: extended attributes, access lists, owners, and times with nanoseconds.
add_metadata() {
    touch -d '2026-03-29 01:30:00.123456789 UTC' public/uploads/films/graduation-2026.mp4
    touch -d '1970-01-02 00:00:00.000000001 UTC' 'storage/app/private/one-byte.bin'
    touch -h -d '2026-10-25 00:59:59.999999999 UTC' public/uploads/videos
    touch -d '2026-09-01 08:00:00.5 UTC' 'public/uploads/empty folder'
    if type -P setfattr >/dev/null; then
        setfattr -n user.reviewed_by -v 'Олена Шевченко' public/uploads/films/graduation-2026.mp4 2>/dev/null || true
        setfattr -n user.sha1 -v 0x00ff10 public/uploads/homework/2026/02/essay-00001.txt 2>/dev/null || true
    fi
    if type -P setfacl >/dev/null; then setfacl -m g:games:r storage/app/private/secret.key 2>/dev/null || true; fi
    if [ "$(id -u)" = 0 ]; then
        chown -hR 33:33 public/uploads storage database
        chown 0:33 .env storage/app/private/secret.key
        chmod 02755 storage/app/private/setgid-tool
    fi
}

# The last statements run without a checkpoint and the connection closes without one: their rows are in the -wal file alone,
# as they would be beside a running application. A backup that copies only database.sqlite loses them.
fill_database() {
    local file=database/database.sqlite
    sqlite3 -batch -bail "$file" -cmd '.parameter init' -cmd ".parameter set :students $students" -cmd 'PRAGMA journal_mode = WAL' \
        -cmd 'PRAGMA synchronous = OFF' ".read '$here/school/schema.sql'" ".read '$here/school/data.sql'" ".read '$here/school/finish.sql'" >/dev/null
    chmod 640 "$file"
    sqlite3 -batch -bail "$file" '.dbconfig no_ckpt_on_close on' 'PRAGMA wal_autocheckpoint = 0' \
        "INSERT INTO audit_log (at, actor, action, detail) VALUES ('2026-09-01 06:00:00', 'admin', 'open', '{\"note\":\"only in the -wal file\"}')" \
        "UPDATE settings SET value = 'open' WHERE key = 'theme'" >/dev/null
}

write_project
perl "$here/school/files.pl" "$application"
fill_database
add_metadata
