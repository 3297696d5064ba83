// Dumps of a real MySQL 9, where scripts/mysql-root.sh has made a root for one.

import Bytes
import Databases
import HostOS
import Testing
import TestKit

extension `With MySQL 9` {
    @Suite struct `A dump of a MySQL 9 database` {
        private static let everything = """
            SET NAMES utf8mb4; SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; SET time_zone = '+00:00';
            CREATE TABLE numbers (id INT AUTO_INCREMENT PRIMARY KEY, b BIGINT, bu BIGINT UNSIGNED, dc DECIMAL(65,30), f FLOAT, d DOUBLE, b64 BIT(64), n INT DEFAULT (1 + 2),
              v INT AS (b + 1) VIRTUAL, s INT AS (b + 2) STORED, inv INT INVISIBLE DEFAULT 7);
            INSERT INTO numbers (id, b, bu, dc, f, d, b64) VALUES (0, -9223372036854775000, 18446744073709551615, 0.000000000000000000000000000001, 16777217, 5e-324, 0x0a5c09000d1a2722),
              (1, 5, 0, -99999999999999999999999999999999999.999999999999999999999999999999, 3.402823466e38, 1.7976931348623157e308, 0), (2, NULL, NULL, NULL, NULL, NULL, NULL);
            CREATE TABLE texts (id INT PRIMARY KEY, t TEXT, l1 VARCHAR(300) CHARACTER SET latin1, u16 VARCHAR(50) CHARACTER SET utf16, g VARCHAR(50) CHARACTER SET gbk, e ENUM('a','€'), j JSON,
              bl BLOB, ts TIMESTAMP(6) NULL, dt DATETIME);
            INSERT INTO texts VALUES (1, 'tab\\there\\nand \\\\N 🎒', 'é€', '🎒', '中', '€', '{"a": [1, 2.5, "é"], "b": null}', 0x00090a5c0d, '2038-01-19 03:14:07.999999', '0000-00-00'),
              (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, '', '', '', '', 'a', 'null', '', '2024-10-27 00:30:00', '2024-00-00');
            CREATE TABLE shapes (id INT PRIMARY KEY, g GEOMETRY NOT NULL SRID 4326, v VECTOR(3), SPATIAL INDEX (g));
            INSERT INTO shapes VALUES (1, ST_GeomFromText('POINT(1 2)', 4326), TO_VECTOR('[1,2,3]'));
            CREATE TABLE no_key (a INT); INSERT INTO no_key VALUES (1), (1), (2);
            CREATE TABLE by_name (n VARCHAR(50) PRIMARY KEY, v INT, KEY f ((v + 1)), CHECK (v > 0)); INSERT INTO by_name VALUES ('b', 1), ('A', 2);
            CREATE TABLE parts (id INT NOT NULL, y INT NOT NULL, PRIMARY KEY (id, y)) PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE);
            INSERT INTO parts VALUES (1, 1990), (2, 2010);
            CREATE VIEW z AS SELECT id, b FROM numbers; CREATE VIEW a AS SELECT id FROM z;
            CREATE TABLE gone (a INT); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone;
            DELIMITER //
            CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC BEGIN /* comment ;; */ RETURN n * 2; END//
            CREATE PROCEDURE p() SELECT 1//
            CREATE TRIGGER tr BEFORE INSERT ON numbers FOR EACH ROW SET NEW.n = 5//
            CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO SELECT 1//
            DELIMITER ;
            """

        @Test func `loads with the stock client to the same objects and values`() throws {
            let server = try MySQL9Server.shared(), name = try server.newDatabase(), copy = try server.newDatabase("copy")
            try server.sql(Self.everything, in: name)
            let target = MySQLServer(.socket(server.socket), user: "root", database: SchemaText(name))
            let dump = try ServerDump(target)
            #expect(dump.manifest.vendor == .mysql)
            #expect(dump.manifest.coordinates?.gtid.isEmpty == false)
            let loaded = try server.client(
                try dump.file(DumpPath.restoreSQL),
                arguments: ["--binary-mode", "--comments", "--local-infile=1", "--max-allowed-packet=1G", "--database=\(copy)"], directory: dump.scratch.root)
            #expect(loaded.errorText == "")
            for table in dump.manifest.tables {
                let first = try server.sql("CHECKSUM TABLE `\(name)`.`\(table.name)`").split(separator: "\t").last
                let second = try server.sql("CHECKSUM TABLE `\(copy)`.`\(table.name)`").split(separator: "\t").last
                #expect(first == second, "\(table.name)")
            }
            let again = try MySQLCapture.run(target.with(database: SchemaText(copy)), password: [], sink: DiscardingSink())
            #expect(ServerComparison.compare(expected: dump.manifest, found: again).differences == [.objectMissing(.view, "broken")])
            #expect(try ServerDump(target).files() == dump.files())
        }

        @Test func `names the grants that an account lacks`() throws {
            let server = try MySQL9Server.shared(), name = try server.newDatabase()
            try server.sql(
                "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE USER small@localhost IDENTIFIED BY 'pw'; GRANT SELECT, SHOW VIEW, EVENT ON `\(name)`.* TO small@localhost",
                in: name)
            let target = MySQLServer(.socket(server.socket), user: "small", database: SchemaText(name)), password = Array("pw".utf8)
            let failure = #expect(throws: MySQLFailure.self) { try MySQLCapture.run(target, password: password, sink: DiscardingSink()) }
            #expect(
                failure?.hint
                    == "run as an administrator of the server: GRANT TRIGGER ON `\(name)`.* TO 'small'@'localhost'; GRANT SHOW_ROUTINE ON *.* TO 'small'@'localhost';")
            try server.sql("GRANT TRIGGER ON `\(name)`.* TO small@localhost; GRANT SHOW_ROUTINE ON *.* TO small@localhost")
            let manifest = try MySQLCapture.run(target, password: password, sink: DiscardingSink())
            #expect(manifest.table("t")?.rows.rowCount == 1)
            #expect(manifest.notes.contains { $0.contains("read by one connection") })
        }
    }
}
