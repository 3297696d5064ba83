-- Fills the school with :students students and a school year of their lives. No randomness: every value is arithmetic over
-- row numbers (Knuth's multiplicative hash), so that two runs give the same school.

BEGIN;

INSERT INTO migrations (migration, batch)
SELECT printf('2026_01_%02d_000000_create_table_%d', value, value), 1 + value / 6 FROM generate_series(1, 17);

INSERT INTO settings (key, value) VALUES
    ('school.name', 'Gymnasium No. 7 «Надія»'), ('school.year', '2026'), ('school.timezone', 'Europe/Kyiv'),
    ('grading.scale', '{"excellent":90,"good":75,"pass":50}'), ('fees.currency', 'UAH'), ('mail.footer', 'Zażółć gęślą jaźń — 学校'),
    ('feature.parents_portal', 'true'), ('theme', 'harbour');

INSERT INTO teachers (id, name, email, hired_on, salary_cents)
SELECT value,
       printf('%s %s', substr('ABDEGHIKLMNOPRSTVZ', 1 + value % 18, 1) || '.', 'Teacher-' || value),
       printf('teacher%d@school.example', value),
       date('2005-09-01', printf('+%d days', (value * 2654435761 % 4294967296) % 7000)),
       1800000 + (value * 40503 % 65536) * 10
FROM generate_series(1, 140);

INSERT INTO subjects (id, code, title) VALUES
    (1, 'MAT', 'Mathematics'), (2, 'PHY', 'Physics'), (3, 'CHE', 'Chemistry'), (4, 'BIO', 'Biology'), (5, 'UKR', 'Українська мова'),
    (6, 'ENG', 'English'), (7, 'DEU', 'Deutsch'), (8, 'FRA', 'Français'), (9, 'HIS', 'History'), (10, 'GEO', 'Geography'),
    (11, 'ART', 'Art'), (12, 'MUS', 'Music'), (13, 'SPO', 'Sport'), (14, 'CS', 'Informatics'), (15, 'ETH', 'Ethics'),
    (16, 'ECO', 'Economics'), (17, 'LAT', 'Latina'), (18, 'ZHO', '中文');

INSERT INTO classes (id, name, school_year, teacher_id, room)
SELECT value, printf('%d-%s', 1 + (value - 1) / 8, substr('ABCDEFGH', 1 + (value - 1) % 8, 1)), 2026, 1 + value % 140, printf('R%03d', 100 + value)
FROM generate_series(1, 96);

WITH names (i, first, last) AS (VALUES
    (0, 'Олена', 'Шевченко'), (1, 'José', 'García-Núñez'), (2, 'Łukasz', 'Wiśniewski'), (3, 'Zoë', 'O''Brien'), (4, '美玲', '陳'),
    (5, 'Amina', 'Yılmaz'), (6, 'Søren', 'Ångström'), (7, 'Ivan', 'Kovalenko'), (8, 'Mary Jane', 'van der Berg'), (9, 'Nguyễn', 'Thị Minh'),
    (10, 'Ada', 'Lovelace'), (11, 'Тарас', 'Бондаренко'), (12, 'Chloé', 'Lefèvre'))
INSERT INTO students (admission_number, first_name, last_name, born_on, email, status, medical_note, photo_path, updated_at)
SELECT printf('S-%06d', s.value), a.first, b.last || CASE WHEN s.value % 5 = 0 THEN '-' || s.value ELSE '' END,
       date('2008-01-01', printf('+%d days', (s.value * 2654435761 % 4294967296) % 3900)),
       CASE WHEN s.value % 9 = 0 THEN NULL ELSE printf('Student%d@School.example', s.value) END,
       CASE WHEN s.value % 61 = 0 THEN 'left' ELSE 'active' END,
       CASE WHEN s.value % 37 = 0 THEN 'allergy: nuts; carries an EpiPen' WHEN s.value % 41 = 0 THEN 'asthma' END,
       CASE WHEN s.value % 4 = 0 THEN printf('uploads/photos/%02d/student-%06d.jpg', s.value % 40, s.value) END,
       datetime('2026-08-20', printf('+%d minutes', s.value * 7))
FROM generate_series(1, :students) s
JOIN names a ON a.i = (s.value * 2654435761 % 4294967296 >> 16) % 13
JOIN names b ON b.i = (s.value * 2654435761 % 4294967296 >> 9) % 13;

INSERT INTO guardians (id, name, phone, email)
SELECT value, printf('Guardian %d of family %d', value, 1 + value / 2), printf('+380 44 %07d', (value * 2654435761 % 4294967296) % 10000000),
       CASE WHEN value % 3 = 0 THEN NULL ELSE printf('family%d@mail.example', value) END
FROM generate_series(1, :students * 3 / 2);

INSERT OR IGNORE INTO student_guardian (student_id, guardian_id, relation)
SELECT s.id, 1 + (s.id * (40503 + k.value * 977) >> 3) % (:students * 3 / 2), CASE k.value WHEN 0 THEN 'mother' WHEN 1 THEN 'father' ELSE 'other' END
FROM students s JOIN generate_series(0, 1) k;

INSERT INTO enrolments (student_id, class_id, enrolled_on)
SELECT s.id, 1 + (s.id + k.value * 11) % 96, date('2026-09-01', printf('+%d days', s.id % 5)) FROM students s JOIN generate_series(0, 5) k;

INSERT INTO grades (student_id, subject_id, teacher_id, graded_on, score, weight, remark)
SELECT s.id, 1 + (s.id + k.value * 7) % 18, 1 + (s.id * 31 + k.value) % 140, date('2026-09-07', printf('+%d days', k.value * 2)),
       ((s.id * 100 + k.value) * 2654435761 % 4294967296) % 10001 / 100.0, CASE k.value % 5 WHEN 0 THEN 2.5 ELSE 1.0 END,
       CASE WHEN (s.id + k.value) % 23 = 0 THEN 'handed in late, good work all the same' END
FROM generate_series(1, 48) k JOIN students s;

WITH rolled AS (
    SELECT s.id AS student_id, d.day, ((s.id * 131 + d.value * 977) * 2654435761 % 4294967296) / 4096 % 1000 AS dice
    FROM (SELECT value, date('2026-09-01', printf('+%d days', value / 5 * 7 + value % 5)) AS day FROM generate_series(0, 99)) d JOIN students s
)
INSERT INTO attendance (student_id, day, status, minutes_late)
SELECT student_id, day,
       CASE WHEN dice < 930 THEN 'present' WHEN dice < 960 THEN 'late' WHEN dice < 985 THEN 'excused' ELSE 'absent' END,
       CASE WHEN dice BETWEEN 930 AND 959 THEN 1 + dice % 25 ELSE 0 END
FROM rolled;

INSERT INTO fees (student_id, term, amount_cents, paid_cents, due_on)
SELECT s.id, printf('2026-T%d', k.value), 150000 + s.id % 7 * 12500, 0, date('2026-09-15', printf('+%d months', k.value * 2))
FROM generate_series(1, 5) k JOIN students s;

INSERT INTO payments (fee_id, amount_cents, method, reference, paid_at)
SELECT id, CASE WHEN id % 11 = 0 THEN amount_cents / 2 ELSE amount_cents END, CASE id % 3 WHEN 0 THEN 'card' WHEN 1 THEN 'bank' ELSE 'cash' END,
       printf('PAY-%08X', id * 2654435761 % 4294967296), datetime('2026-09-02', printf('+%d minutes', id * 13))
FROM fees WHERE id % 5 <> 0;
UPDATE fees SET paid_cents = coalesce((SELECT sum(amount_cents) FROM payments WHERE fee_id = fees.id), 0);

-- Scans kept in the database itself: 2 to 40 KB each that no compressor can shrink.
INSERT INTO documents (student_id, name, content)
SELECT s.id, printf('Зачётная книжка %d.pdf', s.id),
       CAST('%PDF-1.7' || x'0A00FF' || (SELECT group_concat(sha3(s.id * 10000 + value), '') FROM generate_series(1, 64 + s.id * 40503 % 1200)) AS BLOB)
FROM students s WHERE s.id % 6 = 0;
INSERT INTO documents (student_id, name, content) VALUES (1, 'empty.bin', x''), (2, 'zeros.bin', zeroblob(20000));

INSERT INTO audit_log (at, actor, action, detail)
SELECT datetime('2026-09-01', printf('+%d minutes', value * 3)), printf('user:%d', value * 7919 % 160), CASE value % 4 WHEN 0 THEN 'login' WHEN 1 THEN 'view' ELSE 'update' END,
       json_object('ip', printf('10.0.%d.%d', value % 4, value * 31 % 255), 'object', printf('student/%d', 1 + value * 40503 % :students))
FROM generate_series(1, :students * 12);

COMMIT;
