// MySQLFixture: dumps that go to a directory and come from one, and a database with everything in it that a database can have.

import Bytes
import Databases
import HostOS
import Synchronization
import TestKit

/// The files of a dump below a directory.
struct DirectorySink: DumpSink {
    let root: BytePath

    func lane() -> any DumpLane { Lane(root) }

    func startOver() throws {
        for entry in try Directory.entries(of: root) { try Directory.removeTree(root.appending(entry.name)) }
    }

    private final class Lane: DumpLane {
        private let root: BytePath
        private var file: Descriptor?
        private var path = BytePath([])

        init(_ root: BytePath) { self.root = root }

        func begin(_ names: [[UInt8]]) throws {
            path = names.reduce(root) { $0.appending($1) }
            try Directory.createAll(path.parent)
            file = try Descriptor.open(BytePath(path.bytes + Array("~".utf8)), .createNew)
        }

        func write(_ bytes: Span<UInt8>) throws { try file?.write(bytes) }

        func end() throws {
            file = nil
            try Directory.rename(BytePath(path.bytes + Array("~".utf8)), to: path)
        }
    }
}

struct DirectorySource: DumpSource {
    let root: BytePath

    func open(_ names: [[UInt8]]) throws -> any DumpFile { File(try Descriptor.open(names.reduce(root) { $0.appending($1) }, .read)) }

    private final class File: DumpFile {
        private let file: Descriptor
        init(_ file: consuming Descriptor) { self.file = file }
        func read(into buffer: inout MutableSpan<UInt8>) throws -> Int { try file.read(into: &buffer) }
    }
}

/// A dump in a scratch directory.
struct ServerDump {
    let scratch: Scratch
    let manifest: ServerManifest

    init(_ server: MySQLServer, password: [UInt8] = [], options: MySQLCaptureOptions = MySQLCaptureOptions()) throws {
        scratch = try Scratch()
        manifest = try MySQLCapture.run(server, password: password, options: options, sink: DirectorySink(root: scratch.root))
    }

    var source: DirectorySource { DirectorySource(root: scratch.root) }

    func file(_ path: [[UInt8]]) throws -> [UInt8] { try source.read(path, limit: 1 << 28) }
    func text(_ path: [[UInt8]]) throws -> String { String(decoding: try file(path), as: UTF8.self) }

    /// Every file with its content, but for the manifest.
    func files() throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:], pending = [scratch.root]
        while let directory = pending.popLast() {
            for entry in try Directory.entries(of: directory) {
                let path = directory.appending(entry.name)
                if entry.kind == .directory { pending.append(path) } else { found["\(path)"] = try AtomicFile.read(path, limit: 1 << 28) }
            }
        }
        let prefix = "\(scratch.root)/".count
        return Dictionary(uniqueKeysWithValues: found.map { (String($0.key.dropFirst(prefix)), $0.value) }).filter { $0.key != "manifest.json" }
    }

    /// Loads restore.sql into a fresh database with the stock client.
    func load(into server: MariaDBServer, _ database: String) throws {
        let result = try server.client(
            try file(DumpPath.restoreSQL),
            arguments: ["--binary-mode", "--comments", "--local-infile=1", "--max-allowed-packet=1G", "--database=\(database)"],
            directory: scratch.root)
        guard result.exitStatus == 0, result.errorText.isEmpty else { throw ServerProblem(text: result.errorText) }
    }
}

extension MariaDBServer {
    /// CHECKSUM TABLE of every base table, by name.
    func checksums(_ database: String) throws -> [String: String] {
        let names = try sql(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '\(database)' AND TABLE_TYPE = 'BASE TABLE'"
        ).split(separator: "\n")
        var result: [String: String] = [:]
        for name in names {
            let quoted = SQLText(identifier: SchemaText(String(name))).description
            let line = try sql("CHECKSUM TABLE \(quoted) EXTENDED", in: database)
            result[String(name)] = line.split(separator: "\t").last.map { String($0.filter { $0 != "\n" }) }
        }
        return result
    }

    func differingTables(_ a: String, _ b: String) throws -> [String] {
        let first = try checksums(a), second = try checksums(b)
        return Set(first.keys).union(second.keys).filter { first[$0] != second[$0] }.sorted()
    }
}

