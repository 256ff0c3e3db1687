"""
Add the rows of another database of the history: of an export, of a copy, or of a damaged file.

Every row is checked: by the constraints of our own tables, and by its time, which is at most a day ahead of
ours. What cannot be read or is not possible is left out, and all else is added.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from teleinfo.history.damage import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_AHEAD: Final = 86_400
"""Seconds by which the time of a row may be ahead of ours: the colour of tomorrow has its begin."""

TIMES: Final = {
    "power": "time",
    "reading": "time",
    "half_hour": "time",
    "run": "end",
    "peak": "time",
    "of_day": "time",
    "imported": "time",
}
"""The tables whose first column is the meter, with the column that has their latest time."""


@dataclass(slots=True)
class Merged:
    """The numbers of rows: `added` ones, and `impossible` ones; `is_whole` if all could be read."""

    added: int = 0
    impossible: int = 0
    is_whole: bool = True


def merge(base: sqlite3.Connection, source: sqlite3.Connection, now: int) -> Merged:
    """Add the rows of `source` that `base` lacks, within a transaction."""
    merged = Merged()
    # A text that is no UTF-8 becomes an impossible one, in place of an error that would end the reading.
    source.text_factory = lambda text: text.decode(errors="replace")
    latest = now + MAX_AHEAD
    numbers: dict[Any, int] = {}
    for number, name, heard in _rows(source, "meter", ["id", "name", "heard"], ["id"], merged):
        if _is_inserted(base, "meter", ["name", "heard"], (name, _until(heard, latest)), merged):
            [numbers[number]] = base.execute("SELECT id FROM meter WHERE name = ?", (name,)).fetchone()
    for table, time_column in TIMES.items():
        columns, key = _columns(base, table)
        time_at = columns.index(time_column)
        for row in _rows(source, table, columns, key, merged):
            number = row[0]
            time = row[time_at]
            if number not in numbers or not isinstance(time, int) or time > latest:
                merged.impossible += 1
                continue
            _is_inserted(base, table, columns, (numbers[number], *row[1:]), merged)
    return merged


def _until(time: Any, latest: int) -> Any:  # noqa: ANN401 - whatever the file has
    return min(time, latest) if isinstance(time, int) else time


def _columns(base: sqlite3.Connection, table: str) -> tuple[list[str], list[str]]:
    """Return the columns of a table of ours, and those of its primary key."""
    rows = base.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    keys = sorted((place, name) for name, place in rows if place)
    return [name for name, _place in rows], [name for _place, name in keys]


def _rows(
    source: sqlite3.Connection, table: str, columns: Sequence[str], key: Sequence[str], merged: Merged
) -> Iterator[tuple[Any, ...]]:
    """
    Yield the rows of a table in the order of its key.

    If a row cannot be read, those behind it follow from the end backwards. None of a view, which could be
    endless.
    """
    try:
        query = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
        [count] = source.execute(query, (table,)).fetchone()
    except ERRORS:
        merged.is_whole = False
        return
    if not count:
        return
    chosen = f"SELECT {', '.join(columns)} FROM {table} ORDER BY"  # noqa: S608 - our own names
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{column} {direction}" for column in key)
        try:
            yield from source.execute(f"{chosen} {order}")
        except ERRORS:
            merged.is_whole = False
            continue
        return


def _is_inserted(
    base: sqlite3.Connection, table: str, columns: Sequence[str], row: Sequence[Any], merged: Merged
) -> bool:
    """Insert a row unless there is one with its key; return False if it is impossible."""
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    try:
        cursor = base.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608 - our own
            row,
        )
    except (sqlite3.IntegrityError, sqlite3.DataError):
        merged.impossible += 1
        return False
    merged.added += cursor.rowcount
    return True
