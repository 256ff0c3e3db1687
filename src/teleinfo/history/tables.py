"""
The tables of the history: powers, energies by day, week, month and year, alerts, and the season of Tempo.

An absent row is a gap; a value that is unknown is None. Times and days are those at the meter.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections import Counter
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from teleinfo.contract.days import TEMPO_HOUR, in_zone_of, iso, local, midnight, season_of
from teleinfo.contract.price_source import PriceSource
from teleinfo.history.chronicle import ALERT, COLOUR, LONGEST_PAUSE, SLOT, TARIFF, Batch
from teleinfo.history.contract import contract_table
from teleinfo.history.rows import KEPT, MINUTE, QUARTER
from teleinfo.history.span_energies import span_energies
from teleinfo.vocabulary.codes import Colour

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from teleinfo.history.store import Store
    from teleinfo.state.fields import Json
    from teleinfo.state.prices import DatedPrices

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
    power_rows = [[iso(time), drawn, injected] for time, drawn, injected in powers.rows]
    periods = [[iso(begin), iso(end), key] for begin, end, key in runs]
    return {
        "start": iso(powers.begin),
        "step": steps[powers.step],
        "columns": ["time", "apparent_import", "apparent_export"],
        "rows": power_rows,
        "periods": periods,
    }


def _alerts(meter: _Meter) -> Table:
    """Return code, begin and end of each alert; the end is None while it lasts."""
    query = "SELECT code, begin, end FROM run WHERE meter = ? AND kind = ? AND begin <= ? ORDER BY begin, end"
    is_heard = meter.now - meter.heard <= LONGEST_PAUSE
    rows = []
    for code, begin, end in meter.rows(query, ALERT, meter.now):
        # The end of an alert is the last reading that had it.
        lasts = is_heard and end >= meter.heard
        rows.append([code, iso(begin), None if lasts else iso(end)])
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


def _energies(meter: _Meter, iso_step: str, count: int) -> Table:
    """Return the energies of the last `count` days, weeks, months or years, the present one included."""
    return span_energies(
        meter.base, meter.number, meter.prices, iso_step=iso_step, count=count, now=meter.now
    )


def _totals(meter: _Meter) -> Table:
    """Return the energies of today, yesterday, this month and the last one."""
    days = _energies(meter, "P1D", 2)
    months = _energies(meter, "P1M", 2)
    return {"rows": [], "days": days, "months": months}


_TABLES: Final[dict[str, Callable[[_Meter], Table]]] = {
    "totals": lambda meter: {
        "rows": [],
        "days": _energies(meter, "P1D", 2),
        "months": _energies(meter, "P1M", 2),
    },
    "hour": partial(_powers, steps={SLOT: "PT10S"}, seconds=KEPT[SLOT]),
    "days2": partial(_powers, steps={MINUTE: "PT1M", QUARTER: "PT15M"}, seconds=KEPT[MINUTE]),
    "days30": partial(_energies, iso_step="P1D", count=30),
    "weeks26": partial(_energies, iso_step="P7D", count=26),
    "months13": partial(_energies, iso_step="P1M", count=13),
    "years10": partial(_energies, iso_step="P1Y", count=10),
    "alerts": _alerts,
    "season": _season,
    "contract": _contract,
}

NAMES: Final = frozenset(_TABLES)
