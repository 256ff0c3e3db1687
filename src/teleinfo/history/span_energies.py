"""
The energies and costs of days, weeks, months or years.

A span with nothing known has no row; a value that is unknown is None. Days are those at the meter.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from teleinfo.contract.days import day_of, iso, midnight
from teleinfo.history.chronicle import EXPORTED_KEY
from teleinfo.history.rises import DAYS, rises
from teleinfo.state.energy_span import month_of
from teleinfo.state.prices import in_millionths
from teleinfo.vocabulary.codes import TariffPeriod
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3
    from collections.abc import Callable, Iterable

    from teleinfo.contract.half_hours import Rise
    from teleinfo.state.fields import Json
    from teleinfo.state.prices import DatedPrices

_FIRST_DAYS: Final[dict[str, Callable[[dt.date], dt.date]]] = {
    "P1D": lambda day: day,
    "P7D": lambda day: day - day.weekday() * DAY,
    "P1M": month_of,
    "P1Y": lambda day: day.replace(month=1, day=1),
}
"""What returns the first day of the span in which a day is, by the length of the span."""

_NAME_LENGTHS: Final = {"P1D": 10, "P7D": 10, "P1M": 7, "P1Y": 4}
"""Characters of the first day that name a span, such as 2026-10-20, 2026-10 or 2026, by the span."""

_Gap: TypeAlias = tuple[int, int]
"""The start and the end of a time without a reading, s since 1970, which is in more than one span."""


def span_energies(
    base: sqlite3.Connection, meter: int, prices: DatedPrices | None, *, iso_step: str, count: int, now: int
) -> dict[str, Json]:
    """
    Return the table of the last `count` spans of length `iso_step`, the present one included.

    `meter` is its number in the database; `prices` are None if the household gave none. The columns are Wh by
    key of the index, exported, cost in €, complete so far, subscription in €.

    Energy that no reading divides between two spans stands in `gaps`. Each day from the first reading on
    costs its share of the subscription, also one without readings: it is charged to its span, or to the gap
    if nothing is known of the span.
    """
    bounds = _bounds(iso_step, count, now)
    first_day_of_span = _FIRST_DAYS[iso_step]
    counts = _counts(rises(base, meter, DAYS, midnight(bounds[0]), now), first_day_of_span, prices)
    if prices is not None:
        _charge_subscription(counts, first_day_of_span, prices)
    keys = counts.keys()
    has_export = EXPORTED_KEY in keys
    import_keys = _in_order(keys - {EXPORTED_KEY})
    last_reading = max(counts.days.values(), default=0)
    rows: list[Json] = []
    for first_day, end in itertools.pairwise(bounds):
        span = counts.spans.get(first_day)
        if span is None:
            continue
        imported = [span.energies[key] for key in import_keys]
        exported = span.energies[EXPORTED_KEY] if has_export else None
        # Readings of one index that cover the span are enough: all indexes of a meter are read at once.
        seconds = min(midnight(end), last_reading) - midnight(first_day)
        is_complete = seconds in span.covered.values()
        cost = None
        subscription = None
        if prices is not None:
            cost = span.cost
            subscription = _known_amount(span.subscription)
        name = first_day.isoformat()[: _NAME_LENGTHS[iso_step]]
        rows.append([name, *imported, exported, cost, is_complete, subscription])
    gaps: list[Json] = []
    for bounds_of_gap in sorted(counts.gaps):
        gap = counts.gaps[bounds_of_gap]
        since, until = bounds_of_gap
        cost = None
        if prices is not None:
            cost = gap.cost
        gaps.append([iso(since), iso(until), dict(gap.energies), cost])
    return {
        "start": iso(midnight(bounds[0])),
        "step": iso_step,
        "columns": ["time", *import_keys, EXPORTED_KEY, "cost", "complete", "subscription"],
        "rows": rows,
        "gaps": gaps,
    }


def _bounds(iso_step: str, count: int, now: int) -> list[dt.date]:
    """Return the first day of each of the last `count` spans, and the day after the last one."""
    first_day_of_span = _FIRST_DAYS[iso_step]
    begin = day_of(now) + DAY  # the present span ends with today, since no reading is later
    bounds = [begin]
    for _span in range(count):
        begin = first_day_of_span(begin - DAY)
        bounds.append(begin)
    bounds.reverse()
    return bounds


@dataclass
class _Count:
    """
    What was counted in a span or in a gap.

    `energies` are in Wh by key of the index, `covered` are the seconds between readings by étiquette. The
    costs are in €, and nan if a part has no price.
    """

    energies: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    energy_cost: float = 0.0
    subscription: float = 0.0

    @property
    def cost(self) -> float | None:
        """The cost with the subscription; None if a part has no price."""
        return _known_amount(self.energy_cost + self.subscription)


@dataclass
class _Counts:
    """
    What was counted in each span, by its first day, and in each gap.

    `days` are those between two readings, each with the time of the last one of them.
    """

    spans: defaultdict[dt.date, _Count] = field(default_factory=lambda: defaultdict(_Count))
    gaps: defaultdict[_Gap, _Count] = field(default_factory=lambda: defaultdict(_Count))
    days: dict[dt.date, int] = field(default_factory=dict)

    def keys(self) -> set[str]:
        """Return the keys of all indexes that counted, also of those that rose by nothing."""
        keys: set[str] = set()
        for count in self.spans.values():
            keys.update(count.energies)
        for count in self.gaps.values():
            keys.update(count.energies)
        return keys


def _in_order(keys: set[str]) -> list[str]:
    """Return keys of indexes: the tariff periods in their order, then the étiquettes by the alphabet."""
    periods = [period.value for period in TariffPeriod if period in keys]
    labels = keys.difference(periods)
    return [*periods, *sorted(labels)]


def _known_amount(amount: float) -> float | None:
    """Return an amount in €, to a millionth; None if a part of it has no price: the amount is nan then."""
    if math.isfinite(amount):
        return in_millionths(amount)
    return None


def _counts(
    rises_of_indexes: Iterable[Rise],
    first_day_of_span: Callable[[dt.date], dt.date],
    prices: DatedPrices | None,
) -> _Counts:
    """Return what was counted by rises of indexes, without the subscription."""
    counts = _Counts()
    for rise in rises_of_indexes:
        first_day = day_of(rise.since)
        last_day = day_of(rise.until - 1)  # a reading at midnight ends the day before
        span = first_day_of_span(first_day)
        if first_day_of_span(last_day) == span:
            count = counts.spans[span]
        else:
            count = counts.gaps[rise.since, rise.until]
        count.energies[rise.code] += rise.energy
        count.covered[rise.label] += rise.until - rise.since
        if rise.energy and rise.code != EXPORTED_KEY:
            # Energy of several days counts for the last of them, as in the state.
            count.energy_cost += _energy_cost(rise, last_day, prices)
        day = first_day
        while day <= last_day:
            counts.days[day] = max(rise.until, counts.days.get(day, 0))
            day += DAY
    return counts


def _energy_cost(rise: Rise, day: dt.date, prices: DatedPrices | None) -> float:
    """Return what a rise costs at the prices of a day, €; nan if its index has no price."""
    price = None
    if prices is not None:
        price = prices.price(day, rise.code)
    if price is None:
        return math.nan
    return rise.energy * price / 1000


def _charge_subscription(
    counts: _Counts, first_day_of_span: Callable[[dt.date], dt.date], prices: DatedPrices
) -> None:
    """Add its share of the subscription of each day to its span, or to the first gap in which it is."""
    gaps = sorted(counts.gaps)
    for day in counts.days:
        prices_of_day = prices.on(day)
        share = math.nan
        if prices_of_day is not None:
            share = prices_of_day.of_day(day)
        span = first_day_of_span(day)
        if span in counts.spans:
            counts.spans[span].subscription += share
            continue
        for gap in gaps:
            since, until = gap
            if since < midnight(day + DAY) and until > midnight(day):
                counts.gaps[gap].subscription += share
                break
