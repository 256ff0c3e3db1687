"""
The known readings of the indexes, and the energy between them by day or month. Pure.

Only differences of readings count, so the sum of all energies is what the index counted. Days are those of
France. The energy between two readings belongs to the day that holds both. If they lie in several days, it is
the energy of a gap: it is divided nowhere.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.tic.horodate import PARIS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


class IndexReading(NamedTuple):
    """The `value` of an index in Wh at a `time`, s since 1970; `code`: what the index counted before it."""

    time: int
    value: int
    code: str


@dataclass(slots=True)
class Energies:
    """
    Energy in Wh by code: in each day or month (`spans`), and in each gap between two times (`gaps`).

    `costs` are those of the energy of each day or month in €, NaN if a price is unknown; `covered` has the
    seconds in which the energy of an index is known, by day or month and étiquette.
    """

    spans: defaultdict[dt.date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    gaps: defaultdict[tuple[int, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    costs: defaultdict[dt.date, float] = field(default_factory=lambda: defaultdict(float))
    covered: Counter[tuple[dt.date, str]] = field(default_factory=Counter)


def local(time: int) -> dt.datetime:
    """Return the time in France."""
    return dt.datetime.fromtimestamp(time, PARIS)


@lru_cache(maxsize=4096)
def day_of(time: int) -> dt.date:
    """Return the day in France."""
    return local(time).date()


def midnight(day: dt.date) -> int:
    """Return the time at which a day begins in France, s since 1970."""
    return int(dt.datetime.combine(day, dt.time(), PARIS).timestamp())


def merge(known: Iterable[IndexReading], new: Iterable[IndexReading], *, label: str) -> list[IndexReading]:
    """
    Return the readings of the index `label` that are needed, the new ones among them.

    An index rises: a new reading that contradicts a later one is left out. A reading is not needed if it lies
    between two others of the same day.
    """
    readings = {reading.time: reading for reading in known}
    for reading in sorted(new):
        later = min((other for other in readings.values() if other.time > reading.time), default=None)
        earlier = max((other for other in readings.values() if other.time < reading.time), default=reading)
        if later is None or earlier.value <= reading.value <= later.value:
            readings.setdefault(reading.time, reading)
    kept: list[IndexReading] = []
    for reading, following in zip(ordered := sorted(readings.values()), [*ordered[1:], None], strict=True):
        if not kept or following is None or not _is_between(kept[-1], reading, following, label):
            kept.append(reading)
    return kept


def _is_between(before: IndexReading, reading: IndexReading, after: IndexReading, label: str) -> bool:
    return (
        day_of(before.time) == day_of(after.time - 1)
        and before.value <= reading.value <= after.value
        and reading.code in {after.code, label}
    )


def count(
    readings: Mapping[str, Sequence[IndexReading]],
    span_of: Callable[[dt.date], dt.date],
    price_of: Callable[[dt.date, str], float] = lambda _day, _code: math.nan,
) -> Energies:
    """
    Return the energies of all indexes.

    `span_of` returns the first day of the span of a day; `price_of` the price of a code on a day in €/kWh.
    """
    found = Energies()
    for label, of_index in readings.items():
        for before, after in itertools.pairwise(of_index):
            rise, day = after.value - before.value, day_of(before.time)
            span = span_of(day)
            if rise < 0:
                continue  # the index began anew
            if span == span_of(day_of(after.time - 1)):
                found.covered[span, label] += after.time - before.time
                found.spans[span][after.code] += rise
                found.costs[span] += rise * price_of(day, after.code) / 1000
            else:
                found.gaps[before.time, after.time][after.code] += rise
    return found
