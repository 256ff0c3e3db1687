"""The prices of one meter in the daemon: with a file of offers, without one, with one that comes later."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Final

import pytest

from teleinfo.common.durations import FIRST_TICKS
from teleinfo.daemon import household_prices
from teleinfo.daemon.household_prices import HouseholdPrices
from teleinfo.state.prices import Prices
from tests.history.test_price_source import OWN

if TYPE_CHECKING:
    from pathlib import Path

GIVEN: Final = Prices({"HC": 0.1, "HP": 0.2}, 10.0)
BEFORE: Final = dt.date(2026, 2, 1)
"""A day before the first contract of `OWN`."""

IN_CONTRACT: Final = dt.date(2026, 7, 1)
"""A day of the contract of `OWN` with the offer `own`."""


def months(prices: HouseholdPrices) -> list[float | None]:
    """Return the price of a month on a day before the contract, and on one of the contract."""
    if prices.current is None:
        return [None, None]
    dated = [prices.current.on(BEFORE), prices.current.on(IN_CONTRACT)]
    return [None if each is None else each.month for each in dated]


@pytest.mark.parametrize(
    ("given", "content", "expected"),
    [
        (None, None, [None, None]),
        (GIVEN, None, [10.0, 10.0]),
        (None, OWN, [18.49, 19.0]),
        (GIVEN, OWN, [10.0, 19.0]),
        (None, "contract = [", [None, None]),
    ],
)
def test_the_first_reading_has_its_prices(
    given: Prices | None, content: str | None, expected: list[float | None], tmp_path: Path
) -> None:
    path = tmp_path / "offers.toml"
    if content is not None:
        path.write_text(content)
    assert months(HouseholdPrices(path, given)) == expected


async def test_a_file_that_comes_later_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its prices count, and what is odd in it is logged."""
    monkeypatch.setattr(household_prices, "SEARCH_INTERVAL", 0.01)
    path = tmp_path / "offers.toml"
    prices, changed = HouseholdPrices(path, GIVEN), asyncio.Event()
    keeping = asyncio.create_task(prices.keep(changed.set, ticks=FIRST_TICKS))
    await asyncio.sleep(0)  # it looks for the file
    assert not changed.is_set()
    await asyncio.to_thread(path.write_text, OWN)
    await asyncio.wait_for(changed.wait(), 10.0)
    keeping.cancel()

    assert months(prices) == [10.0, 19.0]
    [line] = caplog.messages
    assert line.startswith("TELEINFO_PRICES counts only for the days before 2026-03-01")


async def test_a_fault_of_the_file_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A path that is not to be looked at is a fault too, and not a file that is missing."""
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "offers.toml"
    prices = HouseholdPrices(path, None)
    keeping = asyncio.create_task(prices.keep(lambda: None, ticks=FIRST_TICKS))
    await asyncio.sleep(0)
    keeping.cancel()

    [line] = caplog.messages
    assert line.startswith(f"there is no cost, since a file of prices has a fault: {path}: Not a directory")
