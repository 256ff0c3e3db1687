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


def month_on(prices: HouseholdPrices, day: dt.date) -> float | None:
    """Return the price of a month on this day, in euros; None if the household has no price for it."""
    dated = prices.current
    if dated is None:
        return None
    of_day = dated.on(day)
    if of_day is None:
        return None
    return of_day.month


@pytest.mark.parametrize(
    ("given", "content", "before", "in_contract"),
    [
        pytest.param(None, None, None, None, id="neither settings nor file"),
        pytest.param(GIVEN, None, 10.0, 10.0, id="settings"),
        pytest.param(None, OWN, 18.49, 19.0, id="file"),
        pytest.param(GIVEN, OWN, 10.0, 19.0, id="both"),
        pytest.param(None, "contract = [", None, None, id="damaged file"),
    ],
)
def test_the_first_reading_has_its_prices(
    given: Prices | None, content: str | None, before: float | None, in_contract: float | None, tmp_path: Path
) -> None:
    """The prices of the settings count before the first contract of the file, and no later."""
    path = tmp_path / "offers.toml"
    if content is not None:
        path.write_text(content)
    prices = HouseholdPrices(path, given)

    assert month_on(prices, BEFORE) == before
    assert month_on(prices, IN_CONTRACT) == in_contract


async def test_a_file_that_comes_later_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its prices count, and what is odd in it is logged."""
    monkeypatch.setattr(household_prices, "SEARCH_INTERVAL", 0.01)
    path = tmp_path / "offers.toml"
    prices = HouseholdPrices(path, GIVEN)
    changed = asyncio.Event()
    keeping = asyncio.create_task(prices.keep(changed.set, ticks=FIRST_TICKS))
    await asyncio.sleep(0)  # `keep` has looked for the file once
    assert not changed.is_set()
    await asyncio.to_thread(path.write_text, OWN)
    await asyncio.wait_for(changed.wait(), 10.0)
    keeping.cancel()

    assert month_on(prices, BEFORE) == 10.0
    assert month_on(prices, IN_CONTRACT) == 19.0
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
