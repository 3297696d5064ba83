#!/usr/bin/env bash
# lifeboat and the usual ways to save a MariaDB database, in turn on the same server: dump, restore, and what the second day stores.
#
#   bench/databases.sh [--markdown]
#
# Ways: lifeboat · mariadb-dump | restic backup --stdin · mydumper, then restic backup (where mydumper is installed).
#
# How it measures:
#   1. A private server in BENCH_DIR is filled with a school's tables (attendance, grades, audit, photos …), about 1.4 GB of rows times SCALE.
#   2. Day 1: each way saves it into a fresh repository. Wall seconds, and CPU seconds of the client programs (the server's are the same for all).
#   3. Restore into an empty database of another name; CHECKSUM TABLE of every table must equal the original's.
#   4. Day 2: 0.26 % of the rows: 20,800 new ones, 1,200 changed ones scattered over the tables, the 3,000 oldest of a log gone; each way saves again; the repositories' growth is what it stored.
#   ROUNDS (3) repeats 2 and 3, every round in another order; the table holds medians.
#
# Environment: LIFEBOAT, RESTIC (programs), SCALE (1), ROUNDS (3), BENCH_DIR (needs 12 GB × SCALE).
# Not promised: the same numbers twice on a shared machine. Look at the ratios.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/ground.sh"
scale=${SCALE:-1} rounds=${ROUNDS:-3} style=plain
[ "${1:-}" = --markdown ] && style=markdown
find_programs
export PATH=/usr/sbin:/sbin:$PATH
type -P mariadbd >/dev/null || stop "mariadb-server is not installed" "apt-get install mariadb-server"

work=$(mktemp -d "${BENCH_DIR:-/var/tmp}/lb-XXXXXX")
chmod 755 "$work"
server=
finish() { [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }; rm -rf "$work"; }
trap finish EXIT
trap 'exit 130' INT TERM

# --- the server and its data ---------------------------------------------------------------------------------------------------------

user=(); [ "$(id -u)" = 0 ] && user=(--user=mysql)
mkdir "$work/t"; [ "$(id -u)" = 0 ] && chown mysql: "$work" "$work/t"
mariadb-install-db --no-defaults --datadir="$work/d" --auth-root-authentication-method=normal --skip-test-db --tmpdir="$work/t" "${user[@]}" >/dev/null 2>&1
mariadbd --no-defaults "${user[@]}" --datadir="$work/d" --socket="$work/s" --pid-file="$work/p" --tmpdir="$work/t" --skip-networking --local-infile=1 \
    --innodb-buffer-pool-size=2G --innodb-log-file-size=1G --character-set-server=utf8mb4 --max-allowed-packet=1G --log-bin --server-id=1 --binlog-format=ROW \
    >"$work/server.log" 2>&1 &
server=$!
sql() { mariadb --no-defaults --socket="$work/s" --user=root --batch --skip-column-names "$@"; }
for _ in $(seq 100); do sql -e 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done

