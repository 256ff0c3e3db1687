-- The tables of a new history. Times are seconds since 1970.

CREATE TABLE meter (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, heard INTEGER NOT NULL);
CREATE TABLE power (
    meter INTEGER NOT NULL, step INTEGER NOT NULL, time INTEGER NOT NULL, drawn INTEGER NOT NULL,
    injected INTEGER, PRIMARY KEY (meter, step, time)
) WITHOUT ROWID;
CREATE TABLE reading (
    meter INTEGER NOT NULL, label TEXT NOT NULL, time INTEGER NOT NULL, value INTEGER NOT NULL,
    code TEXT NOT NULL, PRIMARY KEY (meter, label, time)
) WITHOUT ROWID;
CREATE TABLE run (
    meter INTEGER NOT NULL, kind TEXT NOT NULL, begin INTEGER NOT NULL, code TEXT NOT NULL,
    end INTEGER NOT NULL, PRIMARY KEY (meter, kind, begin, code)
) WITHOUT ROWID;
CREATE TABLE price (day TEXT PRIMARY KEY, prices TEXT NOT NULL) WITHOUT ROWID;
