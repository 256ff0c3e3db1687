"""A history of ten years of a household, as large as it becomes."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Final

from teleinfo.contract.days import day_of, local, midnight
from teleinfo.history.chronicle import COLOUR, CONTRACT, Batch
from teleinfo.history.store import Store
from teleinfo.vocabulary.codes import Colour
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

METER: Final = "041961123456"
HALF_HOUR: Final = 1800
DAYS: Final = 3652
INDEXES: Final = {"HCHC": 90_000_000, "HCHP": 90_000_000}
"""The indexes at the end, Wh."""

_Reading = tuple[int, str, int, int, str]


def write(path: Path, end: int, *, days: int = DAYS) -> None:
    """Write the history of some days until a time, s since 1970, of a meter with peak and off-peak hours."""
    readings = [*_readings(end, days)]
    around_midnights = [*_around_midnights(readings)]
    dates = [day_of(end) - number * DAY for number in range(days)]
    of_day = [(COLOUR, midnight(date, hour=6), str(_colour(date))) for date in dates]
    of_day += [(CONTRACT, midnight(date), "HC 9") for date in dates]
    peaks = [(midnight(date), midnight(date, hour=19), 4000 + 100 * date.day) for date in dates]
    with contextlib.closing(Store(path)) as store:
        store.write([Batch(METER, end)], now=end)
        with store.editing(end) as base:
            for table, rows in (("reading", around_midnights), ("half_hour", readings)):
                columns = f"{table} (meter, label, time, value, code)"
                base.executemany(f"INSERT OR IGNORE INTO {columns} VALUES (?, ?, ?, ?, ?)", rows)
            base.executemany("INSERT INTO of_day VALUES (1, ?, ?, ?)", of_day)
            base.executemany("INSERT INTO peak VALUES (1, ?, ?, ?)", peaks)


def _around_midnights(readings: list[_Reading]) -> Iterator[_Reading]:
    """Yield two readings for each one at midnight, a second before it and a second after it."""
    for meter, label, time, value, code in readings:
        if time == midnight(day_of(time)):
            yield meter, label, time - 1, value, code
            yield meter, label, time + 1, value, code


def _readings(end: int, days: int) -> Iterator[_Reading]:
    """Yield each index at the begin and the end of the half-hours that it counts, the latest first."""
    chance = random.Random(1)
    counted = dict(INDEXES)
    last = end - end % HALF_HOUR
    for time in range(last, last - days * 24 * 2 * HALF_HOUR, -HALF_HOUR):
        label = "HCHC" if local(time - HALF_HOUR).hour in (*range(6), 22, 23) else "HCHP"
        yield 1, label, time, counted[label], label[2:]
        if local(time).hour == 0:  # and at midnight the other one too
            yield from ((1, other, time, value, other[2:]) for other, value in counted.items())
        counted[label] -= chance.randrange(40, 900)
        yield 1, label, time - HALF_HOUR, counted[label], label[2:]


def _colour(date: dt.date) -> Colour:
    if date.month in {4, 5, 6, 7, 8, 9, 10} or date.weekday() > 4:
        return Colour.BLUE
    return {0: Colour.RED, 1: Colour.WHITE}.get(date.day % 7, Colour.BLUE)
