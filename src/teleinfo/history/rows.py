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
    from collections.abc import Iterable, Sequence

_FOLDER: Final = Path(__file__).parent
DELETE_NEEDLESS_READINGS: Final = (_FOLDER / "delete_needless_readings.sql").read_text(encoding="utf-8")

MINUTE: Final = 60
QUARTER: Final = 15 * MINUTE
_SECONDS_OF_DAY: Final = 86_400

KEPT: Final = {SLOT: 3600, MINUTE: 2 * _SECONDS_OF_DAY, QUARTER: 60 * _SECONDS_OF_DAY}
"""Seconds for which the powers of each step are kept; each step is the mean of the steps before."""

PAUSES: Final = {TARIFF: LONGEST_PAUSE, ALERT: 120}
"""Seconds in which what lasts may seem to begin again: the page was started anew."""

# What ten years have. It is counted, and has no greatest age: a clock that is ahead must not delete anything.
MAX_RUNS: Final = {TARIFF: 2000, ALERT: 20_000}
"""The most tariff periods and alerts of a meter."""
MAX_READINGS: Final = 11_000
"""The most readings of an index that divide days: three a day."""
MAX_HALF_HOURS: Final = 300_000
"""The most readings of a meter that divide half-hours."""

# Anybody may publish readings of meters that are not there.
LEAST_HEARD: Final = 600
"""Seconds for which a meter must have been heard, so that its history is kept for more than a day."""
MAX_METERS: Final = 24
"""The most meters that are kept."""

