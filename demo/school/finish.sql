-- What is quicker to add once the rows are in: indexes (partial and over an expression too), views, triggers, statistics.

CREATE INDEX students_by_last_name ON students (last_name COLLATE NOCASE, first_name);
CREATE INDEX students_by_email ON students (lower(email)) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX attendance_once_a_day ON attendance (day, student_id);
CREATE INDEX attendance_exceptions ON attendance (student_id, status) WHERE status <> 'present';
CREATE INDEX grades_by_student ON grades (student_id, subject_id);
CREATE INDEX enrolments_by_class ON enrolments (class_id);
CREATE INDEX fees_by_student ON fees (student_id);

CREATE VIEW outstanding_fees AS
SELECT s.admission_number, s.full_name, f.term, f.amount_cents - f.paid_cents AS open_cents
FROM fees f JOIN students s ON s.id = f.student_id WHERE f.paid_cents < f.amount_cents;

CREATE VIEW report_card AS
SELECT s.full_name, j.title, round(sum(g.points) / sum(g.weight), 1) AS average
FROM grades g JOIN students s ON s.id = g.student_id JOIN subjects j ON j.id = g.subject_id GROUP BY g.student_id, g.subject_id;

CREATE VIEW absences AS
SELECT student_id, count(*) AS days FROM attendance WHERE status = 'absent' GROUP BY student_id;

CREATE TRIGGER payments_settle_fee AFTER INSERT ON payments BEGIN
    UPDATE fees SET paid_cents = paid_cents + NEW.amount_cents WHERE id = NEW.fee_id;
END;

CREATE TRIGGER students_leave_a_trace AFTER UPDATE OF status, last_name, medical_note ON students BEGIN
    INSERT INTO audit_log (at, actor, action, detail)
    VALUES (NEW.updated_at, 'trigger', 'update', json_object('student', NEW.id, 'status', NEW.status));
END;

CREATE TRIGGER grades_are_never_deleted BEFORE DELETE ON grades BEGIN
    SELECT raise(ABORT, 'grades are corrected, never deleted');
END;

ANALYZE;
