"""
The database of the history: SQLite, a file for each base topic, ten years in some megabytes.

Every method blocks, and may raise `sqlite3.Error`. Times are seconds since 1970.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import itertools
import sqlite3
import threading
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_
from teleinfo.contract.days import day_of, midnight
from teleinfo.history.chronicle import ALERT, LONGEST_PAUSE, LONGEST_WAIT, SLOT, TARIFF, Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


APPLICATION: Final = 0x54494331
"""The mark of our databases: "TIC1"."""

VERSION: Final = 1

_FOLDER: Final = Path(__file__).parent
SCHEMA: Final = (_FOLDER / "schema.sql").read_text(encoding="utf-8")
ADD_MIDNIGHTS: Final = (_FOLDER / "add_midnights.sql").read_text(encoding="utf-8")
DELETE_NEEDLESS_READINGS: Final = (_FOLDER / "delete_needless_readings.sql").read_text(encoding="utf-8")

MINUTE: Final = 60
QUARTER: Final = 15 * MINUTE
_DAY: Final = 86_400
_ALWAYS: Final = 1 << 62
"""A time after all others."""

KEPT: Final = {SLOT: 3600, MINUTE: 2 * _DAY, QUARTER: 60 * _DAY}
"""Seconds for which the powers of each step are kept; each step is the mean of the steps before."""

PAUSES: Final = {TARIFF: LONGEST_PAUSE, ALERT: 120}
"""Seconds in which what lasts may seem to begin again: the page was started anew."""

MAX_RUNS: Final = {TARIFF: 2000, ALERT: 20_000}
MAX_READINGS: Final = 7500
MAX_HALF_HOURS: Final = 300_000
"""
The most tariff periods and alerts of a meter, readings of an index, and readings of half-hours of a meter:
those of ten years.

They are counted, and have no greatest age: a clock that is ahead must not delete anything.
"""

NEWER: Final = N_("a newer version of teleinfo wrote the database")

NO_FILE: Final = N_("not a regular file")

WEEK: Final = dt.timedelta(days=7)
"""The time between two copies."""

OF_METER: Final = ("power", "reading", "run", "half_hour", "peak", "of_day", "imported")
"""The tables whose first column is the meter."""

MAX_PAGES: Final = 16_384
"""The bound of the file: 64 MB in pages of 4 KB."""


def _prepare(base: sqlite3.Connection) -> None:
    """Check the database, and create the tables of a new one."""
    base.create_function("day", 1, lambda time: time if time is None else f"{day_of(time)}")
    base.create_function("midnight", 1, lambda time: midnight(day_of(time)))
    # FULL: a batch is on the disk before the next one.
    pragmas = f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA max_page_count = {MAX_PAGES};"
    base.executescript(pragmas)
    [tables] = base.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    [application] = base.execute("PRAGMA application_id").fetchone()
    if tables and application != APPLICATION:
        raise sqlite3.DatabaseError("this is the database of another program")
    _check(base)
    [version] = base.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise sqlite3.OperationalError(NEWER)
    marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
    base.executescript(f"BEGIN IMMEDIATE; {SCHEMA} {marks} COMMIT;")


_METERS: Final = """
    SELECT name, coalesce((SELECT min(time) FROM reading WHERE meter = id), heard), min(heard, ?)
    FROM meter ORDER BY heard DESC
