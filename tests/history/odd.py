"""Histories that something damaged: bytes, pages and ends of a file, and rows that no history has."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from typing import TYPE_CHECKING, Any, Final

from teleinfo.history.chronicle import CONTRACT
from tests.history import decade

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

PAGE: Final = 4096
HEADER: Final = 100

TIMES: Final = (2**63 - 1, -(2**63), 0, -1, 4_102_531_201, 1.5, "x", b"x", float("inf"))
TEXTS: Final = (b"\xff\xfe", "", "é", "x" * 500, "tab\t", "<b>\u202e")
NOT_UTF8: Final = "CAST(x'41ff41' AS TEXT)"
NUMBERS: Final = (-1, 2**63 - 1, "x", b"x", 1e300, float("-inf"))

Row = tuple[str, tuple[Any, ...]]
"""A table, and the values of a row; a text that begins with CAST is SQL."""


def rows(now: int) -> list[Row]:
    """Return more than a hundred rows, each of which has one value that no history has."""
    good: dict[str, tuple[Any, ...]] = {
        "meter": (77, "099999999999", now),
        "power": (1, 60, now - 60, 500, None),
        "reading": (1, "HCHP", now - 60, 1000, "HP"),
        "half_hour": (1, now - 60, "HCHP", 1000, "HP"),
        "run": (1, "tariff", now - 600, "HP", now - 60),
        "peak": (1, now - 86_400, now - 60, 1000),
        "of_day": (1, CONTRACT, now - 60, "HC 9"),
        "imported": (1, "curve", now - 60, 200, 1000 * now),
    }
    odd: dict[str, dict[int, tuple[object, ...]]] = {
        "meter": {1: (*TEXTS, NOT_UTF8), 2: TIMES},
        "power": {1: (0, 11, "x"), 2: TIMES, 3: NUMBERS, 4: NUMBERS},
        "reading": {1: (*TEXTS, NOT_UTF8), 2: TIMES, 3: NUMBERS, 4: (b"\xff", "", NOT_UTF8)},
        "half_hour": {1: TIMES, 2: (b"\xff", NOT_UTF8), 3: NUMBERS},
        "run": {1: ("", "x", b"x", NOT_UTF8), 2: TIMES, 3: (b"\xff", NOT_UTF8), 4: TIMES},
        "peak": {1: TIMES, 2: TIMES, 3: NUMBERS},
        "of_day": {
            1: ("", "x", b"x"),
            2: TIMES,
            3: ("HC", "HC x", "HC 9 9", " ", b"HC 9", "HC -1", NOT_UTF8),
        },
        "imported": {1: ("", "x", "base 9", b"curve", NOT_UTF8), 2: TIMES, 3: NUMBERS, 4: ("x", 2**63 - 1)},
    }
    found = []
    for table, row in good.items():
        for at, values in odd[table].items():
            found += [(table, (*row[:at], value, *row[at + 1 :])) for value in values]
    colours: tuple[object, ...] = ("green", 1, b"blue", NOT_UTF8)
    for value in colours:
        found += [
            (table, (1, "colour", now - 60, value, *more))
            for table, more in (("of_day", ()), ("imported", (1,)))
        ]
    return found


def insert(path: Path, odd: Row) -> None:
    """Put a row into a history, past all that forbids it, which is there again afterwards."""
    table, values = odd
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as base:
        [texts] = [base.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()]
        _rewrite(
            base,
            [
                (name, sql.replace(") STRICT, WITHOUT", ") WITHOUT").replace(") STRICT", ")"))
                for name, sql in texts
            ],
        )
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("PRAGMA ignore_check_constraints = ON")
        marks = ", ".join(value if _is_sql(value) else "?" for value in values)
        base.execute(
            f"INSERT OR REPLACE INTO {table} VALUES ({marks})",
            [value for value in values if not _is_sql(value)],
        )
        _rewrite(base, texts)


def _is_sql(value: object) -> bool:
    return isinstance(value, str) and value.startswith("CAST")


def _rewrite(base: sqlite3.Connection, texts: list[tuple[str, str]]) -> None:
    base.execute("PRAGMA writable_schema = ON")
    base.executemany("UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1", texts)
    base.execute("PRAGMA writable_schema = OFF")


def _bytes(data: bytearray, chance: Random) -> None:
    for _ in range(chance.choice((1, 1, 1, chance.randint(2, 200)))):
        data[chance.randrange(len(data))] = chance.randrange(256)


def _header(data: bytearray, chance: Random) -> None:
    for _ in range(chance.randint(1, 10)):
        data[chance.randrange(HEADER)] = chance.randrange(256)


def _schema(data: bytearray, chance: Random) -> None:
    for _ in range(chance.randint(1, 5)):
        data[chance.randrange(HEADER, 2 * PAGE)] ^= 1 << chance.randrange(8)


def _page(data: bytearray, chance: Random) -> slice:
    begin = chance.randrange(len(data) // PAGE) * PAGE
    return slice(begin, begin + PAGE)


def _bits(data: bytearray, chance: Random) -> None:
    page = _page(data, chance)
    for at in range(page.start, page.stop, chance.randint(8, 400)):
        data[at] ^= 1 << chance.randrange(8)


def _zeros(data: bytearray, chance: Random) -> None:
    data[_page(data, chance)] = bytes(PAGE)


def _noise(data: bytearray, chance: Random) -> None:
    data[_page(data, chance)] = chance.randbytes(PAGE)


def _another_page(data: bytearray, chance: Random) -> None:
    data[_page(data, chance)] = data[_page(data, chance)]


def _cut(data: bytearray, chance: Random) -> None:
    del data[chance.randrange(len(data)) :]


def _tail(data: bytearray, chance: Random) -> None:
    data += chance.randbytes(chance.randint(1, 10_000))


WAYS: Final = (_bytes, _header, _schema, _bits, _zeros, _noise, _another_page, _cut, _tail)


def damage(path: Path, chance: Random) -> None:
    """Damage a history in one of several ways."""
    data = bytearray(path.read_bytes())
    chance.choice(WAYS)(data, chance)
    path.write_bytes(data)


def write(path: Path, now: int, *, days: int = 40) -> None:
    """Write a small history with rows of each kind, and a copy of it beside it."""
    decade.write(path, now, days=days)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as base:
        for step, time in itertools.product((10, 60, 900), range(now - 3600, now, 900)):
            base.execute(
                "INSERT OR IGNORE INTO power VALUES (1, ?, ?, ?, ?)", (step, time, time % 5000, None)
            )
        for number, time in enumerate(range(now - 30 * 86_400, now, 28_800)):
            code = "HC" if number % 3 == 0 else "HP"
            base.execute(
                "INSERT OR IGNORE INTO run VALUES (1, 'tariff', ?, ?, ?)", (time, code, time + 28_700)
            )
        base.execute("INSERT INTO run VALUES (1, 'alert', ?, 'overrun', ?)", (now - 9000, now - 8000))
        for time in range(now - 60 * 86_400, now - 45 * 86_400, 1800):
            base.execute("INSERT INTO imported VALUES (1, 'curve', ?, 200, 1)", (time - time % 1800,))
        base.execute("INSERT INTO imported VALUES (1, 'colour', ?, 'blue', 1)", (now - 86_400 * 50,))
    path.with_suffix(".copy-0").write_bytes(path.read_bytes())


def content(path: Path) -> dict[str, set[tuple[Any, ...]]]:
    """Return the rows of each table of a history."""
    with contextlib.closing(sqlite3.connect(path)) as base:
        names = [name for [name] in base.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: {*base.execute(f"SELECT * FROM {name}")} for name in names}


def lost(before: dict[str, set[tuple[Any, ...]]], after: dict[str, set[tuple[Any, ...]]]) -> dict[str, int]:
    """Return the number of rows of each table that are not there any more."""
    counts = {name: len(rows - after.get(name, set())) for name, rows in before.items()}
    return {name: count for name, count in counts.items() if count}
