"""
The rows of the history: those of a batch are added, and those that are too old or too many are deleted.

Times are seconds since 1970.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from teleinfo.contract.days import midnight
from teleinfo.history.chronicle import ALERT, LONGEST_PAUSE, LONGEST_WAIT, SLOT, TARIFF, Batch
from teleinfo.history.merge import TIMES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_FOLDER: Final = Path(__file__).parent
ADD_MIDNIGHTS: Final = (_FOLDER / "add_midnights.sql").read_text(encoding="utf-8")
DELETE_NEEDLESS_READINGS: Final = (_FOLDER / "delete_needless_readings.sql").read_text(encoding="utf-8")

MINUTE: Final = 60
QUARTER: Final = 15 * MINUTE
_SECONDS_OF_DAY: Final = 86_400
_ALWAYS: Final = 1 << 62
"""A time after all others."""

KEPT: Final = {SLOT: 3600, MINUTE: 2 * _SECONDS_OF_DAY, QUARTER: 60 * _SECONDS_OF_DAY}
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

LEAST_HEARD: Final = 600
MAX_METERS: Final = 24
"""
Seconds for which a meter was heard at least, if its history is kept for more than a day; the most meters.

Anybody may publish readings of meters that are not there.
"""

_FOREIGN: Final = """
    WITH span AS (
        SELECT id, heard, heard - coalesce((SELECT min(time) FROM reading WHERE meter = id), heard) AS seconds
        FROM meter
    )
    SELECT id FROM span WHERE seconds < ? AND heard < ? AND heard < (SELECT max(heard) FROM meter)
    UNION SELECT id FROM (SELECT id FROM span ORDER BY seconds DESC, heard DESC LIMIT -1 OFFSET ?)
"""


def put(base: sqlite3.Connection, batch: Batch, *, imported: bool = False) -> None:
    """
    Add a batch, and delete what is too old.

    Powers, what lasts and what a day has are left out if the quarter of an hour after the batch is known: the
    clock is behind, or was ahead. An imported batch was never live, and replaces no reading.
    """
    meter = _number_of(base, batch, imported=imported)
    verb = "INSERT OR IGNORE" if imported else "INSERT OR REPLACE"
    _put_readings(base, meter, batch, verb)
    base.executemany(
        "INSERT INTO peak VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time, "
        "power = excluded.power WHERE excluded.power > power",
        [(meter, midnight(day), *peak) for day, peak in batch.peaks.items()],
    )
    if imported or not _has_later_power(base, meter, batch.until):
        _put_powers(base, meter, batch)
        days = [(meter, *key, code) for key, code in batch.days.items()]
        base.executemany(f"{verb} INTO of_day VALUES (?, ?, ?, ?)", days)
        _put_runs(base, meter, batch)
    _clear(base, meter, batch.until, {label for label, *_source in batch.readings})


def _number_of(base: sqlite3.Connection, batch: Batch, *, imported: bool) -> int:
    """Note when the meter of a batch was heard, and return its number in the database."""
    query = "INSERT INTO meter (name, heard) VALUES (?, ?) ON CONFLICT DO NOTHING"
    base.execute(query, (batch.meter, batch.until))
    known = base.execute("SELECT id, heard FROM meter WHERE name = ?", (batch.meter,)).fetchone()
    meter: int
    meter, heard = known
    heard = max(heard, batch.until) if imported else batch.until
    base.execute("UPDATE meter SET heard = ? WHERE id = ?", (heard, meter))
    return meter


def _has_later_power(base: sqlite3.Connection, meter: int, until: int) -> bool:
    """Return True if a power of the quarter of an hour after `until` is known."""
    query = "SELECT 1 FROM power WHERE meter = ? AND time > ? AND time <= ?"
    return base.execute(query, (meter, until, until + QUARTER)).fetchone() is not None


def _put_readings(base: sqlite3.Connection, meter: int, batch: Batch, verb: str) -> None:
    """Add the first and the last reading of each step, and what follows from them at midnight."""
    rows: set[tuple[int, str, int, int, str]] = set()
    for (label, *_step), first_and_last in batch.readings.items():
        rows.update((meter, label, *reading) for reading in first_and_last)
    begin = min((time for _meter, _label, time, *_ in rows), default=batch.until) - 2 * _SECONDS_OF_DAY
    for table in ("reading", "half_hour"):
        columns = f"{table} (meter, label, time, value, code)"
        base.executemany(f"{verb} INTO {columns} VALUES (?, ?, ?, ?, ?)", sorted(rows))
        base.execute(ADD_MIDNIGHTS.replace("$table", table), (meter, begin, LONGEST_WAIT))
        base.execute(DELETE_NEEDLESS_READINGS.replace("$table", table), (meter, begin))


def _put_runs(base: sqlite3.Connection, meter: int, batch: Batch) -> None:
    """Add what lasts, joined with what it continues."""
    for (kind, code, first), last in batch.runs.items():
        joined = base.execute(
            "DELETE FROM run WHERE meter = ? AND kind = ? AND code = ? AND begin <= ? AND end >= ? "
            "RETURNING begin, end",
            (meter, kind, code, last + PAUSES[kind], first - PAUSES[kind]),
        ).fetchall()
        begins, ends = zip((first, last), *joined, strict=True)
        base.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?)", (meter, kind, min(begins), code, max(ends)))


def forget_meters(base: sqlite3.Connection, now: int) -> None:
    """Delete the meters that were heard for a moment on another day, and the rarest of too many."""
    for [meter] in base.execute(_FOREIGN, (LEAST_HEARD, now - _SECONDS_OF_DAY, MAX_METERS)).fetchall():
        for table in TIMES:
            base.execute(f"DELETE FROM {table} WHERE meter = ?", (meter,))  # noqa: S608 - our own names
        base.execute("DELETE FROM meter WHERE id = ?", (meter,))


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
