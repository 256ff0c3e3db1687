"""
Days at the meter, and times in s since 1970.

They are those of France. A meter of the overseas islands has the days of the machine, as in the decoded
state: neither étiquette nor number says in which time zone it is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from teleinfo.tic.horodate import PARIS
from teleinfo.tic.meter_id import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator


TEMPO_HOUR: Final = 6
"""Hour at which the colour of Tempo changes."""

_SEPTEMBER: Final = 9

_zone: ContextVar[dt.tzinfo | None] = ContextVar("zone", default=PARIS)
"""The time zone; None for that of the machine."""


@contextlib.contextmanager
def in_zone_of(meter: str | None) -> Iterator[None]:
    """Inside the block, use the time zone of the meter with this id; outside of it, that of France."""
    token = _zone.set(None if identity_of(meter).overseas else PARIS)
    try:
        yield
    finally:
        _zone.reset(token)


def local(time: int) -> dt.datetime:
    """Return the time at the meter."""
    zone = _zone.get()
    if zone is None:
        return dt.datetime.fromtimestamp(time, dt.UTC).astimezone()
    # In one step, since a contract asks for each half-hour of a year.
    return dt.datetime.fromtimestamp(time, zone)


def iso(time: int) -> str:
    """Return a time in ISO 8601, with its offset at the meter."""
    return local(time).isoformat()


def day_of(time: int) -> dt.date:
    """Return the day at the meter."""
    return _day_in(time, _zone.get())


# The midnights of ten years, the seconds before them, and the readings around them.
@lru_cache(maxsize=16_384)
def _day_in(time: int, zone: dt.tzinfo | None) -> dt.date:
    return dt.datetime.fromtimestamp(time, dt.UTC).astimezone(zone).date()


def midnight(day: dt.date, *, hour: int = 0) -> int:
    """Return the time of an hour of a day at the meter, by default of its begin, s since 1970."""
    # Without a zone, a time is one of the machine.
    return int(dt.datetime.combine(day, dt.time(hour), _zone.get()).timestamp())


def season_of(day: dt.date) -> dt.date:
    """Return the first day of the season of Tempo, which is from September to August."""
    year = day.year if day.month >= _SEPTEMBER else day.year - 1
    return dt.date(year, _SEPTEMBER, 1)