rows() { awk -v n="$1" -v s="$scale" 'BEGIN { printf "%d", n * s }'; }
note "filling a school's database, times $scale …"
sql <<SQL
SET SESSION sql_log_bin = 0, unique_checks = 0, foreign_key_checks = 0;
CREATE DATABASE school CHARACTER SET utf8mb4; USE school;
CREATE TABLE students (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80), born DATE, class SMALLINT, gpa FLOAT, KEY (name)) ENGINE=InnoDB;
CREATE TABLE photos (student INT UNSIGNED PRIMARY KEY, photo MEDIUMBLOB) ENGINE=InnoDB;
CREATE TABLE attendance (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, student INT UNSIGNED, day DATE, lesson TINYINT, status ENUM('present','late','absent'), note VARCHAR(60), KEY (student, day)) ENGINE=InnoDB;
CREATE TABLE grades (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, student INT UNSIGNED, subject SMALLINT, grade DECIMAL(4,2), given TIMESTAMP NULL, comment VARCHAR(120), KEY (student)) ENGINE=InnoDB;
CREATE TABLE audit (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, at TIMESTAMP(6) NULL, who INT, what JSON) ENGINE=InnoDB;
INSERT INTO students (name, born, class, gpa) SELECT CONCAT('Pupil ', MD5(seq)), DATE_ADD('2006-01-01', INTERVAL seq % 4000 DAY), seq % 40, RAND(seq) * 12 FROM seq_1_to_$(rows 40000);
INSERT INTO photos SELECT seq, CAST(REPEAT(UNHEX(SHA2(seq, 512)), 48) AS BINARY) FROM seq_1_to_$(rows 30000);
INSERT INTO attendance (student, day, lesson, status, note) SELECT 1 + seq % $(rows 40000), DATE_ADD('2024-09-01', INTERVAL seq DIV 20000 DAY), seq % 8, 1 + (seq % 17 = 0) + (seq % 41 = 0), IF(seq % 9, NULL, MD5(seq)) FROM seq_1_to_$(rows 6000000);
INSERT INTO grades (student, subject, grade, given, comment) SELECT 1 + seq % $(rows 40000), seq % 14, 1 + seq % 1100 / 100, FROM_UNIXTIME(1700000000 + seq), IF(seq % 3, NULL, CONCAT('work ', SHA1(seq))) FROM seq_1_to_$(rows 2500000);
INSERT INTO audit (at, who, what) SELECT FROM_UNIXTIME(1700000000 + seq / 7), seq % 300, JSON_OBJECT('action', ELT(1 + seq % 4, 'view', 'edit', 'login', 'export'), 'object', SHA1(seq), 'from', seq) FROM seq_1_to_$(rows 800000);
SQL
tables="students photos attendance grades audit"
checksums() { for table in $tables; do sql "$1" -e "CHECKSUM TABLE $table" | cut -f 2; done | tr '\n' ' '; }
note "$(sql -e "SELECT CONCAT(ROUND(SUM(data_length + index_length) / 1e9, 2), ' GB in ', SUM(table_rows), ' rows') FROM information_schema.tables WHERE table_schema = 'school'")"

# --- the ways ------------------------------------------------------------------------------------------------------------------------

ways=(lifeboat mariadb-dump); type -P mydumper >/dev/null && ways+=(mydumper)
echo "a benchmark has no secrets" >"$work/password"
export RESTIC_PASSWORD_FILE=$work/password RESTIC_CACHE_DIR=$work/cache LIFEBOAT_STATE_DIR=$work/state
mkdir -p "$work/app"
cat >"$work/app/lifeboat.yaml" <<YAML
app: { name: school, root: $work/app }
repository: $work/repository-lifeboat
password_file: $work/password
sources: { files: false, config: false, database: { type: mariadb, socket: $work/s, user: root, database: school } }
YAML
client=(--no-defaults --socket="$work/s" --user=root)

