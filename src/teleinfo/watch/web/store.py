"""
The database of the history: SQLite, one file for all meters, ten years in some megabytes.

Every method blocks, and may raise `sqlite3.Error`. Times are seconds since 1970.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from teleinfo.state.prices import Prices
from teleinfo.watch.chronicle import ALERT, MINUTE, TARIFF
from teleinfo.watch.ledger import IndexReading, local, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from teleinfo.watch.chronicle import Batch

FILE: Final = "history.sqlite"

APPLICATION: Final = 0x54494331
"""The mark of our databases: "TIC1"."""

MIGRATIONS: Final = (
    """
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
    CREATE TABLE colour (
        meter INTEGER NOT NULL, day TEXT NOT NULL, colour TEXT NOT NULL, PRIMARY KEY (meter, day)
    ) WITHOUT ROWID;
    CREATE TABLE price (day TEXT PRIMARY KEY, prices TEXT NOT NULL) WITHOUT ROWID;
    """,
)
"""The statements that lead from each version of the schema, `user_version`, to the next."""

QUARTER: Final = 15 * MINUTE
_DAY: Final = 86_400
_DECADE: Final = 3_660 * _DAY
KEPT: Final = {MINUTE: 2 * _DAY, QUARTER: 60 * _DAY}
"""Seconds for which the powers of each step are kept."""

KEPT_RUNS: Final = {TARIFF: 61 * _DAY, ALERT: _DECADE}
MAX_RUNS: Final = 20_000
"""The most alerts, and the most tariff periods, of a meter."""

MAX_PAGES: Final = 16_384
"""The bound of the file: 64 MB in pages of 4 KB."""


def _prepare(base: sqlite3.Connection) -> None:
    """Check the database, and bring it to the present schema."""
    # FULL: a batch is on the disk before the next one.
    base.executescript(
        f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA max_page_count = {MAX_PAGES};"
    )
    [tables] = base.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    [application] = base.execute("PRAGMA application_id").fetchone()
    if tables and application != APPLICATION:
        raise sqlite3.DatabaseError("this is the database of another program")
    if base.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("the database is damaged")
    [version] = base.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise sqlite3.OperationalError("a newer version of teleinfo wrote the database")
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        base.executescript(
            f"BEGIN IMMEDIATE; {statements} PRAGMA application_id = {APPLICATION}; "
            f"PRAGMA user_version = {number}; COMMIT;"
        )


class Store:
    """The database in `folder`; the user has given these `prices`. Without a `write` it is empty."""

    def __init__(self, folder: Path, prices: Prices | None = None) -> None:
        self.path = folder / FILE
        self.aside: Path | None = None
        self._prices = prices
        self._base: sqlite3.Connection | None = None

    def write(self, batches: Sequence[Batch], *, now: int, imported: bool = False) -> None:
        """Open the database if it is not open, and add batches; `aside` is the path of a damaged one."""
        if self._base is None:
            self._open(now)
        try:
            self._put_all(batches, imported=imported)
        except sqlite3.Error:
            self.close()
            raise

    def _open(self, now: int) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._base = self._opened()
        except sqlite3.OperationalError:  # it may work later, or with a later version
            raise
        except sqlite3.DatabaseError:
            self.aside = self.path.rename(self.path.with_suffix(f".damaged-{now}"))
            for end in ("-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            self._base = self._opened()
        if self._prices is not None:
            self._put_prices(self._prices, local(now).date())

    def close(self) -> None:
        """Close the database; the next `write` opens it again."""
        base, self._base = self._base, None
        if base is not None:
            base.close()

    def _opened(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=5.0, isolation_level=None, check_same_thread=False)
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.closing(base))
            _prepare(base)
            stack.pop_all()
        return base

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._base is None:
            raise sqlite3.OperationalError("the database is not open")
        with self._base as base:
            base.execute("BEGIN IMMEDIATE")
            yield base

    def _put_all(self, batches: Iterable[Batch], *, imported: bool) -> None:
        """
        Add batches, and delete what is too old.

        A batch that ends before the last one is left out unless it is imported: the clock is wrong.
        """
        with self._transaction() as base:
            for batch in batches:
                base.execute("INSERT OR IGNORE INTO meter (name, heard) VALUES (?, 0)", (batch.meter,))
                meter, heard = self._meter(batch.meter) or (0, 0)
                if batch.until > heard or imported:
                    self._put(base, meter, batch, after=0 if imported else heard)
                    self._clear(base, meter, max(heard, batch.until))

    def _put(self, base: sqlite3.Connection, meter: int, batch: Batch, *, after: int) -> None:
        rows = [
            (meter, MINUTE, time, *power.means)
            for time, power in batch.powers.items()
            if time + MINUTE > after
        ]
        base.executemany("INSERT OR REPLACE INTO power VALUES (?, ?, ?, ?, ?)", rows)
        if rows:
            first = min(batch.powers)
            base.execute(
                "INSERT OR REPLACE INTO power SELECT meter, ?1, time - time % ?1, round(avg(drawn)), "
                "round(avg(injected)) FROM power "
                "WHERE meter = ?2 AND step = ?3 AND time >= ?4 GROUP BY time / ?1",
                (QUARTER, meter, MINUTE, first - first % QUARTER),
            )
        for label, new in batch.readings.items():
            known = self._readings(meter, label, min(new).time - 2 * _DAY)
            kept = merge(known, new, label=label)
            base.executemany(
                "DELETE FROM reading WHERE meter = ? AND label = ? AND time = ?",
                [(meter, label, reading.time) for reading in {*known} - {*kept}],
            )
            base.executemany(
                "INSERT INTO reading VALUES (?, ?, ?, ?, ?)",
                [(meter, label, *reading) for reading in {*kept} - {*known}],
            )
        base.executemany(
            "INSERT INTO run VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET end = max(end, excluded.end)",
            [(meter, kind, begin, code, end) for (kind, code, begin), end in batch.runs.items()],
        )
        base.executemany(
            "INSERT OR REPLACE INTO colour VALUES (?, ?, ?)",
            [(meter, day.isoformat(), colour) for day, colour in batch.colours.items()],
        )

    def _clear(self, base: sqlite3.Connection, meter: int, now: int) -> None:
        base.execute("UPDATE meter SET heard = ? WHERE id = ?", (now, meter))
        for step, kept in KEPT.items():
            base.execute(
                "DELETE FROM power WHERE meter = ? AND step = ? AND time < ?", (meter, step, now - kept)
            )
        for kind, kept in KEPT_RUNS.items():
            base.execute(
                "DELETE FROM run WHERE meter = ?1 AND kind = ?2 AND (begin < ?3 OR begin <= (SELECT "
                "begin FROM run WHERE meter = ?1 AND kind = ?2 ORDER BY begin DESC LIMIT 1 OFFSET ?4))",
                (meter, kind, now - kept, MAX_RUNS),
            )
        base.execute("DELETE FROM reading WHERE meter = ? AND time < ?", (meter, now - _DECADE))
        base.execute(
            "DELETE FROM colour WHERE meter = ? AND day < ?", (meter, local(now - _DECADE).date().isoformat())
        )

    def _put_prices(self, prices: Prices, day: dt.date) -> None:
        text = json.dumps([dict(prices.periods), prices.month], sort_keys=True)
        with self._transaction() as base:
            last = base.execute("SELECT prices FROM price ORDER BY day DESC LIMIT 1").fetchone()
            if last != (text,):
                base.execute("INSERT OR REPLACE INTO price VALUES (?, ?)", (day.isoformat(), text))

    def prices(self) -> list[tuple[dt.date, Prices]]:
        """Return the prices by the day from which on they hold, in order; none if the user gave none."""
        if self._prices is None:
            return []
        rows = self._rows("SELECT day, prices FROM price ORDER BY day")
        return [(dt.date.fromisoformat(day), Prices(*json.loads(text))) for day, text in rows]

    def powers(self, name: str, step: int, begin: int) -> dict[int, tuple[int, int | None]]:
        """Return the mean powers drawn and injected in each step since `begin`, VA."""
        rows = self._rows(
            "SELECT time, drawn, injected FROM power WHERE meter = ? AND step = ? AND time >= ?",
            self._id(name),
            step,
            begin,
        )
        return {time: (drawn, injected) for time, drawn, injected in rows}

    def readings(self, name: str, begin: int) -> dict[str, list[IndexReading]]:
        """Return the needed readings of each index by its étiquette since `begin`, and the last before it."""
        meter = self._id(name)
        labels = self._rows("SELECT DISTINCT label FROM reading WHERE meter = ?", meter)
        return {label: self._readings(meter, label, begin) for (label,) in labels}

    def runs(self, name: str, kind: str, begin: int = 0) -> list[tuple[int, int, str]]:
        """Return begin, end and code of each alert or tariff period that was in force since `begin`."""
        return self._rows(
            "SELECT begin, end, code FROM run WHERE meter = ? AND kind = ? AND end >= ? ORDER BY begin",
            self._id(name),
            kind,
            begin,
        )

    def colours(self, name: str, begin: dt.date) -> dict[dt.date, str]:
        """Return the colour of each day of Tempo since `begin`."""
        rows = self._rows(
            "SELECT day, colour FROM colour WHERE meter = ? AND day >= ?", self._id(name), begin.isoformat()
        )
        return {dt.date.fromisoformat(day): colour for day, colour in rows}

    def _readings(self, meter: int, label: str, begin: int) -> list[IndexReading]:
        rows = self._rows(
            "SELECT time, value, code FROM reading WHERE meter = ?1 AND label = ?2 AND time >= "
            "coalesce((SELECT max(time) FROM reading WHERE meter = ?1 AND label = ?2 AND time <= ?3), 0) "
            "ORDER BY time",
            meter,
            label,
            begin,
        )
        return [IndexReading(*row) for row in rows]

    def _meter(self, name: str) -> tuple[int, int] | None:
        rows = self._rows("SELECT id, heard FROM meter WHERE name = ?", name)
        return rows[0] if rows else None

    def _id(self, name: str) -> int:
        """Return the number of a meter; 0, which has no rows, for an unknown one."""
        return (self._meter(name) or (0, 0))[0]

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return [] if self._base is None else self._base.execute(query, values).fetchall()
