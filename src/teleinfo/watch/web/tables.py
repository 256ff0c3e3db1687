"""
The tables of the history: the last hour, 48 hours, 30 days, 13 months, alerts, and the season of Tempo.

An absent row is a gap; a value that is unknown is None. Times and days are those of France.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import json
import math
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from teleinfo.state.energy import month_of
from teleinfo.state.prices import Prices
from teleinfo.vocabulary.codes import Colour, TariffPeriod
from teleinfo.watch.chronicle import (
    ALERT,
    COLOUR,
    INJECTED,
    LONGEST_PAUSE,
    SLOT,
    TARIFF,
    TEMPO,
    day_of,
    local,
    midnight,
)
from teleinfo.watch.web.store import KEPT, MINUTE, QUARTER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from teleinfo.state.fields import Json
    from teleinfo.watch.chronicle import Batch
    from teleinfo.watch.web.store import Store

_DAY: Final = dt.timedelta(days=1)
_SEASON: Final = 9
"""The month in which a season of Tempo begins."""

Table: TypeAlias = "dict[str, Any]"
"""A table in types of JSON: docs/watch.md describes its members."""

_RISES: Final = """
    SELECT after.label, after.code, before.time, after.time, after.value - before.value
    FROM reading AS after JOIN reading AS before
    ON before.meter = after.meter AND before.label = after.label AND before.time = (
        SELECT max(time) FROM reading WHERE meter = after.meter AND label = after.label AND time < after.time
    )
    WHERE after.meter = ? AND after.time > ? AND after.value >= before.value ORDER BY after.time
"""
"""Étiquette, code, begin, end and energy between two readings of an index, unless it began anew."""


class _Meter(NamedTuple):
    """A meter in the database: its number, which is 0 if it is unknown, and the time of its last reading."""

    base: sqlite3.Connection
    number: int
    heard: int
    now: int

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose first value is the meter."""
        return self.base.execute(query, (self.number, *values)).fetchall()


def table(store: Store, pending: Iterable[Batch], meter: str, name: str, *, now: int) -> Table | None:
    """
    Return a table of a meter; None if there is no table with this `name`.

    The batches that are `pending` count although the store does not have them yet.
    """
    if name not in _TABLES:
        return None
    with store.reading(pending) as base:
        known = base.execute("SELECT id, heard FROM meter WHERE name = ?", (meter,)).fetchone()
        number, heard = known or (0, 0)
        return _TABLES[name](_Meter(base, number, heard, now))


