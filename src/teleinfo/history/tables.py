"""
The tables of the history: powers, energies by day, week, month and year, alerts, and the season of Tempo.

An absent row is a gap; a value that is unknown is None. Times and days are those at the meter.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from teleinfo.contract.days import TEMPO_HOUR, day_of, in_zone_of, local, midnight, season_of
from teleinfo.contract.price_source import PriceSource
from teleinfo.history.chronicle import ALERT, COLOUR, EXPORTED_KEY, LONGEST_PAUSE, SLOT, TARIFF, Batch
from teleinfo.history.contract import contract_table
from teleinfo.history.rises import DAYS, rises
from teleinfo.history.rows import KEPT, MINUTE, QUARTER
from teleinfo.state.energy_span import month_of
from teleinfo.state.prices import in_millionths
from teleinfo.vocabulary.codes import Colour, TariffPeriod
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from teleinfo.contract.half_hours import Rise
    from teleinfo.history.store import Store
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

Table: TypeAlias = "dict[str, Any]"
"""A table in types of JSON: docs/web.md describes its members."""


class _Meter(NamedTuple):
    """
    A meter in the database: its number, which is 0 if it is unknown, and the time of its last reading.

    `prices` are those of the household for its indexes, None if it gave none.
    """

    source: PriceSource
    prices: DatedPrices | None
    base: sqlite3.Connection
    number: int
    heard: int
    now: int

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose first value is the meter."""
        return self.base.execute(query, (self.number, *values)).fetchall()


def table(
    store: Store,
    pending: Iterable[Batch],
    meter: str,
    name: str,
    *,
    prices: PriceSource | None = None,
    codes: Mapping[str, str] | None = None,
    now: int,
) -> Table | None:
    """
    Return a table of a meter at the time `now`; None if there is no table with this `name`.

    The batches that are `pending` count although the store does not have them yet. A change of the files of
    the `prices` counts at once. `codes` are those of `state.tariffs.codes_of_one_index`.
    """
    if name not in _TABLES:
        return None
    if prices is None:
        prices = PriceSource(None)
    prices.refresh()
    index_prices = prices.loaded.prices
    if index_prices is not None:
        index_prices = index_prices.with_codes(codes or {})
    make = _TABLES[name]
    with store.copy.reading(pending) as base, in_zone_of(meter):
        row = base.execute("SELECT id, heard FROM meter WHERE name = ?", (meter,)).fetchone()
        if row is None:
            row = (0, 0)  # no row of the other tables has this number
        number, heard = row
        return make(_Meter(prices, index_prices, base, number, heard, now))


def as_csv(table: Table) -> str:
    """
    Return the rows of a table as CSV (RFC 4180); truth values are written as in JSON.

    A table of energies also has a row for each gap, with its `end`, so that the rows have all energy.
    """
    columns = list(table["columns"])
    rows = list(table["rows"])
    if "gaps" in table:
        rows = [[*row, None] for row in rows]  # a span needs no end
        for start, end, energies, cost in table["gaps"]:
            cells = {**energies, "time": start, "cost": cost, "complete": False}
            row = [cells.get(column) for column in columns]
            rows.append([*row, end])
        rows.sort(key=itemgetter(0))  # as texts: a day stands before the times of that day
        columns.append("end")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
    return text.getvalue()


def _csv_cell(value: Json) -> Json:
    """Return a truth value as JSON writes it, and any other value unchanged."""
    if isinstance(value, bool):
        return str(value).lower()
    return value


class _Powers(NamedTuple):
    """The powers from `begin` on in steps of `step` seconds: rows of time, drawn, injected, oldest first."""

    step: int
    begin: int
    rows: list[tuple[int, int, int | None]]

    @property
    def first_quarter(self) -> float:
        """The quarter of an hour of the first row, counted since 1970; infinite without rows."""
        if not self.rows:
            return math.inf
        first_time, _drawn, _injected = self.rows[0]
        return first_time // QUARTER


def _powers(meter: _Meter, steps: Mapping[int, str], seconds: int) -> Table:
    """
    Return the powers of the last `seconds`, in VA, in the step whose powers begin in the earliest quarter.

    `steps` are lengths in s, each with its text in ISO 8601; of steps that begin in the same quarter of an
    hour, it is the first. `periods` are those of the tariff: start, end, key of the index.
    """
    query = (
        "SELECT time, drawn, injected FROM power WHERE meter = ? AND step = ? AND time BETWEEN ? AND ? "
        "ORDER BY time"
    )
    powers_by_step = []
    for step in steps:
        steps_before = (meter.now - seconds) // step
        begin = (steps_before + 1) * step  # of the first step that is within these seconds
        rows = meter.rows(query, step, begin, meter.now)
        powers_by_step.append(_Powers(step, begin, rows))
    powers = min(powers_by_step, key=lambda of_step: of_step.first_quarter)
    query = (
        "SELECT max(begin, ?2), min(end, ?4), code FROM run WHERE meter = ?1 AND kind = ?3 AND end >= ?2 "
        "AND begin <= ?4 ORDER BY begin"
    )
    runs = meter.rows(query, powers.begin, TARIFF, meter.now)
    power_rows = [[_iso(time), drawn, injected] for time, drawn, injected in powers.rows]
    periods = [[_iso(begin), _iso(end), key] for begin, end, key in runs]
    return {
        "start": _iso(powers.begin),
        "step": steps[powers.step],
        "columns": ["time", "apparent_import", "apparent_export"],
        "rows": power_rows,
        "periods": periods,
    }