enum Everything {
    /// Every column type at its extremes.
    static let types = """
        SET NAMES utf8mb4; SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; SET time_zone = '+00:00';
        CREATE TABLE numbers (id INT AUTO_INCREMENT PRIMARY KEY, t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, m MEDIUMINT, i INT, iu INT UNSIGNED, b BIGINT, bu BIGINT UNSIGNED,
          z INT(8) ZEROFILL, dc DECIMAL(65,30), f FLOAT, f2 FLOAT(7,3), d DOUBLE, b1 BIT(1), b64 BIT(64), bo BOOL);
        INSERT INTO numbers VALUES
          (0,-128,0,-32768,-8388608,-2147483648,0,-9223372036854775808,0,0,-99999999999999999999999999999999999.999999999999999999999999999999,-3.402823466e38,-1.5,-1.7976931348623157e308,b'0',0,0),
          (1,127,255,32767,8388607,2147483647,4294967295,9223372036854775807,18446744073709551615,7,99999999999999999999999999999999999.999999999999999999999999999999,3.402823466e38,1234.567,1.7976931348623157e308,b'1',18446744073709551615,1),
          (2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
          (3,0,0,0,0,0,0,0,0,0,0.000000000000000000000000000001,1.17549435e-38,0,5e-324,b'1',0x0a5c09000d1a2722,0),
          (4,1,1,1,1,1,1,1,1,1,1,16777217,0.001,0.1,b'0',1,1),(5,1,1,1,1,1,1,1,1,1,1,1234567.875,0.1,2.2250738585072014e-308,b'0',1,1),(6,1,1,1,1,1,1,1,1,1,1,0.1,0.1,-0.0,b'0',1,1);
        CREATE TABLE times (id INT PRIMARY KEY, d DATE, dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL, t TIME, t6 TIME(6), y YEAR);
        INSERT INTO times VALUES (1,'0000-00-00','0000-00-00 00:00:00','0000-00-00','0000-00-00','0000-00-00','-838:59:59','-838:59:58.999999',0),
          (2,'9999-12-31','9999-12-31 23:59:59','9999-12-31 23:59:59.999999','2038-01-19 03:14:07','2038-01-19 03:14:07.999999','838:59:59','838:59:59.999999',2155),
          (3,'1000-01-01','2024-00-00','2024-02-00','1970-01-01 00:00:01','2024-03-31 02:30:00.5','00:00:00','-00:00:00.000001',1901),(4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
          (5,'2024-02-29','2024-10-27 02:30:00','2024-10-27 02:30:00','2024-10-27 00:30:00','2024-10-27 01:30:00','12:00:00','12:00:00',2024);
        CREATE TABLE texts (id INT PRIMARY KEY, c CHAR(10), v VARCHAR(200), t TEXT, lt LONGTEXT, l1 VARCHAR(300) CHARACTER SET latin1, a VARCHAR(50) CHARACTER SET ascii,
          u2 VARCHAR(50) CHARACTER SET ucs2, u16 VARCHAR(50) CHARACTER SET utf16, u32 CHAR(5) CHARACTER SET utf32, cp VARCHAR(300) CHARACTER SET cp1250, sj VARCHAR(50) CHARACTER SET sjis, g VARCHAR(50) CHARACTER SET gbk,
          e ENUM('a','b,c','d''e','€',''), s SET('x','y','z\\\\'), j JSON, el ENUM('ä','ö') CHARACTER SET latin1);
        INSERT INTO texts VALUES
          (1,'','','','','','','','','','','','','a','', '{}', 'ä'),
          (2,'x  ','tab\\there','line\\nfeed','back\\\\slash \\\\N \\\\t \\0 \\r\\n \\Z end','café','plain','ä\\n\\\\','🎒','€','č','表','中','€','x,z\\\\','{"a": [1, 2.5, "\\\\u00e9"]}', 'ö'),
          (3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
          (4,'\\\\N','\\\\N','NULL','\\N','\\\\','\\\\N','\\\\N','\\\\N','N','\\\\N','\\\\N','\\\\N','','','null','ä');
        INSERT INTO texts (id, v, lt) VALUES (5, REPEAT('🎒', 200), REPEAT('ä\\t\\n\\\\0123456789', 100000));
        CREATE TABLE bytes (id INT PRIMARY KEY, b BINARY(5), vb VARBINARY(300), tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB);
        INSERT INTO bytes VALUES (1,'','','','','',''),(2,NULL,NULL,NULL,NULL,NULL,NULL),(3,0x00090a5c0d,0x00090a5c0d1a27225c4e,0x5c4e,'\\\\N','\\t\\n',REPEAT(0x00ff5c0a,1000000));
        CREATE TABLE shapes (id INT PRIMARY KEY, g GEOMETRY, p POINT NOT NULL, pg POLYGON, gc GEOMETRYCOLLECTION, SPATIAL INDEX (p));
        INSERT INTO shapes VALUES (1,ST_GeomFromText('POINT(1.5 -2.5)',4326),ST_GeomFromText('POINT(0 0)'),ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 2))'),
          ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')),(2,NULL,ST_GeomFromText('POINT(1e300 -1e-300)'),NULL,NULL);
        CREATE TABLE identifiers (u UUID PRIMARY KEY, i4 INET4, i6 INET6);
        INSERT INTO identifiers VALUES ('00000000-0000-0000-0000-000000000001','255.255.255.255','ffff::1'),('ffffffff-ffff-ffff-ffff-ffffffffffff',NULL,'::');
        """

