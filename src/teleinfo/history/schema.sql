-- The tables of a history. Times are seconds since 1970, from 2000 to 2100, with a day more at both ends.
--
-- What a row may be stands here, and nowhere else: `STRICT` has the types, `CHECK` all else. A row of another
-- history that is not so is left out, and a file with such a row counts as damaged.

CREATE TABLE IF NOT EXISTS meter (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128 AND name NOT GLOB '*[^ -~]*'),
    heard INTEGER NOT NULL CHECK (heard BETWEEN 946598400 AND 4102531200)
) STRICT;

-- Mean powers of each `step`, in s, in VA.
CREATE TABLE IF NOT EXISTS power (
    meter INTEGER NOT NULL,
    step INTEGER NOT NULL CHECK (step IN (10, 60, 900)),
    time INTEGER NOT NULL CHECK (time BETWEEN 946598400 AND 4102531200),
    drawn INTEGER NOT NULL CHECK (drawn BETWEEN 0 AND 1000000000000),
    injected INTEGER CHECK (injected BETWEEN 0 AND 1000000000000),
    PRIMARY KEY (meter, step, time)
) STRICT, WITHOUT ROWID;

-- Indexes in Wh by étiquette: the readings that divide days, and those that divide half-hours. The code is the key
-- under which the index counted before (`state/tariffs.py`).
CREATE TABLE IF NOT EXISTS reading (
    meter INTEGER NOT NULL,
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 32 AND label NOT GLOB '*[^ -~]*'),
    time INTEGER NOT NULL CHECK (time BETWEEN 946598400 AND 4102531200),
    value INTEGER NOT NULL CHECK (value BETWEEN 0 AND 1000000000000),
    code TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 32 AND code NOT GLOB '*[^ -~]*'),
    PRIMARY KEY (meter, label, time)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reading_time ON reading (meter, time);
CREATE TABLE IF NOT EXISTS half_hour (
    meter INTEGER NOT NULL,
    time INTEGER NOT NULL CHECK (time BETWEEN 946598400 AND 4102531200),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 32 AND label NOT GLOB '*[^ -~]*'),
    value INTEGER NOT NULL CHECK (value BETWEEN 0 AND 1000000000000),
    code TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 32 AND code NOT GLOB '*[^ -~]*'),
    PRIMARY KEY (meter, time, label)
) STRICT, WITHOUT ROWID;

-- Alerts, and tariff periods by the keys of their indexes.
CREATE TABLE IF NOT EXISTS run (
    meter INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('alert', 'tariff')),
    begin INTEGER NOT NULL CHECK (begin BETWEEN 946598400 AND 4102531200),
    code TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 32 AND code NOT GLOB '*[^ -~]*'),
    end INTEGER NOT NULL CHECK (end BETWEEN 946598400 AND 4102531200),
    PRIMARY KEY (meter, kind, begin, code)
) STRICT, WITHOUT ROWID;

-- The greatest power of each day, by its midnight, VA.
CREATE TABLE IF NOT EXISTS peak (
    meter INTEGER NOT NULL,
    day INTEGER NOT NULL CHECK (day BETWEEN 946598400 AND 4102531200),
    time INTEGER NOT NULL CHECK (time BETWEEN 946598400 AND 4102531200),
    power INTEGER NOT NULL CHECK (power BETWEEN 0 AND 1000000000000),
    PRIMARY KEY (meter, day)
) STRICT, WITHOUT ROWID;

-- What a day has: its contract with its kVA from midnight, such as `HC 9`, its colour of Tempo from 6:00.
CREATE TABLE IF NOT EXISTS of_day (
    meter INTEGER NOT NULL,
    kind TEXT NOT NULL,
    time INTEGER NOT NULL CHECK (time BETWEEN 946598400 AND 4102531200),
    code TEXT NOT NULL,
    PRIMARY KEY (meter, kind, time),
    CHECK (CASE kind
        WHEN 'colour' THEN code IN ('blue', 'white', 'red')
        WHEN 'contract' THEN length(code) <= 32 AND code GLOB '[A-Za-z]* [0-9]*'
            AND substr(code, 1 + instr(code, ' ')) NOT GLOB '*[^0-9]*' AND code NOT GLOB '*[^ -~]*'
        ELSE FALSE
    END)
) STRICT, WITHOUT ROWID;

-- What files have: `curve` (half-hours, Wh), `hour` (hours, Wh), `peak` (VA), `colour` (a day of Tempo from 6:00),
-- and `site` (a place, not to be read). The number of an import is its time in ms.
CREATE TABLE IF NOT EXISTS imported (
    meter INTEGER NOT NULL,
    kind TEXT NOT NULL,
    time INTEGER NOT NULL CHECK (time BETWEEN 946598400 AND 4102531200),
    value ANY NOT NULL,
    import INTEGER NOT NULL CHECK (import BETWEEN 0 AND 4102531200000),
    PRIMARY KEY (meter, kind, time),
    CHECK (CASE kind
        WHEN 'curve' THEN typeof(value) IN ('integer', 'real') AND value BETWEEN 0 AND 1000000
        WHEN 'hour' THEN typeof(value) IN ('integer', 'real') AND value BETWEEN 0 AND 1000000
        WHEN 'peak' THEN typeof(value) = 'integer' AND value BETWEEN 0 AND 1000000000000
        WHEN 'colour' THEN value IN ('blue', 'white', 'red')
        WHEN 'site' THEN typeof(value) = 'text' AND length(value) < 256 AND value NOT GLOB '*[^0-9a-f ]*'
        ELSE FALSE
    END)
) STRICT, WITHOUT ROWID;
