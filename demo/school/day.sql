-- One school day, the :day-th since February: what teachers, the office and the bank change. Triggers do their part.

BEGIN IMMEDIATE;

INSERT INTO attendance (student_id, day, status, minutes_late)
SELECT id, date('2027-02-01', printf('+%d days', :day)),
       CASE WHEN (id * 131 + :day * 977) % 100 < 93 THEN 'present' WHEN (id + :day) % 2 THEN 'absent' ELSE 'late' END,
       CASE WHEN (id * 131 + :day * 977) % 100 >= 93 AND (id + :day) % 2 = 0 THEN 1 + id % 20 ELSE 0 END
FROM students WHERE status = 'active';

INSERT INTO grades (student_id, subject_id, teacher_id, graded_on, score, weight, remark)
SELECT id, 1 + (id + :day) % 18, 1 + (id * 31 + :day) % 140, date('2027-02-01', printf('+%d days', :day)),
       ((id * 100 + :day) * 2654435761 % 4294967296) % 10001 / 100.0, 1.0, CASE WHEN id % 29 = :day % 29 THEN 'ausgezeichnet! ✓' END
FROM students WHERE (id + :day) % 3 = 0;

UPDATE grades SET score = min(100, score + 5), remark = 'corrected after appeal' WHERE id % 997 = :day % 997;

INSERT INTO payments (fee_id, amount_cents, method, reference, paid_at)
SELECT id, amount_cents - paid_cents, 'bank', printf('DAY-%d-%d', :day, id), datetime('2027-02-01 10:00', printf('+%d days', :day))
FROM fees WHERE paid_cents < amount_cents AND id % 40 = :day % 40;

UPDATE students SET last_name = last_name || '-Ковальська', updated_at = datetime('2027-02-01', printf('+%d days', :day)) WHERE id % 200 = :day % 200;
UPDATE students SET status = 'left', updated_at = datetime('2027-02-01', printf('+%d days', :day)) WHERE id % 500 = :day % 500;

INSERT INTO students (admission_number, first_name, last_name, born_on, email, updated_at)
VALUES (printf('S-2027-%03d', :day), 'Нова', 'Учениця', '2015-05-05', NULL, datetime('2027-02-01', printf('+%d days', :day)));

INSERT INTO documents (student_id, name, content)
SELECT id, printf('report-day-%d.pdf', :day), CAST('%PDF-1.7' || (SELECT group_concat(sha3(id * 100000 + :day * 1000 + value), '') FROM generate_series(1, 300)) AS BLOB)
FROM students WHERE id % 300 = :day % 300;
DELETE FROM documents WHERE id = :day * 17;

UPDATE settings SET value = printf('day %d', :day) WHERE key = 'theme';
INSERT INTO audit_log (at, actor, action, detail)
VALUES (datetime('2027-02-01', printf('+%d days', :day)), 'office', 'close', json_object('day', :day));

COMMIT;
