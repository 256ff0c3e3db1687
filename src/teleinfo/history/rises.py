"""The rises of the indexes of a meter between two readings each, from the tables of the readings."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from teleinfo.contract.days import day_of, midnight
from teleinfo.contract.half_hours import Rise
from teleinfo.history.chronicle import IndexReading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

DAYS: Final = """
    SELECT label, time, value, code FROM reading JOIN (
        SELECT label, max(time) FILTER (WHERE time <= ?3) AS first
        FROM reading WHERE meter = ?1 GROUP BY label
    ) USING (label) WHERE meter = ?1 AND time BETWEEN coalesce(first, 0) AND ?2 ORDER BY label, time
"""
"""The readings of each index that divide days, until the time ?2, with the last one before the time ?3."""

HALF_HOURS: Final = """
    SELECT label, time, value, code FROM half_hour
    WHERE meter = ?1 AND time BETWEEN ?3 - 172800 AND ?2 ORDER BY label, time
"""
"""The same, for half-hours; a register at rest has a reading each two days."""

MAX_STRAYS: Final = 6
"""The most readings in a row that a clock that is wrong for an hour leaves behind."""


def rises(base: sqlite3.Connection, meter: int, query: str, since: int, until: int) -> Iterator[Rise]:
    """
    Yield what each index rose between two readings by a `query`, unless it began anew.

    Nor is it yielded where indexes of another mode or contract counted meanwhile: they counted the same
    energy. Those of one contract begin with the same two letters.
    """
    rows = base.execute(query, (meter, until, since)).fetchall()
    times: defaultdict[str, list[int]] = defaultdict(list)
    for label, time, *_ in rows:
        times[label[:2]].append(time)
    for label, own in itertools.groupby(rows, itemgetter(0)):
        readings = _rising([IndexReading(*reading) for _label, *reading in own])
        others = sorted(itertools.chain(*(found for name, found in times.items() if name != label[:2])))
        for before, after in itertools.pairwise(readings):
            is_own = bisect_right(others, before.time) == bisect_left(others, after.time)
            if is_own and after.value >= before.value and after.time > since:
                yield Rise(label, after.code, before.time, after.time, after.value - before.value)


def _rising(readings: list[IndexReading]) -> list[IndexReading]:
    """
    Return the readings of an index in the order of their times; leave out those with a wrong time.

    An index rises. Where it falls, the clock was wrong if the index has its former value again soon, or had
    the new value shortly before; otherwise the index began anew. A reading of midnight is rather believed.
    """
    kept: list[IndexReading] = []
    at = 0
    while at < len(readings):
        time, value, _code = readings[at]
        if kept and value < kept[-1].value:
            later = readings[at + 1 : at + 1 + MAX_STRAYS]
            ahead = _first(reading.value >= kept[-1].value for reading in later)
            back = _first(reading.value <= value for reading in kept[-2 : -2 - MAX_STRAYS : -1])
            if ahead and (ahead < (back or math.inf) or (ahead == back and time != midnight(day_of(time)))):
                at += ahead
                continue
            if back:
                del kept[-back:]
        kept.append(readings[at])
        at += 1
    return kept


def _first(facts: Iterable[bool]) -> int:
    """Return the number of the first fact that is true, or 0."""
    return next((number for number, fact in enumerate(facts, 1) if fact), 0)