"""


class Store:
    """The database at `path`; before the first `write` it is what the file has."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aside: Path | None = None
        self._base: sqlite3.Connection | None = None
        self._copy: sqlite3.Connection | None = None
        self._copied: list[tuple[int, int]] = []
        self._copying = threading.Lock()

    def write(
        self, batches: Iterable[Batch], *, now: int, imported: bool = False
    ) -> list[tuple[str, int, int]]:
        """
        Open the database if it is not open, and add batches; `aside` is the path of a damaged one.

        Return the name of each meter, and the times of its first and last reading, the latest meter first.
        """
        try:
            with self.editing(now) as base:
                for batch in batches:
                    _put(base, batch, imported=imported)
                return base.execute(_METERS, (now,)).fetchall()
        except sqlite3.Error:
            self.close()
            raise

    @contextlib.contextmanager
    def editing(self, now: int) -> Iterator[sqlite3.Connection]:
        """Yield the database, opened if it is not open, within a transaction."""
        if self._base is None:
            self._base = self._open(now)
        with self._base as base:
            base.execute("BEGIN IMMEDIATE")
            yield base

    @contextlib.contextmanager
    def reading(self, pending: Iterable[Batch] = ()) -> Iterator[sqlite3.Connection]:
        """
        Yield a copy of the database in memory, with the batches that are `pending`, to one thread at a time.

        Whatever is read of it delays no `write`. The copy, which takes milliseconds, is kept for the next
        reader until the file changes, or until `forget_copy`.
        """
        with self._copying:
            state = self._state_of_files()
            if self._copy is None or state != self._copied:
                self._close_copy()
                self._copy = self._new_copy()
                self._copied = state
            self._copy.execute("BEGIN")
            try:
                for batch in pending:
                    _put(self._copy, batch)
                yield self._copy
            finally:
                self._copy.rollback()

    def forget_copy(self) -> None:
        """Free the memory of the copy, unless a thread reads it."""
        if self._copying.acquire(blocking=False):
            try:
                self._close_copy()
            finally:
                self._copying.release()

    def _new_copy(self) -> sqlite3.Connection:
        base = self._connect(":memory:")
        if self.path.exists():
            with contextlib.closing(_read_only(self.path)) as file:
                file.backup(base)
            base.executescript(SCHEMA)  # of a file that is just being made
        return base

    def _close_copy(self) -> None:
        if self._copy is not None:
            self._copy.close()
            self._copy = None

    def _state_of_files(self) -> list[tuple[int, int]]:
        """Return time and size of the files of the database, which differ after each change of it."""
        found = []
        for path in (self.path, self.path.with_name(f"{self.path.name}-wal")):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size))
        return found

    def _open(self, now: int) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_type(self.path)
        with contextlib.suppress(FileExistsError):
            self.path.touch(mode=0o600, exist_ok=False)  # those beside it get the same mode by SQLite
        try:
            return self._connect(self.path)
        except sqlite3.OperationalError:  # it may work later, or with a later version
            raise
        except sqlite3.DatabaseError:
            self.aside = self.path.rename(self.path.with_suffix(f".damaged-{now}"))
            for end in ("-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            self.path.touch(mode=0o600)
            return self._connect(self.path)

    def _connect(self, path: Path | str) -> sqlite3.Connection:
        base = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        try:
            _prepare(base)
        except sqlite3.Error:
            base.close()
            raise
        return base

    def as_file(self) -> bytes:
        """Return the whole database as the content of a file."""
        with (
            contextlib.closing(_read_only(self.path)) as file,
            contextlib.closing(sqlite3.connect(":memory:")) as copy,
        ):
            file.backup(copy)
            _check(copy)
            return _with_rollback_journal(copy.serialize())

    def back_up(self, today: dt.date) -> None:
        """Write a copy beside the database each week, alternately one of two files."""
        copy = self.path.with_suffix(f".copy-{today.toordinal() // WEEK.days % 2}")
        if copy.exists() and abs(day_of(int(copy.stat().st_mtime)) - today) < WEEK:
            return
        part = self.path.with_suffix(".part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        part.write_bytes(self.as_file())
        part.replace(copy)

    def merge(self, data: bytes, now: int) -> int:
        """Add all rows that this one lacks of another history, the content of a file; return their number."""
        with contextlib.closing(sqlite3.connect(":memory:")) as other, self.editing(now) as base:
            other.deserialize(_with_rollback_journal(data))
            _prepare(other)
            before = base.total_changes
            for number, name, heard in other.execute("SELECT id, name, heard FROM meter").fetchall():
                base.execute("INSERT OR IGNORE INTO meter (name, heard) VALUES (?, ?)", (name, heard))
                [own] = base.execute("SELECT id FROM meter WHERE name = ?", (name,)).fetchone()
                for table in OF_METER:
                    rows = other.execute(f"SELECT * FROM {table} WHERE meter = ?", (number,))  # noqa: S608
                    _insert(base, table, ((own, *row[1:]) for row in rows))
            return base.total_changes - before

    def close(self) -> None:
        """Close the database; the next `write` opens it again."""
        self.forget_copy()
        base, self._base = self._base, None
        if base is not None:
            base.close()


def _check(base: sqlite3.Connection) -> None:
    if base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("the database is damaged")


def _with_rollback_journal(data: bytes) -> bytes:
    """Return the content of a database file that has all of it: no write-ahead log is beside it."""
    # Section 1.3.3 of sqlite.org/fileformat2.html. A database in memory cannot have such a log.
    return data[:18] + b"\x01\x01" + data[20:]


def _read_only(path: Path) -> sqlite3.Connection:
    _check_type(path)
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _check_type(path: Path) -> None:
    """Raise OSError if a file of the database is a pipe or a device: opening it would wait for ever."""
    for end in ("", "-wal", "-shm", "-journal"):
        file = path.with_name(path.name + end)
        if file.exists() and not file.is_file():
            raise OSError(errno.EINVAL, NO_FILE, str(file))


def _insert(base: sqlite3.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        base.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608 - our own names


def _put(base: sqlite3.Connection, batch: Batch, *, imported: bool = False) -> None:
    """
    Add a batch, and delete what is too old.

    Powers, what lasts and what a day has are left out if the quarter of an hour after the batch is known: the
    clock is behind, or was ahead. An imported batch was never live, and replaces no reading.
    """
    base.execute("INSERT OR IGNORE INTO meter (name, heard) VALUES (?, 0)", (batch.meter,))
    meter, heard = base.execute("SELECT id, heard FROM meter WHERE name = ?", (batch.meter,)).fetchone()
    heard = max(heard, batch.until) if imported else batch.until
    base.execute("UPDATE meter SET heard = ? WHERE id = ?", (heard, meter))
    new = [(meter, label, *reading) for (label, *_), both in batch.readings.items() for reading in {*both}]
    verb = "INSERT OR IGNORE" if imported else "INSERT OR REPLACE"
    begin = min((time for _meter, _label, time, *_ in new), default=batch.until) - 2 * _DAY
    for table in ("reading", "half_hour"):
        columns = f"{table} (meter, label, time, value, code)"
        base.executemany(f"{verb} INTO {columns} VALUES (?, ?, ?, ?, ?)", sorted(new))
        base.execute(ADD_MIDNIGHTS.replace("$table", table), (meter, begin, LONGEST_WAIT))
        base.execute(DELETE_NEEDLESS_READINGS.replace("$table", table), (meter, begin))
    base.executemany(
        "INSERT INTO peak VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time, "
        "power = excluded.power WHERE excluded.power > power",
        [(meter, midnight(day), *peak) for day, peak in batch.peaks.items()],
    )
    query = "SELECT 1 FROM power WHERE meter = ? AND time > ? AND time <= ?"
    if imported or not base.execute(query, (meter, batch.until, batch.until + QUARTER)).fetchone():
        _put_powers(base, meter, batch)
        days = [(meter, *key, code) for key, code in batch.days.items()]
        base.executemany(f"{verb} INTO of_day VALUES (?, ?, ?, ?)", days)
        for (kind, code, first), last in batch.runs.items():
            joined = base.execute(
                "DELETE FROM run WHERE meter = ? AND kind = ? AND code = ? AND begin <= ? AND end >= ? "
                "RETURNING begin, end",
                (meter, kind, code, last + PAUSES[kind], first - PAUSES[kind]),
            ).fetchall()
            begins, ends = zip((first, last), *joined, strict=True)
            run = (meter, kind, min(begins), code, max(ends))
            base.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?)", run)
    _clear(base, meter, batch.until, {label for _meter, label, *_ in new})


def _put_powers(base: sqlite3.Connection, meter: int, batch: Batch) -> None:
    rows = []
    for time, powers in batch.powers.items():
        means = [None if None in part else round(fmean(part)) for part in zip(*powers, strict=True)]
        rows.append((meter, SLOT, time, *means))
    base.executemany("INSERT OR REPLACE INTO power VALUES (?, ?, ?, ?, ?)", rows)
    if rows:
        first = min(batch.powers)
        for part, step in itertools.pairwise(KEPT):
            base.execute(
                "INSERT OR REPLACE INTO power SELECT meter, ?1, time - time % ?1, round(avg(drawn)), "
                "round(avg(injected)) FROM power "
                "WHERE meter = ?2 AND step = ?3 AND time >= ?4 GROUP BY time / ?1",
                (step, meter, part, first - first % step),
            )


def _clear(base: sqlite3.Connection, meter: int, until: int, labels: Iterable[str]) -> None:
    """
    Delete all but the newest rows.

    Powers later than `until`, from a clock that was ahead, do not count as new.
    """
    parts: list[tuple[str, str, str, str | int, int, int]]
    parts = [("power", "step", "time", step, kept // step, until) for step, kept in KEPT.items()]
    parts += [("run", "kind", "begin", kind, most, _ALWAYS) for kind, most in MAX_RUNS.items()]
    parts += [("reading", "label", "time", label, MAX_READINGS, _ALWAYS) for label in labels]
    parts += [("half_hour", "meter", "time", meter, MAX_HALF_HOURS, _ALWAYS)]
    for table, column, time, value, most, newest in parts:
        chosen = f"FROM {table} WHERE meter = ?1 AND {column} = ?2 AND {time} <="
        last = f"SELECT {time} {chosen} ?3 ORDER BY {time} DESC LIMIT 1 OFFSET ?4"
        base.execute(f"DELETE {chosen} ({last})", (meter, value, newest, most))