    /// latin1 and cp1250 columns with every byte, ascii with bytes it should not have.
    static let allBytes = """
        CREATE TABLE all_bytes (id INT PRIMARY KEY, l1 VARCHAR(300) CHARACTER SET latin1, cp VARCHAR(300) CHARACTER SET cp1250, k8 VARCHAR(300) CHARACTER SET koi8r, a VARCHAR(300) CHARACTER SET ascii, vb VARBINARY(300));
        INSERT INTO all_bytes SELECT seq, CHAR(seq, seq USING binary), CHAR(seq USING binary), CHAR(seq USING binary), CHAR(seq USING binary), CHAR(seq, seq USING binary) FROM seq_0_to_255;
        """

    /// Every kind of object, and awkward names.
    static let objects = """
        CREATE TABLE empty_table (id INT PRIMARY KEY);
        CREATE TABLE generated (id INT PRIMARY KEY, a INT, v INT AS (a * 2) VIRTUAL, s VARCHAR(20) AS (CONCAT('n', a)) STORED, inv INT INVISIBLE DEFAULT 7, KEY (v));
        INSERT INTO generated (id, a, inv) VALUES (1, 10, 8), (2, NULL, 9);
        CREATE TABLE no_key (a INT, b TEXT);
        INSERT INTO no_key SELECT seq % 5, CONCAT('same ', seq % 7) FROM seq_1_to_500;
        CREATE TABLE composite (a VARCHAR(20), b INT, c TEXT, PRIMARY KEY (a, b));
        INSERT INTO composite SELECT CONCAT('k', seq % 10), seq, REPEAT('x', seq % 50) FROM seq_1_to_500;
        CREATE TABLE by_uuid (id CHAR(36) PRIMARY KEY, v INT);
        INSERT INTO by_uuid SELECT MD5(seq), seq FROM seq_1_to_300;
        CREATE TABLE by_unique (code VARCHAR(20) NOT NULL, v INT, UNIQUE (code));
        INSERT INTO by_unique SELECT CONCAT('c', seq), seq FROM seq_1_to_100;
        CREATE TABLE prefix_key (t TEXT NOT NULL, PRIMARY KEY (t(10)));
        INSERT INTO prefix_key VALUES ('one'), ('two');
        CREATE TABLE parts (id INT NOT NULL, y INT NOT NULL, PRIMARY KEY (id, y)) PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE);
        INSERT INTO parts SELECT seq, 1990 + seq % 20 FROM seq_1_to_200;
        CREATE TABLE hashed (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 4;
        INSERT INTO hashed SELECT seq, seq FROM seq_1_to_200;
        CREATE TABLE versioned (id INT PRIMARY KEY, v VARCHAR(20)) WITH SYSTEM VERSIONING;
        INSERT INTO versioned VALUES (1, 'old'), (2, 'kept'), (3, 'gone'); UPDATE versioned SET v = 'new' WHERE id = 1; DELETE FROM versioned WHERE id = 3;
        CREATE TABLE period (id INT PRIMARY KEY, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START, v INT, e TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;
        INSERT INTO period (id, v) VALUES (1, 1); UPDATE period SET v = 2;
        CREATE SEQUENCE counter START WITH 5 INCREMENT BY 3; SELECT NEXTVAL(counter);
        CREATE TABLE with_sequence (id INT PRIMARY KEY DEFAULT NEXTVAL(counter), v INT); INSERT INTO with_sequence (v) VALUES (1), (2);
        CREATE TABLE husband (id INT PRIMARY KEY, wife INT); CREATE TABLE wife (id INT PRIMARY KEY, husband INT, FOREIGN KEY (husband) REFERENCES husband (id));
        ALTER TABLE husband ADD FOREIGN KEY (wife) REFERENCES wife (id);
        SET foreign_key_checks = 0; INSERT INTO husband VALUES (1, 1); INSERT INTO wife VALUES (1, 1); SET foreign_key_checks = 1;
        CREATE TABLE aria (id INT PRIMARY KEY, v INT) ENGINE=Aria; INSERT INTO aria VALUES (1, 2);
        CREATE TABLE `a b``c "d" 'e' %/é€` (`i d` INT PRIMARY KEY, `täxt ``q``` VARCHAR(20)); INSERT INTO `a b``c "d" 'e' %/é€` VALUES (1, 'x');
        CREATE TABLE `..` (id INT PRIMARY KEY, v INT); INSERT INTO `..` VALUES (1, 1); CREATE TABLE `%2e.` (id INT PRIMARY KEY);
        CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, v INT); INSERT INTO counted (v) VALUES (1), (2); INSERT INTO counted VALUES (0, 0); DELETE FROM counted WHERE id > 1; ALTER TABLE counted AUTO_INCREMENT = 500;
        CREATE TABLE negative (id BIGINT PRIMARY KEY, v INT); INSERT INTO negative VALUES (-9223372036854775808, 1), (-70000, 2), (-1, 3), (0, 4), (9223372036854775807, 5);
        CREATE TABLE big_unsigned (id BIGINT UNSIGNED PRIMARY KEY, v INT); INSERT INTO big_unsigned VALUES (0, 1), (18446744073709551615, 2);
        CREATE TABLE gone (a INT); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone;
        CREATE VIEW z_base AS SELECT id, v FROM counted; CREATE VIEW a_top AS SELECT id + 1 AS `next one`, v FROM z_base WHERE v < 100;
        DELIMITER //
        CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC BEGIN /* a comment; with ;; and ' */ RETURN n * 2; END//
        CREATE VIEW by_function AS SELECT twice(id) AS t FROM counted//
        CREATE PROCEDURE `pro c``é`(OUT x INT) BEGIN -- line
          SELECT COUNT(*) INTO x FROM counted; SET @s = 'ä;"'; END//
        CREATE PROCEDURE same_name() SELECT 1//
        CREATE FUNCTION same_name() RETURNS INT DETERMINISTIC RETURN 1//
        CREATE TRIGGER first_trigger BEFORE INSERT ON counted FOR EACH ROW SET NEW.v = NEW.v + 1//
        CREATE TRIGGER a_second BEFORE INSERT ON counted FOR EACH ROW FOLLOWS first_trigger SET NEW.v = NEW.v * 10//
        CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' DISABLE DO BEGIN DELETE FROM counted WHERE v > 1000; END//
        SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'//
        CREATE FUNCTION ansi() RETURNS VARCHAR(20) DETERMINISTIC RETURN 'a' || "twice"(2)//
        SET sql_mode = 'ORACLE'//
        CREATE PACKAGE tools AS FUNCTION f RETURN INT; END//
        CREATE PACKAGE BODY tools AS FUNCTION f RETURN INT AS BEGIN RETURN 3; END; END//
        DELIMITER ;
        SET sql_mode = DEFAULT;
        """
}
