"""
The part of the database that the contract needs: half-hours, and what files have.

Every function blocks, and may raise `sqlite3.Error`. Times are seconds since 1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from teleinfo.contract.content import COLOUR, CURVE, HOURS, PEAK
from teleinfo.contract.days import local
from teleinfo.contract.half_hours import HalfHours, of_meter
from teleinfo.history.chronicle import EXPORTED_KEY
from teleinfo.history.rises import HALF_HOURS, rises
from teleinfo.history.sites import SITE
from teleinfo.vocabulary.codes import Colour

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3

_KNOWN: Final = """
    SELECT count(*), min(time), max(time) + 1800, count(*) FILTER (WHERE time > before + 1800)
    FROM (
        SELECT time, lag(time) OVER (ORDER BY time) AS before FROM (
            SELECT time FROM imported WHERE meter = ?1 AND kind = 'curve'
            UNION SELECT time FROM imported WHERE meter = ?1 AND kind = 'hour'
            UNION SELECT time + 1800 FROM imported WHERE meter = ?1 AND kind = 'hour'
        )
    )
"""


def last_meter(base: sqlite3.Connection) -> int | None:
    """Return the number of the meter that was heard last; None if there is none."""
    row = base.execute("SELECT id FROM meter ORDER BY heard DESC LIMIT 1").fetchone()
    return row[0] if row else None


def of_files(base: sqlite3.Connection, meter: int, kind: str, since: int = 0) -> list[tuple[int, Any]]:
    """Return time and value of what files have of a kind since a time, the oldest first."""
    query = "SELECT time, value FROM imported WHERE meter = ? AND kind = ? AND time >= ? ORDER BY time"
    return base.execute(query, (meter, kind, since)).fetchall()


def known(base: sqlite3.Connection, meter: int) -> dict[str, int]:
    """Return the number of the imported half-hours, the begin and the end of them, and their gaps."""
    count, first, last, gaps = base.execute(_KNOWN, (meter,)).fetchone()
    return {"count": count, "first": first, "last": last, "gaps": gaps}


def energies(base: sqlite3.Connection, meter: int, since: int, until: int) -> HalfHours:
    """Return the half-hours of a meter between two times, from its readings and from files."""
    half_hours = of_meter(rises(base, meter, HALF_HOURS, since, until), EXPORTED_KEY)
    half_hours.add_file(dict(of_files(base, meter, CURVE, since)))
    half_hours.add_hours(dict(of_files(base, meter, HOURS, since)))
    return half_hours


def peaks(base: sqlite3.Connection, meter: int, since: int) -> list[tuple[int, int]]:
    """Return times and powers of the greatest powers of the days since a time."""
    measured = base.execute("SELECT time, power FROM peak WHERE meter = ? AND time >= ?", (meter, since))
    return [*measured, *of_files(base, meter, PEAK, since)]


def colours(base: sqlite3.Connection, meter: int) -> dict[dt.date, Colour]:
    """Return the colours of the days, from files and from the meter, which is right where they differ."""
    sent = base.execute("SELECT time, code FROM of_day WHERE meter = ? AND kind = ?", (meter, COLOUR))
    by_day = {}
    for begin, code in (*of_files(base, meter, COLOUR), *sent):
        by_day[local(begin).date()] = Colour(code)
    return by_day


def last_import(base: sqlite3.Connection) -> int | None:
    """Return the number of the last import that added something, None if there is none."""
    [number] = base.execute("SELECT max(import) FROM imported").fetchone()
    return None if number is None else int(number)


def undo(base: sqlite3.Connection, number: int) -> int:
    """Remove what an import added, and return the number of rows."""
    base.execute("DELETE FROM imported WHERE import = ? AND kind = ?", (number, SITE))
    return base.execute("DELETE FROM imported WHERE import = ?", (number,)).rowcount
