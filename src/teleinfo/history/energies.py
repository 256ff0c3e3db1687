"""
The part of the database that the contract needs: half-hours, and what files have.

Every function blocks, and may raise `sqlite3.Error`. Times are seconds since 1970.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from teleinfo.contract.days import local
from teleinfo.contract.files import COLOUR, CURVE, PEAK, Content, are_begins, half_hours
from teleinfo.contract.half_hours import HALF_HOUR, HalfHours, of_meter
from teleinfo.contract.offers import STEPS, Offer, Price
from teleinfo.history.chronicle import INJECTED, MAX_AGE
from teleinfo.history.rises import HALF_HOURS, rises
from teleinfo.vocabulary.codes import Colour

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3
    from collections.abc import Iterable, Mapping


HOUR: Final = 2 * HALF_HOUR
"""The energies of the meter are compared with those of a file by the hour, since its step may be one."""

_KNOWN: Final = """
    SELECT count(*), min(time), max(time) + 1800, count(*) FILTER (WHERE time > before + 1800)
    FROM (SELECT time, lag(time) OVER (ORDER BY time) AS before FROM imported WHERE meter = ? AND kind = ?)
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
    row = base.execute(_KNOWN, (meter, CURVE)).fetchone()
    return dict(zip(("count", "first", "last", "gaps"), row, strict=True))


def energies(base: sqlite3.Connection, meter: int, since: int, until: int) -> HalfHours:
    """Return the half-hours of a meter between two times, from its readings and from files."""
    found = of_meter(rises(base, meter, HALF_HOURS, since, until), INJECTED)
    found.add_file(dict(of_files(base, meter, CURVE, since)))
    return found


def peaks(base: sqlite3.Connection, meter: int, since: int) -> list[tuple[int, int]]:
    """Return times and powers of the greatest powers of the days since a time."""
    own = base.execute("SELECT time, power FROM peak WHERE meter = ? AND time >= ?", (meter, since))
    return [*own, *of_files(base, meter, PEAK, since)]


def colours(base: sqlite3.Connection, meter: int) -> dict[dt.date, Colour]:
    """Return the colours of the days, from files and from the meter, which is right where they differ."""
    own = base.execute("SELECT time, code FROM of_day WHERE meter = ? AND kind = ?", (meter, COLOUR))
    words = {colour.value: colour for colour in Colour}
    return {local(begin).date(): words[code] for begin, code in (*of_files(base, meter, COLOUR), *own)}


def with_imported_prices(base: sqlite3.Connection, meter: int, offers: Iterable[Offer]) -> list[Offer]:
    """Return the offers with the prices of the files too; those of the offer hold where both have a day."""
    found = []
    for offer in offers:
        rows = [row for kva in STEPS for row in of_files(base, meter, f"{offer.id} {kva}")]
        prices = [Price.model_validate_json(text) for _time, text in rows]
        found.append(offer.model_copy(update={"price": (*offer.price, *prices)}))
    return found


def add(
    base: sqlite3.Connection, meter: int, content: Content, indexes: Mapping[int, int], number: int
) -> dict[str, int]:
    """
    Add the content of a file, within a transaction; raise FileError if an index proves it wrong.

    `indexes` are the total of the meter at midnights by the files, Wh. The `number` of an import is its time
    in ms, so that it is the same in a copy of the history.

    Of the half-hours that were `found`, return how many were `added`, `own` ones of the meter, `known` from
    earlier files, or there with an `other` energy, the first at the time `example`; the maxima, colours and
    prices that were added, `others`; and 1 for a curve whose times are `proved`, or `unproved`.
    """
    now = number // 1000
    own = of_meter(rises(base, meter, HALF_HOURS, 0, now), INJECTED)
    exact = own.exact
    hours = [begin for begin in exact if begin % HOUR == 0 and begin + HALF_HOUR in exact]
    counted = [(begin, begin + HOUR, own.energy(begin) + own.energy(begin + HALF_HOUR)) for begin in hours]
    spans = itertools.pairwise(sorted(indexes))
    counted += [(begin, end, float(indexes[end] - indexes[begin])) for begin, end in spans]
    begins, is_proved = are_begins(content, counted)
    found = half_hours(content.points, are_begins=begins)
    curve = {begin: energy for begin, energy in found.items() if now - MAX_AGE <= begin < now}
    new = {begin: energy for begin, energy in curve.items() if begin not in exact}
    before = dict(of_files(base, meter, CURVE))
    other = [begin for begin, energy in new.items() if abs(before.get(begin, energy) - energy) > 1]

    def insert(rows: Iterable[tuple[str, int, object]]) -> int:
        query = "INSERT OR IGNORE INTO imported VALUES (?, ?, ?, ?, ?)"
        return base.executemany(query, [(meter, *row, number) for row in rows]).rowcount

    added = insert((CURVE, begin, energy) for begin, energy in new.items())
    return {
        "found": len(curve),
        "added": added,
        "own": len(curve) - len(new),
        "known": len(new) - added - len(other),
        "other": len(other),
        "example": min(other, default=0),
        "others": insert((kind, time, value) for (kind, time), value in content.others.items()),
        "proved": bool(curve) and is_proved,
        "unproved": bool(curve) and not is_proved,
    }


def undo(base: sqlite3.Connection) -> tuple[int, int] | None:
    """Remove what the last import added; return its time, s since 1970, and its rows; None if none."""
    [number] = base.execute("SELECT max(import) FROM imported").fetchone()
    if number is None:
        return None
    return number // 1000, base.execute("DELETE FROM imported WHERE import = ?", (number,)).rowcount
