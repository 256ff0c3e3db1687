"""Each day of a history costs its subscription once: all pictures have the same sum."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.contract.days import midnight
from teleinfo.contract.price_source import PriceSource
from teleinfo.history import tables
from teleinfo.history.chronicle import Batch, IndexReading
from teleinfo.history.store import Store
from teleinfo.state.prices import Prices
from tests.history import bill

STORE: Final = Store(Path("without a file"))
PRICES: Final = PriceSource(None, Prices({"TH": 0.25}, 31.0))
FIRST: Final = dt.date(2026, 1, 20)
NAMES: Final = ("days30", "weeks26", "months13", "years10")


def tables_of(times: list[int], now: int) -> dict[str, dict[str, Any]]:
    """Return the tables of a history with a reading at each of these times, a kWh apart."""
    batch = Batch("1", now)
    for number, time in enumerate(times):
        batch.add_reading("BASE", IndexReading(time, 1000 * number, "TH"))
    found = {}
    for name in NAMES:
        table = tables.table(STORE, [batch], "1", name, prices=PRICES, now=now)
        assert table is not None
        found[name] = table
    return found


def sum_of(table: dict[str, Any]) -> float:
    """Return the cost of all rows and gaps of a table."""
    at = table["columns"].index("cost")
    total: float = sum(row[at] for row in table["rows"]) + sum(gap[3] for gap in table["gaps"])
    return total


@given(st.lists(st.integers(0, 25 * 86_400), min_size=2, max_size=12, unique=True))
def test_all_pictures_cost_the_same(seconds: list[int]) -> None:
    """Energy and the days from the first reading to the last one, in a row or in a gap."""
    begin = midnight(FIRST)
    times = sorted(begin + second for second in seconds)
    now = begin + 26 * 86_400
    first = bill.clock(times[0]).date()
    last = bill.clock(times[-1] - 1).date()
    exact = 0.25 * (len(times) - 1)
    for day in bill.days(first, last):
        exact += 31.0 / (31 if day.month == 1 else 28)
    for name, table in tables_of(times, now).items():
        assert sum_of(table) == pytest.approx(exact, abs=1e-4), name


def test_the_days_of_a_pause_over_the_end_of_a_month_are_in_their_months() -> None:
    """They were in none of both: a day of the pause costs what it would with readings."""
    begin = midnight(FIRST)
    day = 86_400
    times = [begin, begin + day, begin + 2 * day, begin + 16 * day, begin + 17 * day]
    table = tables_of(times, begin + 18 * day)["months13"]
    at = table["columns"].index("subscription")
    assert [(row[0], round(row[at], 2)) for row in table["rows"]] == [
        ("2026-01", 12.0),
        ("2026-02", round(31 / 28 * 5, 2)),
    ]
    [[_since, _until, energy, cost]] = table["gaps"]
    assert (energy, cost) == ({"TH": 1000}, 0.25)