fresh() {
    rm -rf "$work/repository-$1" "$work/state" "$work/cache"
    case "$1" in
        lifeboat) "$lifeboat" repository init --repo "$work/repository-lifeboat" --password-file "$work/password" ;;
        *) "$restic" -r "$work/repository-$1" init --repository-version 2 ;;
    esac >/dev/null 2>&1
}
save() {
    case "$1" in
        lifeboat) "$lifeboat" backup database --config "$work/app/lifeboat.yaml" ;;
        mariadb-dump) mariadb-dump "${client[@]}" --default-character-set=utf8mb4 --single-transaction --quick --skip-lock-tables --routines --triggers --events --hex-blob \
            --order-by-primary --skip-dump-date --max-allowed-packet=1G school | "$restic" -r "$work/repository-mariadb-dump" backup --stdin --stdin-filename school.sql ;;
        mydumper) rm -rf "$work/my"; mydumper --socket "$work/s" --user root --database school --threads 2 --outputdir "$work/my" --rows 500000 && "$restic" -r "$work/repository-mydumper" backup "$work/my" ;;
    esac
}
bring_back() {
    case "$1" in
        lifeboat) "$lifeboat" restore database --into back --force --config "$work/app/lifeboat.yaml" ;;
        mariadb-dump) "$restic" -r "$work/repository-mariadb-dump" dump latest school.sql | mariadb "${client[@]}" --max-allowed-packet=1G --default-character-set=utf8mb4 back ;;
        mydumper) rm -rf "$work/back"; "$restic" -r "$work/repository-mydumper" restore latest --target "$work/back" && myloader --socket "$work/s" --user root --database back --threads 2 --directory "$work/back$work/my" ;;
    esac
}
export -f save bring_back; export lifeboat restic work
results=$work/results; : >"$results"
# timed WAY STEP COMMAND…: wall and CPU seconds of the clients.
timed() {
    local way=$1 step=$2; shift 2
    sync
    if ! "$clock" -o "$work/time" -f '%e %U %S' bash -c "set -euo pipefail; client=(${client[*]}); $1 $way" >"$work/output" 2>&1; then
        tail -n 5 "$work/output" >&2; stop "$step with $way failed"
    fi
    awk -v way="$way" -v step="$step" '{ print way "\t" step "\t" $1 "\t" $2 + $3 }' "$work/time" >>"$results"
    note "  $(tail -n 1 "$results")"
}
stored() { du -sb "$work/repository-$1" | cut -f 1; }
original=$(checksums school)
order=("${ways[@]}")
for round in $(seq "$rounds"); do
    note "round $round of $rounds"
    for way in "${order[@]}"; do fresh "$way"; timed "$way" dump save; done
    for way in "${order[@]}"; do
        sql -e 'DROP DATABASE IF EXISTS back'; [ "$way" = lifeboat ] || sql -e 'CREATE DATABASE back CHARACTER SET utf8mb4'
        timed "$way" restore bring_back
        [ "$(checksums back)" = "$original" ] || note "  ! $way brought back other data than it saved"
    done
    sql -e 'DROP DATABASE back; RESET MASTER'
    order=("${order[@]:1}" "${order[0]}")
done
note "the second day of a school: new rows, and changed and deleted ones scattered over the tables"
sql school <<SQL
SET SESSION sql_log_bin = 0;
INSERT INTO attendance (student, day, lesson, status) SELECT 1 + seq % $(rows 40000), '2026-06-01', seq % 8, 1 FROM seq_1_to_$(rows 20000);
INSERT INTO grades (student, subject, grade, given) SELECT 1 + seq % $(rows 40000), seq % 14, 4, '2026-06-01' FROM seq_1_to_$(rows 800);
UPDATE grades SET grade = 12 WHERE id % 4999 = 0;
UPDATE attendance SET note = 'excused' WHERE id % 9973 = 0;
UPDATE students SET gpa = gpa + 1 WHERE id % 311 = 0;
DELETE FROM audit WHERE id <= $(rows 3000);
SQL
for way in "${ways[@]}"; do
    before=$(stored "$way"); timed "$way" second save
    printf '%s\tgrowth\t%s\t0\n' "$way" $(($(stored "$way") - before)) >>"$results"
done

# --- the table -----------------------------------------------------------------------------------------------------------------------

median() { awk -F '\t' -v way="$1" -v step="$2" -v column="$3" '$1 == way && $2 == step { print $column }' "$results" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f×", a / b }'; }
[ "$style" = markdown ] && { echo "| work | way | wall s | against lifeboat | client cpu s |"; echo "|---|---|---|---|---|"; }
for step in dump restore second; do
    for way in "${ways[@]}"; do
        wall=$(median "$way" $step 3) cpu=$(median "$way" $step 4)
        printf '| %s | %s | %s | %s | %s |\n' "$step" "$way" "$wall" "$(ratio "$wall" "$(median lifeboat $step 3)")" "$cpu"
    done
done
[ "$style" = markdown ] && { echo; echo "| day 2 stores | MB | against lifeboat |"; echo "|---|---|---|"; }
for way in "${ways[@]}"; do
    grown=$(median "$way" growth 3)
    printf '| %s | %s | %s |\n' "$way" "$(awk -v b="$grown" 'BEGIN { printf "%.1f", b / 1e6 }')" "$(ratio "$grown" "$(median lifeboat growth 3)")"
done
