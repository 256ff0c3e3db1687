"""
The tables of the history: the last hour, 48 hours, 30 days, 13 months, alerts, and the season of Tempo.

An absent row is a gap; a value that is unknown is None. Times and days are those of France.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from teleinfo.state.daily_energy import month_of
from teleinfo.state.prices import share_of_month
from teleinfo.vocabulary.codes import Colour, TariffPeriod
from teleinfo.watch.chronicle import ALERT, INJECTED, LONGEST_PAUSE, MINUTE, TARIFF, TEMPO_DAY
from teleinfo.watch.history import BIN, LONGEST
from teleinfo.watch.ledger import count, local, merge, midnight
from teleinfo.watch.web.store import KEPT, QUARTER

if TYPE_CHECKING:
    from teleinfo.state.fields import Json
    from teleinfo.state.prices import Prices
    from teleinfo.watch.chronicle import Batch
    from teleinfo.watch.history import History
    from teleinfo.watch.web.store import Store

HOUR, DAYS2, DAYS30, DAYS60, MONTHS13 = "hour", "days2", "days30", "days60", "months13"
ALERTS, SEASON = "alerts", "season"

SLOT: Final = 10
"""Seconds between two points of the last hour."""

RESTART: Final = 120
"""Seconds in which an alert that goes on may seem to begin again: the page was started anew."""

_DAY: Final = dt.timedelta(days=1)
_MONTH: Final = 31 * _DAY
_HOUR: Final = 3600
_SEASON: Final = 9
"""The month in which a season of Tempo begins."""

Powers: TypeAlias = "dict[int, tuple[int, int | None]]"
"""Power drawn and injected, VA, by time."""


Table: TypeAlias = "dict[str, Any]"
"""A table in types of JSON: docs/watch.md describes its members."""

_POWERS: Final = {HOUR: (SLOT, "PT10S"), DAYS2: (MINUTE, "PT1M"), DAYS60: (QUARTER, "PT15M")}


def table(
    store: Store, meter: str, name: str, pending: Batch | None, recent: Powers, *, now: int
) -> Table | None:
    """
    Return a table of a meter; None if there is no table with this `name`.

    `pending` is what the store does not have yet; `recent` the powers of the last hour in slots.
    """
    if name in _POWERS:
        return _powers(store, meter, name, pending, recent, now=now)
    if name in {DAYS30, MONTHS13}:
        return _energies(store, meter, name, pending, now=now)
    if name == ALERTS:
        return _alerts(store, meter, pending)
    return _season(store, meter, pending, now=now) if name == SEASON else None


def as_csv(table: Table) -> str:
    """Return the rows of a table as CSV (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows([table["columns"], *table["rows"]])
    return text.getvalue()


def _powers(store: Store, meter: str, name: str, pending: Batch | None, recent: Powers, *, now: int) -> Table:
    step, iso_step = _POWERS[name]
    begin = (now - KEPT.get(step, _HOUR)) // step * step + step
    stored = store.powers(meter, max(step, MINUTE), begin - begin % MINUTE)
    if pending is not None and step != QUARTER:
        stored |= {time: power.means for time, power in pending.powers.items() if time >= begin - MINUTE}
    if step == SLOT:
        stored = {
            time: power
            for time in range(begin, now + 1, SLOT)
            if (power := recent.get(time) or stored.get(time - time % MINUTE))
        }
    runs = _runs(store, meter, TARIFF, pending, since=begin, pause=LONGEST_PAUSE)
    return {
        "begin": _iso(begin),
        "step": iso_step,
        "columns": ["time", "power", "injected"],
        "rows": [[_iso(time), *power] for time, power in sorted(stored.items())],
        "periods": [[_iso(first), _iso(last), code] for first, last, code in runs],
    }


def _energies(store: Store, meter: str, name: str, pending: Batch | None, *, now: int) -> Table:
    """Return the energies of each of the last 30 days or 13 months: Wh by code, injected, cost in €."""
    today, is_daily = local(now).date(), name == DAYS30
    count_of, span_of = (30, lambda day: day) if is_daily else (13, month_of)
    spans = [span_of(today)]
    while len(spans) < count_of:
        spans.insert(0, span_of(spans[0] - _DAY))
    readings = store.readings(meter, begin := midnight(spans[0]))
    if pending is not None:
        for label, new in pending.readings.items():
            readings[label] = merge(readings.get(label, ()), new, label=label)
    prices = store.prices()

    def prices_on(day: dt.date) -> Prices:
        return next((known for since, known in reversed(prices) if since <= day), prices[0][1])

    def price_of(day: dt.date, code: str) -> float:
        return 0.0 if code == INJECTED or not prices else prices_on(day).periods.get(code, math.nan)

    found = count(readings, span_of, price_of)
    counted = {code for span in spans for code in found.spans.get(span, ())}
    codes = [code.value for code in TariffPeriod if code in counted]
    codes += sorted(counted - {*codes, INJECTED})
    rows: list[list[Json]] = []
    for span, end in zip(
        spans, [*spans[1:], span_of(spans[-1] + (_DAY if is_daily else _MONTH))], strict=True
    ):
        energy, cost = found.spans.get(span), found.costs[span]
        if energy is None:
            continue
        if prices:
            days = (span + n * _DAY for n in range((min(end, today + _DAY) - span).days))
            cost += sum(prices_on(day).month * share_of_month(day) for day in days)
        seconds = midnight(end) - midnight(span)
        rows.append(
            [
                span.isoformat()[: 10 if is_daily else 7],
                *(energy[code] for code in codes),
                energy[INJECTED] if INJECTED in counted else None,
                round(cost, 2) if prices and math.isfinite(cost) else None,
                any(found.covered[span, label] == seconds for label in readings),
            ]
        )
    colours = store.colours(meter, spans[0]) if is_daily else {}
    return {
        "begin": _iso(begin),
        "step": "P1D" if is_daily else "P1M",
        "columns": ["time", *codes, INJECTED, "cost", "complete"],
        "rows": rows,
        "periods": [[f"{day}", f"{day + _DAY}", colour] for day, colour in colours.items() if day <= today],
        "gaps": [
            [_iso(first), _iso(last), energy]
            for (first, last), energy in sorted(found.gaps.items())
            if last > begin
        ],
    }


def _alerts(store: Store, meter: str, pending: Batch | None) -> Table:
    """Return code, begin and end of each alert; the end is None while it lasts."""
    last = math.inf if pending is None else pending.until
    return {
        "rows": [
            [code, _iso(begin), None if end >= last else _iso(end)]
            for begin, end, code in _runs(store, meter, ALERT, pending, pause=RESTART)
        ]
    }


def _season(store: Store, meter: str, pending: Batch | None, *, now: int) -> Table:
    """Return the number of days of each colour of Tempo since 1 September; empty if a day is unknown."""
    today = local(now - TEMPO_DAY.seconds).date()
    first = dt.date(today.year - (today.month < _SEASON), _SEASON, 1)
    colours = store.colours(meter, first) | ({} if pending is None else pending.colours)
    known = [colour for day, colour in colours.items() if first <= day <= today]
    if len(known) <= (today - first).days:
        return {}
    return {colour: known.count(colour) for colour in Colour}


def recent_powers(history: History, *, now: float, time: int) -> Powers:
    """Return the powers of the last hour by the begin of each slot; `now` is the monotonic time of `time`."""
    drawn, net = (part.means(LONGEST, now=now) for part in (history.drawn, history.net))
    points: dict[int, tuple[float, float | None]] = {}
    for number, (power, balance) in enumerate(zip(drawn, net, strict=True), 1 - LONGEST):
        if power is not None:
            at = int(time + number * BIN)
            points[at - at % SLOT] = power, None if balance is None else power - balance
    return {
        at: (round(power), None if injected is None else round(injected))
        for at, (power, injected) in points.items()
    }


def _runs(
    store: Store, meter: str, kind: str, pending: Batch | None, *, since: int = 0, pause: int
) -> list[tuple[int, int, str]]:
    """Return begin, end and code of each run since a time; with at most a `pause` between, they are one."""
    runs = store.runs(meter, kind, since)
    if pending is not None:
        runs += [(begin, end, code) for (of, code, begin), end in pending.runs.items() if of == kind]
    joined: dict[str, list[tuple[int, int]]] = {}
    for begin, end, code in sorted(runs):
        of_code = joined.setdefault(code, [])
        if of_code and begin - of_code[-1][1] <= pause:
            begun, ended = of_code.pop()
            of_code.append((begun, max(ended, end)))
        else:
            of_code.append((begin, end))
    return sorted((max(begin, since), end, code) for code, times in joined.items() for begin, end in times)


def _iso(time: int) -> str:
    return local(time).isoformat()