_FOREIGN: Final = """
    WITH span AS (
        SELECT id, heard, heard - coalesce((SELECT min(time) FROM reading WHERE meter = id), heard) AS seconds
        FROM meter
    )
    SELECT id FROM span WHERE seconds < ? AND heard < ? AND heard < (SELECT max(heard) FROM meter)
    UNION SELECT id FROM (SELECT id FROM span ORDER BY seconds DESC, heard DESC LIMIT -1 OFFSET ?)
"""
"""
The meters to forget. Those that were heard for less than the first parameter, in s, and not since the second,
but never the last meter; and those beyond the number of the third, of which those heard for the longest stay.
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
    peaks = [(meter, midnight(day), time, power) for day, (time, power) in batch.peaks.items()]
    base.executemany(
        "INSERT INTO peak VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time, "
        "power = excluded.power WHERE excluded.power > power",
        peaks,
    )
    if imported or not _has_later_power(base, meter, batch.until):
        _put_powers(base, meter, batch)
        days = [(meter, kind, begin, code) for (kind, begin), code in batch.days.items()]
        base.executemany(f"{verb} INTO of_day VALUES (?, ?, ?, ?)", days)
        _put_runs(base, meter, batch)
    labels = {label for label, _code, _half_hour in batch.readings}
    _delete_oldest(base, meter, batch.until, labels)


def _number_of(base: sqlite3.Connection, batch: Batch, *, imported: bool) -> int:
    """Note when the meter of a batch was heard, and return its number in the database."""
    query = "INSERT INTO meter (name, heard) VALUES (?, ?) ON CONFLICT DO NOTHING"
    base.execute(query, (batch.meter, batch.until))
    row: tuple[int, int] = base.execute(
        "SELECT id, heard FROM meter WHERE name = ?", (batch.meter,)
    ).fetchone()
    meter, heard_before = row
    heard = batch.until
    if imported:
        heard = max(heard, heard_before)  # what was recorded elsewhere is mostly older
    base.execute("UPDATE meter SET heard = ? WHERE id = ?", (heard, meter))
    return meter


def _has_later_power(base: sqlite3.Connection, meter: int, until: int) -> bool:
    """Return True if a power of the quarter of an hour after `until` is known."""
    query = "SELECT 1 FROM power WHERE meter = ? AND time > ? AND time <= ?"
    return base.execute(query, (meter, until, until + QUARTER)).fetchone() is not None


def _put_readings(base: sqlite3.Connection, meter: int, batch: Batch, verb: str) -> None:
    """
    Add the first and the last reading of each half-hour.

    Readings that divide neither days nor half-hours any more are deleted: see `delete_needless_readings.sql`.
    `verb` is what SQL does with a reading: insert it, and ignore or replace one of the same index and second.
    """
    rows = set()
    times = []
    for (label, _code, _half_hour), first_and_last in batch.readings.items():
        for reading in first_and_last:
            rows.add((meter, label, reading.time, reading.value, reading.code))
            times.append(reading.time)
    # From here on readings are compared with those beside them: an index at rest has one each two days.
    since = min(times, default=batch.until) - 2 * _SECONDS_OF_DAY
    for table in ("reading", "half_hour"):
        columns = f"{table} (meter, label, time, value, code)"
        base.executemany(f"{verb} INTO {columns} VALUES (?, ?, ?, ?, ?)", sorted(rows))
        delete = DELETE_NEEDLESS_READINGS.replace("$table", table)
        base.execute(delete, (meter, since, LONGEST_WAIT))


def _put_runs(base: sqlite3.Connection, meter: int, batch: Batch) -> None:
    """Add what lasts, joined with all that it continues or overlaps."""
    for (kind, code, first), last in batch.runs.items():
        pause = PAUSES[kind]
        joined = base.execute(
            "DELETE FROM run WHERE meter = ? AND kind = ? AND code = ? AND begin <= ? AND end >= ? "
            "RETURNING begin, end",
            (meter, kind, code, last + pause, first - pause),
        ).fetchall()
        begin = first
        end = last
        for begin_before, end_before in joined:
            begin = min(begin, begin_before)
            end = max(end, end_before)
        base.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?)", (meter, kind, begin, code, end))


def forget_meters(base: sqlite3.Connection, now: int) -> None:
    """Delete the meters that were heard for a moment on another day, and the rarest of too many."""
    yesterday = now - _SECONDS_OF_DAY
    for [meter] in base.execute(_FOREIGN, (LEAST_HEARD, yesterday, MAX_METERS)).fetchall():
        for table in TIMES:
            base.execute(f"DELETE FROM {table} WHERE meter = ?", (meter,))  # noqa: S608 - our own names
        base.execute("DELETE FROM meter WHERE id = ?", (meter,))


def _put_powers(base: sqlite3.Connection, meter: int, batch: Batch) -> None:
    """Add the mean powers of the slots, and make those of the longer steps anew from the first slot on."""
    if not batch.powers:
        return
    rows = []
    for time, powers in batch.powers.items():
        mean_drawn = _mean([drawn for drawn, _injected in powers])
        mean_injected = _mean([injected for _drawn, injected in powers])
        rows.append((meter, SLOT, time, mean_drawn, mean_injected))
    base.executemany("INSERT OR REPLACE INTO power VALUES (?, ?, ?, ?, ?)", rows)
    first = min(batch.powers)
    for part, step in itertools.pairwise(KEPT):
        base.execute(
            "INSERT OR REPLACE INTO power SELECT meter, ?1, time - time % ?1, round(avg(drawn)), "
            "round(avg(injected)) FROM power "
            "WHERE meter = ?2 AND step = ?3 AND time >= ?4 GROUP BY time / ?1",
            (step, meter, part, first - first % step),
        )


def _mean(powers: Sequence[int | None]) -> int | None:
    """Return the mean of powers, VA; None if one of them was not measured."""
    measured = [power for power in powers if power is not None]
    if len(measured) < len(powers):
        return None
    return round(fmean(measured))


def _delete_oldest(base: sqlite3.Connection, meter: int, until: int, labels: Iterable[str]) -> None:
    """
    Delete all but the newest rows of each step, kind and index.

    Powers later than `until`, from a clock that was ahead, do not count as new, and stay.
    """
    for step, seconds in KEPT.items():
        rows = "power WHERE meter = ? AND step = ? AND time <= ?"
        _keep(base, seconds // step, "time", rows, (meter, step, until))
    for kind, most in MAX_RUNS.items():
        _keep(base, most, "begin", "run WHERE meter = ? AND kind = ?", (meter, kind))
    for label in labels:
        _keep(base, MAX_READINGS, "time", "reading WHERE meter = ? AND label = ?", (meter, label))
    _keep(base, MAX_HALF_HOURS, "time", "half_hour WHERE meter = ?", (meter,))


def _keep(base: sqlite3.Connection, most: int, time: str, rows: str, values: tuple[str | int, ...]) -> None:
    """
    Delete all of some `rows` but the `most` newest.

    `rows` are a table and a condition in SQL, which takes the `values`; `time` is the column of their time.
    """
    chosen = f"FROM {rows}"
    newest_needless = f"SELECT {time} {chosen} ORDER BY {time} DESC LIMIT 1 OFFSET {most}"
    base.execute(f"DELETE {chosen} AND {time} <= ({newest_needless})", (*values, *values))
