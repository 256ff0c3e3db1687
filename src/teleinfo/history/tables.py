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

    from teleinfo.history.store import Store
    from teleinfo.state.fields import Json
    from teleinfo.state.prices import DatedPrices

_SPANS: Final[dict[str, Callable[[dt.date], dt.date]]] = {
    "P1D": lambda day: day,
    "P7D": lambda day: day - day.weekday() * DAY,
    "P1M": month_of,
    "P1Y": lambda day: day.replace(month=1, day=1),
}
"""The first day of the span of a day, by the length of the span."""

_KEYS: Final = {"P1M": 7, "P1Y": 4}
"""Characters of the date that name a month or a year."""

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
    of_indexes = prices.loaded.prices
    if of_indexes is not None:
        of_indexes = of_indexes.with_codes(codes or {})
    with store.copy.reading(pending) as base, in_zone_of(meter):
        known = base.execute("SELECT id, heard FROM meter WHERE name = ?", (meter,)).fetchone()
        number, heard = known or (0, 0)
        return _TABLES[name](_Meter(prices, of_indexes, base, number, heard, now))


def as_csv(table: Table) -> str:
    """
    Return the rows of a table as CSV (RFC 4180); truth values are written as in JSON.

    A table of energies also has a row for each gap, with its `end`, so that the rows have all energy.
    """
    columns, rows = list(table["columns"]), list(table["rows"])
    if "gaps" in table:
        rows = [[*row, None] for row in rows]
        for start, end, energies, cost in table["gaps"]:
            others = {"time": start, "cost": cost, "complete": False}
            rows.append([*((energies | others).get(column) for column in columns), end])
        rows.sort(key=itemgetter(0))  # the start of a day stands before the times of that day
        columns.append("end")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in row])
    return text.getvalue()


class _Powers(NamedTuple):
    """The powers from `begin` on in steps of `step` seconds: rows of time, drawn, injected."""

    step: int
    begin: int
    rows: list[tuple[Any, ...]]

    @property
    def first_quarter(self) -> float:
        """The quarter of an hour of the first row, counted since 1970; infinite without rows."""
        if not self.rows:
            return math.inf
        first: int = self.rows[0][0]
        return first // QUARTER


def _powers(meter: _Meter, steps: Mapping[int, str], seconds: int) -> Table:
    """
    Return the powers of the last `seconds`, in VA, in the first step that goes back furthest.

    `periods` are those of the tariff: start, end, key of the index.
    """
    query = "SELECT time, drawn, injected FROM power WHERE meter = ? AND step = ? AND time BETWEEN ? AND ?"
    of_steps = []
    for step in steps:
        begin = (meter.now - seconds) // step * step + step
        of_steps.append(_Powers(step, begin, meter.rows(query, step, begin, meter.now)))
    powers = min(of_steps, key=lambda of_step: of_step.first_quarter)
    query = (
        "SELECT max(begin, ?2), min(end, ?4), code FROM run WHERE meter = ?1 AND kind = ?3 AND end >= ?2 "
        "AND begin <= ?4 ORDER BY begin"
    )
    runs = meter.rows(query, powers.begin, TARIFF, meter.now)
    return {
        "start": _iso(powers.begin),
        "step": steps[powers.step],
        "columns": ["time", "apparent_import", "apparent_export"],
        "rows": [[_iso(time), *power] for time, *power in powers.rows],
        "periods": [[_iso(first), _iso(last), key] for first, last, key in runs],
    }


def _bars(meter: _Meter, iso_step: str, count: int) -> Table:
    """Return the energies of the last days, weeks, months or years."""
    span_of = _SPANS[iso_step]
    bounds = [day_of(meter.now) + DAY]  # the last span ends with today, since no reading is later
    for _span in range(count):
        bounds.insert(0, span_of(bounds[0] - DAY))
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

    def index_keys(self) -> list[str]:
        """Return the keys of the indexes that counted: tariff periods in their order, then étiquettes."""
        counted: set[str] = set()
        for count in (*self.spans.values(), *self.gaps.values()):
            counted.update(count.energies)
        periods = [period.value for period in TariffPeriod if period in counted]
        return periods + sorted(counted - {*periods, EXPORTED_KEY})

    @property
    def has_export(self) -> bool:
        """True if energy was exported, or could have been."""
        return any(EXPORTED_KEY in count.energies for count in (*self.spans.values(), *self.gaps.values()))


def _known_amount(amount: float) -> float | None:
    """Return an amount in €; None if a part of it has no price."""
    return in_millionths(amount) if math.isfinite(amount) else None


