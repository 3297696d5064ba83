-- The school's database, as its migrations would leave it: every feature of SQLite a restore could lose is in use somewhere.
-- (foreign keys, checks, a virtual and a stored generated column, WITHOUT ROWID, partial and expression indexes, views, triggers,
-- BLOBs, an AUTOINCREMENT counter, an empty table)

PRAGMA application_id = 0x5343484F;
PRAGMA user_version = 42;

CREATE TABLE migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, migration TEXT NOT NULL, batch INTEGER NOT NULL);

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE teachers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL COLLATE NOCASE UNIQUE,
    hired_on TEXT NOT NULL,
    salary_cents INTEGER NOT NULL CHECK (salary_cents > 0)
);

CREATE TABLE subjects (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, title TEXT NOT NULL);

CREATE TABLE classes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    school_year INTEGER NOT NULL,
    teacher_id INTEGER NOT NULL REFERENCES teachers (id),
    room TEXT,
    UNIQUE (name, school_year)
);

CREATE TABLE students (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    admission_number TEXT NOT NULL UNIQUE,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    full_name TEXT GENERATED ALWAYS AS (first_name || ' ' || last_name) VIRTUAL,
    born_on TEXT NOT NULL CHECK (born_on LIKE '____-__-__'),
    email TEXT,
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'left', 'graduated')),
    medical_note TEXT,
    photo_path TEXT,
    updated_at TEXT NOT NULL
);

CREATE TABLE guardians (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL, email TEXT);

CREATE TABLE student_guardian (
    student_id INTEGER NOT NULL REFERENCES students (id) ON DELETE CASCADE,
    guardian_id INTEGER NOT NULL REFERENCES guardians (id),
    relation TEXT NOT NULL,
    PRIMARY KEY (student_id, guardian_id)
) WITHOUT ROWID;

CREATE TABLE enrolments (
    id INTEGER PRIMARY KEY,
    student_id INTEGER NOT NULL REFERENCES students (id) ON DELETE CASCADE,
    class_id INTEGER NOT NULL REFERENCES classes (id),
    enrolled_on TEXT NOT NULL,
    UNIQUE (student_id, class_id)
);

CREATE TABLE grades (
    id INTEGER PRIMARY KEY,
    student_id INTEGER NOT NULL REFERENCES students (id) ON DELETE CASCADE,
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    teacher_id INTEGER NOT NULL REFERENCES teachers (id),
    graded_on TEXT NOT NULL,
    score REAL NOT NULL CHECK (score BETWEEN 0 AND 100),
    weight REAL NOT NULL DEFAULT 1.0,
    points REAL GENERATED ALWAYS AS (round(score * weight, 2)) STORED,
    remark TEXT
);

CREATE TABLE attendance (
    id INTEGER PRIMARY KEY,
    student_id INTEGER NOT NULL REFERENCES students (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('present', 'absent', 'late', 'excused')),
    minutes_late INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE fees (
    id INTEGER PRIMARY KEY,
    student_id INTEGER NOT NULL REFERENCES students (id),
    term TEXT NOT NULL,
    amount_cents INTEGER NOT NULL CHECK (amount_cents >= 0),
    paid_cents INTEGER NOT NULL DEFAULT 0,
    due_on TEXT NOT NULL
);

CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    fee_id INTEGER NOT NULL REFERENCES fees (id),
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    method TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    paid_at TEXT NOT NULL
);
CREATE INDEX payments_by_fee ON payments (fee_id);

CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    student_id INTEGER NOT NULL REFERENCES students (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    content BLOB NOT NULL,
    byte_count INTEGER GENERATED ALWAYS AS (length(content)) VIRTUAL
);

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL CHECK (json_valid(detail))
);

-- Empty on purpose: an empty table must come back too.
CREATE TABLE messages (id INTEGER PRIMARY KEY, sender_id INTEGER, recipient_id INTEGER, body TEXT NOT NULL, sent_at TEXT NOT NULL);
