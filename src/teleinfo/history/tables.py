"""
The tables of the history: powers, energies by day, week, month and year, alerts, and the season of Tempo.

An absent row is a gap; a value that is unknown is None. Times and days are those of France.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import math
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from teleinfo.contract.days import DAY, TEMPO_HOUR, day_of, local, midnight, season_of
from teleinfo.history.chronicle import ALERT, COLOUR, INJECTED, LONGEST_PAUSE, SLOT, TARIFF, Batch
from teleinfo.history.contract import contract_table
from teleinfo.history.rises import DAYS, rises
from teleinfo.history.store import KEPT, MINUTE, QUARTER, Store
from teleinfo.state.energy import month_of
from teleinfo.vocabulary.codes import Colour, TariffPeriod

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from teleinfo.state.fields import Json
    from teleinfo.state.prices import Prices

_SPANS: Final[dict[str, Callable[[dt.date], dt.date]]] = {
    "P1D": lambda day: day,
    "P7D": lambda day: day - day.weekday() * DAY,
    "P1M": month_of,
    "P1Y": lambda day: day.replace(month=1, day=1),
}
"""The first day of the span of a day, by the length of the span."""

_KEYS: Final = {"P1M": 7, "P1Y": 4}
"""Characters of the date that name a month or a year."""

_Span: TypeAlias = "dt.date | tuple[int, int]"
"""The first day of a day, week, month or year, or the begin and the end of a gap."""

Table: TypeAlias = "dict[str, Any]"
"""A table in types of JSON: docs/watch.md describes its members."""


class _Meter(NamedTuple):
    """A meter in the database: its number, which is 0 if it is unknown, and the time of its last reading."""

    store: Store
    base: sqlite3.Connection
    number: int
    heard: int
    now: int

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose first value is the meter."""
        return self.base.execute(query, (self.number, *values)).fetchall()


def table(store: Store, pending: Iterable[Batch], meter: str, name: str, *, now: int) -> Table | None:
    """
    Return a table of a meter at the time `now`; None if there is no table with this `name`.

    The batches that are `pending` count although the store does not have them yet.
    """
    if name not in _TABLES:
        return None
    with store.reading(pending) as base:
        known = base.execute("SELECT id, heard FROM meter WHERE name = ?", (meter,)).fetchone()
        number, heard = known or (0, 0)
        return _TABLES[name](_Meter(store, base, number, heard, now))


def as_csv(table: Table) -> str:
    """Return the rows of a table as CSV (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows([table["columns"], *table["rows"]])
    return text.getvalue()


def _powers(meter: _Meter, steps: Mapping[int, str], seconds: int) -> Table:
    """Return the powers of the last `seconds` in the first step that goes back furthest."""
    query = "SELECT time, drawn, injected FROM power WHERE meter = ? AND step = ? AND time BETWEEN ? AND ?"
    begins = {step: (meter.now - seconds) // step * step + step for step in steps}
    found = {step: meter.rows(query, step, begin, meter.now) for step, begin in begins.items()}
    step = min(steps, key=lambda each: found[each][0][0] // QUARTER if found[each] else math.inf)
    begin, powers = begins[step], found[step]
    query = (
        "SELECT max(begin, ?2), min(end, ?4), code FROM run WHERE meter = ?1 AND kind = ?3 AND end >= ?2 "
        "AND begin <= ?4 ORDER BY begin"
    )
    runs = meter.rows(query, begin, TARIFF, meter.now)
    return {
        "begin": _iso(begin),
        "step": steps[step],
        "columns": ["time", "power", "injected"],
        "rows": [[_iso(time), *power] for time, *power in powers],
        "periods": [[_iso(first), _iso(last), code] for first, last, code in runs],
    }


def _bars(meter: _Meter, iso_step: str, count: int) -> Table:
    """Return the energies of the last days, weeks, months or years."""
    span_of = _SPANS[iso_step]
    today = day_of(meter.now)
    coming = (today + number * DAY for number in itertools.count(1))
    bounds = [next(day for day in coming if span_of(day) != span_of(today))]
    for _span in range(count):
        bounds.insert(0, span_of(bounds[0] - DAY))
    return _energies(meter, iso_step, bounds)


def _energies(meter: _Meter, iso_step: str, bounds: list[dt.date]) -> Table:
    """
    Return the energy of each span between two `bounds`: Wh by code, injected, cost in €, complete so far.

    Energy that no reading divides between two spans stands in `gaps`. The subscription is charged for each
    day between two readings, once: in a span, or else in a gap.
    """
    span_of = _SPANS[iso_step]
    pauses: defaultdict[tuple[int, int], list[tuple[str, str, int]]] = defaultdict(list)
    risen = rises(meter.base, meter.number, DAYS, midnight(bounds[0]), meter.now)
    for label, code, since, until, energy in risen:
        pauses[since, until].append((label, code, energy))
    prices = meter.store.prices(meter.base, day_of(meter.now))

    def prices_on(day: dt.date) -> Prices:
        return next((known for since, known in prices if since <= day), prices[-1][1])

    energies: defaultdict[_Span, Counter[str]] = defaultdict(Counter)
    covered: defaultdict[_Span, Counter[str]] = defaultdict(Counter)  # seconds by étiquette
    costs: defaultdict[_Span, float] = defaultdict(float)
    days: defaultdict[_Span, set[dt.date]] = defaultdict(set)
    for (since, until), found in pauses.items():
        first, final = day_of(since), day_of(until - 1)
        span = span_of(first)
        key: _Span = span if span == span_of(final) else (since, until)
        days[key].update(first + number * DAY for number in range((final - first).days + 1))
        price = prices_on(first).periods if prices else {}
        for label, code, energy in found:
            energies[key][code] += energy
            covered[key][label] += until - since
            if energy and code != INJECTED:
                costs[key] += energy * price.get(code, math.nan) / 1000
    gaps = [key for key in energies if isinstance(key, tuple)]
    charged: set[dt.date] = set()
    in_turn = sorted(energies, key=lambda key: isinstance(key, tuple))  # the gaps last
    for key in in_turn if prices else ():
        costs[key] += sum(prices_on(day).of_days(day, 1) for day in days[key] - charged)
        charged |= days[key]

    def cost(key: _Span) -> float | None:
        return round(costs[key], 4) if prices and math.isfinite(costs[key]) else None

    counted = {code for each in energies.values() for code in each}
    codes = [code.value for code in TariffPeriod if code in counted]
    codes += sorted(counted - {*codes, INJECTED})
    last = max((until for _since, until in pauses), default=0)
    rows: list[list[Json]] = []
    for span, end in itertools.pairwise(bounds):
        if span in energies:
            drawn = [energies[span][code] for code in codes]
            injected = energies[span][INJECTED] if INJECTED in counted else None
            is_complete = min(midnight(end), last) - midnight(span) in covered[span].values()
            rows.append([span.isoformat()[: _KEYS.get(iso_step)], *drawn, injected, cost(span), is_complete])
    return {
        "begin": _iso(midnight(bounds[0])),
        "step": iso_step,
        "columns": ["time", *codes, INJECTED, "cost", "complete"],
        "rows": rows,
        "gaps": [[_iso(gap[0]), _iso(gap[1]), energies[gap], cost(gap)] for gap in sorted(gaps)],
    }


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
    """Return what the offers would have cost; `fault` has those of the household's file of them."""
    offers, faults = meter.store.offers()
    return {**contract_table(meter.base, meter.number, offers, meter.now), "fault": faults}


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