def _energies(meter: _Meter, iso_step: str, bounds: list[dt.date]) -> Table:
    """
    Return the energy of each span between two `bounds`.

    The columns are Wh by key of the index, exported, cost in €, complete so far.

    Energy that no reading divides between two spans stands in `gaps`. Each day from the first reading on
    costs its share of the subscription, also one without readings: it is charged to its span, or to the gap
    if nothing is known of the span.
    """
    span_of = _SPANS[iso_step]
    prices = meter.prices
    counts = _counts(meter, span_of, bounds)
    if prices is not None:
        _charge_subscription(counts, span_of, prices)
    keys = counts.index_keys()
    has_export = counts.has_export
    last = max(counts.days.values(), default=0)
    rows: list[list[Json]] = []
    for first_day, end in itertools.pairwise(bounds):
        count = counts.spans.get(first_day)
        if count is None:
            continue
        imported = [count.energies[key] for key in keys]
        exported = count.energies[EXPORTED_KEY] if has_export else None
        seconds = min(midnight(end), last) - midnight(first_day)
        is_complete = seconds in count.covered.values()
        cost, subscription = None, None
        if prices is not None:
            cost, subscription = count.cost, _known_amount(count.subscription)
        name = first_day.isoformat()[: _KEYS.get(iso_step)]
        rows.append([name, *imported, exported, cost, is_complete, subscription])
    gaps: list[list[Json]] = []
    for (since, until), count in sorted(counts.gaps.items()):
        cost = None if prices is None else count.cost
        gaps.append([_iso(since), _iso(until), dict(count.energies), cost])
    return {
        "start": _iso(midnight(bounds[0])),
        "step": iso_step,
        "columns": ["time", *keys, EXPORTED_KEY, "cost", "complete", "subscription"],
        "rows": rows,
        "gaps": gaps,
    }


def _counts(meter: _Meter, span_of: Callable[[dt.date], dt.date], bounds: list[dt.date]) -> _Counts:
    """Return what was counted between the first of the `bounds` and now, without the subscription."""
    prices = meter.prices
    counts = _Counts()
    for rise in rises(meter.base, meter.number, DAYS, midnight(bounds[0]), meter.now):
        first, final = day_of(rise.since), day_of(rise.until - 1)
        if span_of(first) == span_of(final):
            count = counts.spans[span_of(first)]
        else:
            count = counts.gaps[rise.since, rise.until]
        count.energies[rise.code] += rise.energy
        count.covered[rise.label] += rise.until - rise.since
        day = first
        while day <= final:
            counts.days[day] = max(rise.until, counts.days.get(day, 0))
            day += DAY
        if rise.energy and rise.code != EXPORTED_KEY:
            # Energy of several days counts for the last of them, as in the state.
            price = None if prices is None else prices.price(final, rise.code)
            count.energy_cost += math.nan if price is None else rise.energy * price / 1000
    return counts


def _charge_subscription(counts: _Counts, span_of: Callable[[dt.date], dt.date], prices: DatedPrices) -> None:
    """Add its share of the subscription of each day to its span, or to the first gap in which it is."""
    gaps = sorted(counts.gaps)
    for day in counts.days:
        of_day = prices.on(day)
        share = math.nan if of_day is None else of_day.of_day(day)
        if span_of(day) in counts.spans:
            counts.spans[span_of(day)].subscription += share
            continue
        for since, until in gaps:
            if since < midnight(day + DAY) and until > midnight(day):
                counts.gaps[since, until].subscription += share
                break


def _alerts(meter: _Meter) -> Table:
    """Return code, begin and end of each alert; the end is None while it lasts."""
    last = meter.heard if meter.now - meter.heard <= LONGEST_PAUSE else math.inf
    query = "SELECT code, begin, end FROM run WHERE meter = ? AND kind = ? AND begin <= ? ORDER BY begin, end"
    runs = meter.rows(query, ALERT, meter.now)
    return {"rows": [[code, _iso(begin), None if end >= last else _iso(end)] for code, begin, end in runs]}


def _season(meter: _Meter) -> Table:
    """Count the days of each Tempo colour since 1 September; empty if a day is unknown."""
    today = (local(meter.now) - dt.timedelta(hours=TEMPO_HOUR)).date()
    first = season_of(today)
    query = "SELECT code FROM of_day WHERE meter = ? AND kind = ? AND time BETWEEN ? AND ?"
    known = Counter(code for [code] in meter.rows(query, COLOUR, midnight(first), meter.now))
    is_whole = known.total() > (today - first).days
    return {colour: known[colour] for colour in Colour} if is_whole else {}


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