def as_csv(table: Table) -> str:
    """Return the rows of a table as CSV (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows([table["columns"], *table["rows"]])
    return text.getvalue()


def _powers(meter: _Meter, step: int, iso_step: str) -> Table:
    begin = (meter.now - KEPT[step]) // step * step + step
    powers = meter.rows(
        "SELECT time, drawn, injected FROM power WHERE meter = ? AND step = ? AND time >= ?", step, begin
    )
    runs = meter.rows(
        "SELECT max(begin, ?2), end, code FROM run WHERE meter = ?1 AND kind = ?3 AND end >= ?2 "
        "ORDER BY begin",
        begin,
        TARIFF,
    )
    return {
        "begin": _iso(begin),
        "step": iso_step,
        "columns": ["time", "power", "injected"],
        "rows": [[_iso(time), *power] for time, *power in powers],
        "periods": [[_iso(first), _iso(last), code] for first, last, code in runs],
    }


def _days(meter: _Meter) -> Table:
    today = day_of(meter.now)
    bounds = [today + day * _DAY for day in range(-29, 2)]
    table = _energies(meter, "P1D", bounds, lambda day: day)
    colours = meter.rows(
        "SELECT begin, code FROM run WHERE meter = ? AND kind = ? AND begin BETWEEN ? AND ? ORDER BY begin",
        COLOUR,
        midnight(bounds[0]),
        midnight(bounds[-1]),
    )
    days = [(day_of(begin), colour) for begin, colour in colours]
    return table | {"periods": [[f"{day}", f"{day + _DAY}", colour] for day, colour in days]}


def _months(meter: _Meter) -> Table:
    today = day_of(meter.now)
    last = 12 * today.year + today.month - 1
    bounds = [dt.date(month // 12, month % 12 + 1, 1) for month in range(last - 12, last + 2)]
    return _energies(meter, "P1M", bounds, month_of)


def _energies(
    meter: _Meter, iso_step: str, bounds: list[dt.date], span_of: Callable[[dt.date], dt.date]
) -> Table:
    """Return the energy of each day or month between two `bounds`: Wh by code, injected, cost in €."""
    spans: defaultdict[dt.date, Counter[str]] = defaultdict(Counter)
    covered: defaultdict[dt.date, Counter[str]] = defaultdict(Counter)  # seconds by étiquette
    gaps: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    costs: defaultdict[dt.date, float] = defaultdict(float)
    prices = [
        (dt.date.fromisoformat(day), Prices(*json.loads(text)))
        for day, text in meter.base.execute("SELECT day, prices FROM price ORDER BY day DESC")
    ]

    def prices_on(day: dt.date) -> Prices:
        return next((known for since, known in prices if since <= day), prices[-1][1])

    for label, code, since, until, energy in meter.rows(_RISES, midnight(bounds[0])):
        day = day_of(since)
        span = span_of(day)
        if span == span_of(day_of(until - 1)):
            spans[span][code] += energy
            covered[span][label] += until - since
            if prices and code != INJECTED:
                costs[span] += energy * prices_on(day).periods.get(code, math.nan) / 1000
        else:
            gaps[since, until][code] += energy
    counted = {code for span in bounds for code in spans.get(span, ())}
    codes = [code.value for code in TariffPeriod if code in counted]
    codes += sorted(counted - {*codes, INJECTED})
    rows: list[list[Json]] = []
    for span, end in itertools.pairwise(bounds):
        if span not in spans:
            continue
        days = (min(end, day_of(meter.now) + _DAY) - span).days if prices else 0
        for day in (span + number * _DAY for number in range(days)):
            costs[span] += prices_on(day).of_days(day, 1)
        rows.append(
            [
                span.isoformat().removesuffix("-01" if iso_step == "P1M" else ""),
                *(spans[span][code] for code in codes),
                spans[span][INJECTED] if INJECTED in counted else None,
                round(costs[span], 2) if prices and math.isfinite(costs[span]) else None,
                midnight(end) - midnight(span) in covered[span].values(),
            ]
        )
    return {
        "begin": _iso(midnight(bounds[0])),
        "step": iso_step,
        "columns": ["time", *codes, INJECTED, "cost", "complete"],
        "rows": rows,
        "periods": [],
        "gaps": [[_iso(since), _iso(until), energy] for (since, until), energy in sorted(gaps.items())],
    }


def _alerts(meter: _Meter) -> Table:
    """Return code, begin and end of each alert; the end is None while it lasts."""
    last = meter.heard if meter.now - meter.heard <= LONGEST_PAUSE else math.inf
    runs = meter.rows(
        "SELECT code, begin, end FROM run WHERE meter = ? AND kind = ? ORDER BY begin, end", ALERT
    )
    return {"rows": [[code, _iso(begin), None if end >= last else _iso(end)] for code, begin, end in runs]}


def _season(meter: _Meter) -> Table:
    """Return the number of days of each colour of Tempo since 1 September; empty if a day is unknown."""
    today = (local(meter.now) - dt.timedelta(hours=TEMPO)).date()
    first = dt.date(today.year - (today.month < _SEASON), _SEASON, 1)
    query = (
        "SELECT code, count(*) FROM run WHERE meter = ? AND kind = ? AND begin BETWEEN ? AND ? GROUP BY code"
    )
    known = dict(meter.rows(query, COLOUR, midnight(first), meter.now))
    is_whole = sum(known.values()) > (today - first).days
    return {colour: known.get(colour, 0) for colour in Colour} if is_whole else {}


def _iso(time: int) -> str:
    return local(time).isoformat()


_TABLES: Final[dict[str, Callable[[_Meter], Table]]] = {
    "hour": partial(_powers, step=SLOT, iso_step="PT10S"),
    "days2": partial(_powers, step=MINUTE, iso_step="PT1M"),
    "days60": partial(_powers, step=QUARTER, iso_step="PT15M"),
    "days30": _days,
    "months13": _months,
    "alerts": _alerts,
    "season": _season,
}
