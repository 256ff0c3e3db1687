"""Days of France, and times in s since 1970."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final

from teleinfo.tic.horodate import PARIS

DAY: Final = dt.timedelta(days=1)

TEMPO_HOUR: Final = 6
"""Hour at which the colour of Tempo changes."""

_SEPTEMBER: Final = 9


def local(time: int) -> dt.datetime:
    """Return the time in France."""
    return dt.datetime.fromtimestamp(time, PARIS)


@lru_cache(maxsize=8192)  # the midnights of ten years, and the seconds before them
def day_of(time: int) -> dt.date:
    """Return the day in France."""
    return local(time).date()


def midnight(day: dt.date, *, hour: int = 0) -> int:
    """Return the time of an hour of a day in France, by default of its begin, s since 1970."""
    return int(dt.datetime.combine(day, dt.time(hour), PARIS).timestamp())


def season_of(day: dt.date) -> dt.date:
    """Return the first day of the season of Tempo, which is from September to August."""
    year = day.year if day.month >= _SEPTEMBER else day.year - 1
    return dt.date(year, _SEPTEMBER, 1)