def _bars(meter: _Meter, iso_step: str, count: int) -> Table:
    """Return the energies of the last `count` days, weeks, months or years, the present one included."""
    first_day_of_span = _FIRST_DAYS[iso_step]
    begin = day_of(meter.now) + DAY  # the present span ends with today, since no reading is later
    bounds = [begin]
    for _span in range(count):
        begin = first_day_of_span(begin - DAY)
        bounds.append(begin)
    bounds.reverse()
    return _energies(meter, iso_step, bounds)


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


def _energies(meter: _Meter, iso_step: str, bounds: list[dt.date]) -> Table:
    """
    Return the energy of each span between two `bounds`.

    The columns are Wh by key of the index, exported, cost in €, complete so far.

    Energy that no reading divides between two spans stands in `gaps`. Each day from the first reading on
    costs its share of the subscription, also one without readings: it is charged to its span, or to the gap
    if nothing is known of the span.
    """
    first_day_of_span = _FIRST_DAYS[iso_step]
    prices = meter.prices
    counts = _counts(meter, first_day_of_span, bounds)
    if prices is not None:
        _charge_subscription(counts, first_day_of_span, prices)
    keys = counts.keys()
    has_export = EXPORTED_KEY in keys
    import_keys = _in_order(keys - {EXPORTED_KEY})
    last_reading = max(counts.days.values(), default=0)
    rows: list[list[Json]] = []
    for first_day, end in itertools.pairwise(bounds):
        count = counts.spans.get(first_day)
        if count is None:
            continue
        imported = [count.energies[key] for key in import_keys]
        exported = count.energies[EXPORTED_KEY] if has_export else None
        # Readings of one index that cover the span are enough: all indexes of a meter are read at once.
        seconds = min(midnight(end), last_reading) - midnight(first_day)
        is_complete = seconds in count.covered.values()
        cost = None
        subscription = None
        if prices is not None:
            cost = count.cost
            subscription = _known_amount(count.subscription)
        name = first_day.isoformat()[: _NAME_LENGTHS[iso_step]]
        rows.append([name, *imported, exported, cost, is_complete, subscription])
    gaps: list[list[Json]] = []
    for gap in sorted(counts.gaps):
        count = counts.gaps[gap]
        since, until = gap
        cost = None
        if prices is not None:
            cost = count.cost
        gaps.append([_iso(since), _iso(until), dict(count.energies), cost])
    start = midnight(bounds[0])
    return {
        "start": _iso(start),
        "step": iso_step,
        "columns": ["time", *import_keys, EXPORTED_KEY, "cost", "complete", "subscription"],
        "rows": rows,
        "gaps": gaps,
    }


def _counts(meter: _Meter, first_day_of_span: Callable[[dt.date], dt.date], bounds: list[dt.date]) -> _Counts:
    """Return what was counted between the first of the `bounds` and now, without the subscription."""
    counts = _Counts()
    for rise in rises(meter.base, meter.number, DAYS, midnight(bounds[0]), meter.now):
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
            count.energy_cost += _energy_cost(rise, last_day, meter.prices)
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


def _alerts(meter: _Meter) -> Table:
    """Return code, begin and end of each alert; the end is None while it lasts."""
    query = "SELECT code, begin, end FROM run WHERE meter = ? AND kind = ? AND begin <= ? ORDER BY begin, end"
    is_heard = meter.now - meter.heard <= LONGEST_PAUSE
    rows = []
    for code, begin, end in meter.rows(query, ALERT, meter.now):
        # The end of an alert is the last reading that had it.
        lasts = is_heard and end >= meter.heard
        rows.append([code, _iso(begin), None if lasts else _iso(end)])
    return {"rows": rows}


def _season(meter: _Meter) -> Table:
    """Count the days of each Tempo colour since 1 September, today included; empty if a day is unknown."""
    today = (local(meter.now) - dt.timedelta(hours=TEMPO_HOUR)).date()
    first = season_of(today)
    query = "SELECT code FROM of_day WHERE meter = ? AND kind = ? AND time BETWEEN ? AND ?"
    days_by_colour = Counter(code for [code] in meter.rows(query, COLOUR, midnight(first), meter.now))
    days = (today - first).days + 1
    if days_by_colour.total() < days:
        return {}
    return {colour: days_by_colour[colour] for colour in Colour}


def _contract(meter: _Meter) -> Table:
    """Return what the offers would have cost; `fault` is what is wrong in the household's files."""
    loaded = meter.source.loaded
    table = contract_table(meter.base, meter.number, loaded.offers, meter.now)
    return {**table, "file": str(meter.source.path), "fault": loaded.fault, "note": loaded.note}


def _iso(time: int) -> str:
    return local(time).isoformat()


_TABLES: Final[dict[str, Callable[[_Meter], Table]]] = {
    "totals": lambda meter: {"rows": [], "days": _bars(meter, "P1D", 2), "months": _bars(meter, "P1M", 2)},
    "hour": partial(_powers, steps={SLOT: "PT10S"}, seconds=KEPT[SLOT]),
    "days2": partial(_powers, steps={MINUTE: "PT1M", QUARTER: "PT15M"}, seconds=KEPT[MINUTE]),
    "days30": partial(_bars, iso_step="P1D", count=30),
    "weeks26": partial(_bars, iso_step="P7D", count=26),
    "months13": partial(_bars, iso_step="P1M", count=13),
    "years10": partial(_bars, iso_step="P1Y", count=10),
    "alerts": _alerts,
    "season": _season,
    "contract": _contract,
}

NAMES: Final = frozenset(_TABLES)
