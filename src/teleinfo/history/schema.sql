-- The tables of a history. Times are seconds since 1970.

CREATE TABLE IF NOT EXISTS meter (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, heard INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS power (
    meter INTEGER NOT NULL, step INTEGER NOT NULL, time INTEGER NOT NULL, drawn INTEGER NOT NULL,
    injected INTEGER, PRIMARY KEY (meter, step, time)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reading (
    meter INTEGER NOT NULL, label TEXT NOT NULL, time INTEGER NOT NULL, value INTEGER NOT NULL,
    code TEXT NOT NULL, PRIMARY KEY (meter, label, time)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reading_time ON reading (meter, time);
CREATE TABLE IF NOT EXISTS run (
    meter INTEGER NOT NULL, kind TEXT NOT NULL, begin INTEGER NOT NULL, code TEXT NOT NULL,
    end INTEGER NOT NULL, PRIMARY KEY (meter, kind, begin, code)
) WITHOUT ROWID;

-- The readings of half-hours, the greatest power of each day from its midnight, what a day has (its `contract`
-- with its kVA from midnight, its `colour` of Tempo from 6:00), and what files have:
-- `curve` (half-hours, Wh), `peak` (VA), `colour` (a day of Tempo from 6:00).

CREATE TABLE IF NOT EXISTS half_hour (
    meter INTEGER NOT NULL, time INTEGER NOT NULL, label TEXT NOT NULL, value INTEGER NOT NULL,
    code TEXT NOT NULL, PRIMARY KEY (meter, time, label)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS peak (
    meter INTEGER NOT NULL, day INTEGER NOT NULL, time INTEGER NOT NULL, power INTEGER NOT NULL,
    PRIMARY KEY (meter, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS of_day (
    meter INTEGER NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL, code TEXT NOT NULL,
    PRIMARY KEY (meter, kind, time)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS imported (
    meter INTEGER NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL, value NOT NULL, import INTEGER NOT NULL,
    PRIMARY KEY (meter, kind, time)
) WITHOUT ROWID;
