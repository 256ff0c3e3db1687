"""The one source of prices: which prices count on which day, and what a change of its files does."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.i18n import _, use_language
from teleinfo.contract import price_source, regulated_prices
from teleinfo.contract.offers import ImportedPrice
from teleinfo.contract.offers_file import OffersError, parse, with_shipped
from teleinfo.contract.price_source import PriceSource, dated_prices
from teleinfo.state.prices import DatedPrices, Prices
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from pathlib import Path

DAY: Final = dt.timedelta(days=1)
GIVEN: Final = Prices({"HC": 0.1, "HP": 0.2}, 10.0)

OWN: Final = """
[household]
contract = [
    {from = 2026-03-01, offer = "own", kva = 9},
    {from = 2026-09-01, offer = "tempo", kva = 6},
    {from = 2027-01-01, offer = "weekend", kva = 9},
    {from = 2027-02-01, offer = "peaks", kva = 9},
]

[[offer]]
id = "own"
name = "Own"
calendar = "off_peak"
price = [
    {from = 2026-02-01, month = {9 = 18.49}, kwh = {HP = 0.2, HC = 0.15}},
    {from = 2026-06-11, month = {9 = 19.0}, kwh = {HP = 0.25, HC = 0.16}},
]

[[offer]]
id = "weekend"
name = "Week-end"
calendar = "weekend"
price = [{from = 2026-02-01, month = {9 = 18.49}, kwh = {HP = 0.2, WE = 0.15}}]

[[offer]]
id = "peaks"
name = "EJP"
calendar = "ejp"
price = [{from = 2026-02-01, month = {9 = 15.0}, kwh = {HN = 0.15, PM = 1.5}}]
"""


def day(text: str) -> dt.date:
    """Return a day."""
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "month", "periods"),
    [
        ("2025-01-01", 10.0, GIVEN.kwh),
        ("2026-02-28", 10.0, GIVEN.kwh),
        ("2026-03-01", 18.49, {"HP": 0.2, "HC": 0.15}),
        ("2026-06-10", 18.49, {"HP": 0.2, "HC": 0.15}),
        ("2026-06-11", 19.0, {"HP": 0.25, "HC": 0.16}),
        ("2026-09-01", 15.8, None),
        ("2026-12-31", 15.8, None),
        ("2027-01-01", 10.0, GIVEN.kwh),
        ("2027-02-01", 15.0, {"HN": 0.15, "PM": 1.5}),
        ("2030-01-01", 15.0, {"HN": 0.15, "PM": 1.5}),
    ],
)
def test_a_day_costs_what_its_contract_says(
    text: str, month: float, periods: dict[str, float] | None
) -> None:
    """
    The prices of the settings count before the first contract, and for one whose hours no meter counts.

    Without them the first prices count for the days before, and such a contract has no prices.
    """
    offers = with_shipped(parse(OWN.encode()))
    found = dated_prices(offers, GIVEN)
    assert found is not None
    prices = found.on(day(text))
    assert prices is not None
    assert prices.month == month
    assert periods is None or prices.kwh == periods
    alone = dated_prices(offers, None)
    assert alone is not None
    first = alone.on(day("2025-01-01"))
    assert first is not None
    assert first.month == 18.49
    assert alone.on(day("2027-01-31")) is None
    if prices is not GIVEN:
        assert alone.on(day(text)) == prices


def test_without_a_contract_the_settings_count_for_all_days() -> None:
    offers = with_shipped(parse(b""))
    assert dated_prices(offers, None) is None
    found = dated_prices(offers, GIVEN)
    assert found is not None
    assert found.on(dt.date.min) == found.on(dt.date.max) == GIVEN


DAYS: Final = st.dates(day("2024-01-01"), day("2028-12-31"))


@given(st.dictionaries(DAYS, st.none() | st.integers(0, 9), min_size=1), DAYS)
def test_the_prices_of_a_day_are_those_that_began_last(
    months: dict[dt.date, int | None], wanted: dt.date
) -> None:
    prices = {
        since: None if months[since] is None else Prices({}, months[since] or 0) for since in sorted(months)
    }
    begun = [since for since in prices if since <= wanted] or [min(prices)]
    assert DatedPrices(tuple(prices.items())).on(wanted) is prices[max(begun)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return the path of the file of offers, with a contract of the regulated tariff."""
    path = tmp_path / "offers.toml"
    write(path, '[household]\ncontract = [{from = 2025-03-01, offer = "base", kva = 6}]\n')
    return path


def write(path: Path, text: str, *, age: float = 60.0) -> None:
    """Write a file as if that had been some seconds ago."""
    path.write_text(text)
    make_older(path, age)


def make_older(path: Path, age: float = 60.0) -> None:
    """Let a file have been written some seconds earlier."""
    changed = path.stat().st_mtime - age
    os.utime(path, (changed, changed))


def price_of(source: PriceSource, text: str) -> float | None:
    """Return the price of a kWh with the contract Base on a day."""
    prices = None if source.loaded.prices is None else source.loaded.prices.on(day(text))
    return None if prices is None else prices.kwh["TH"]


def test_a_change_of_the_file_counts_soon(own: Path) -> None:
    """Not while it is being written, and without a fault; it may come and go."""
    source = PriceSource(own)
    assert not source.refresh()
    assert price_of(source, "2025-03-02") == 0.2016
    text = own.read_text().replace("2025-03-01", "2025-08-01").replace("kva = 6", "kva = 9")
    write(own, text, age=0.0)
    assert not source.refresh(), "an editor may still be writing"
    write(own, text, age=30.0)
    assert source.refresh()
    assert price_of(source, "2025-03-02") == 0.1952
    own.unlink()
    assert source.refresh()
    assert source.loaded.prices is None
    write(own, text)
    assert source.refresh()
    assert price_of(source, "2025-03-02") == 0.1952


def test_a_fault_keeps_the_last_prices(own: Path) -> None:
    """It is told once for each change of the file, in the language of the reader."""
    source = PriceSource(own)
    good = source.loaded
    write(own, own.read_text() + "price = 3\nsale = 3\n", age=30.0)
    assert source.refresh()
    assert not source.refresh()
    assert (source.loaded.prices, source.loaded.offers) == (good.prices, good.offers)
    fault = source.loaded.fault
    assert fault is not None
    assert fault.count(str(own)) == 2
    with use_language(Language.FR):
        assert "ligne 3" in _(fault)
    assert PriceSource(own).loaded.prices is None, "there were none before"
    assert {offer.id for offer in PriceSource(own).loaded.offers.offer} == {"base", "off_peak", "tempo"}


def test_both_settings_and_contract_are_told(own: Path) -> None:
    note = PriceSource(own, GIVEN).loaded.note
    assert (
        note == f"TELEINFO_PRICES counts only for the days before 2025-03-01: since then {own} has a contract"
    )
    assert PriceSource(own).loaded.note is None
    assert PriceSource(None, GIVEN).loaded.note is None


def imported(text: str, number: int, *, month: float = 14.0, kwh: float = 0.3) -> ImportedPrice:
    """Return an imported price of the contract Base at 6 kVA."""
    values = {"offer": "base", "import": number, "from": text, "month": {6: month}, "kwh": {"TH": kwh}}
    return ImportedPrice.model_validate(values)


def test_imported_prices_count_from_their_day(own: Path) -> None:
    """A day of which both have a price keeps the shipped one. An import can be undone."""
    source = PriceSource(own)
    path = regulated_prices.beside(own)
    assert regulated_prices.add(path, [imported("2025-05-11", 7), imported("2025-08-01", 7)]) == 2
    assert path.stat().st_mode & 0o777 == 0o644, "page and daemon are other users"
    make_older(path)
    assert source.refresh()
    assert [price_of(source, text) for text in ("2025-05-10", "2025-05-11", "2025-08-01")] == [
        0.2016,
        0.3,
        0.1952,
    ]
    assert regulated_prices.add(path, [imported("2025-05-11", 9, kwh=0.4)]) == 0
    assert regulated_prices.add(path, [imported("2025-05-12", 9, kwh=0.4)] * 2) == 1
    assert regulated_prices.last_import(path) == 9
    assert regulated_prices.remove(path, 9) == 1
    assert regulated_prices.last_import(path) == 7
    assert regulated_prices.remove(path, 7) == 2
    assert regulated_prices.last_import(path) is None


@pytest.mark.parametrize("content", ["", "[]", '{"prices": [{"offer": "base"}]}', "\ud800", "{" * 9999])
def test_imported_prices_that_are_damaged_are_told(own: Path, content: str) -> None:
    path = regulated_prices.beside(own)
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(OffersError):
        regulated_prices.read(path)
    fault = PriceSource(own).loaded.fault
    assert fault == f"{path}: it is damaged: delete it, and import the prices again"


async def test_the_files_are_looked_at_again_and_again(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_source, "FILE_CHECK_INTERVAL", 0.01)
    source = PriceSource(own)
    changed = asyncio.Event()
    keeping = asyncio.create_task(source.keep(changed.set))
    await asyncio.to_thread(lambda: write(own, own.read_text().replace("kva = 6", "kva = 9"), age=30.0))
    await asyncio.wait_for(changed.wait(), 10.0)
    keeping.cancel()
    assert source.loaded.offers.household.contract[0].kva == 9


async def test_a_file_that_is_being_written_is_no_change_yet(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_source, "FILE_CHECK_INTERVAL", 0.01)
    monkeypatch.setattr(price_source, "SETTLED", 3600.0)
    make_older(own, 7200.0)
    source = PriceSource(own)
    changed = asyncio.Event()
    looks = asyncio.Queue[bool]()
    loop = asyncio.get_running_loop()
    refresh = source.refresh

    def look() -> bool:
        is_new = refresh()
        loop.call_soon_threadsafe(looks.put_nowait, is_new)
        return is_new

    monkeypatch.setattr(source, "refresh", look)
    await asyncio.to_thread(lambda: write(own, own.read_text().replace("kva = 6", "kva = 9")))
    keeping = asyncio.create_task(source.keep(changed.set))
    for _look in range(2):  # the second begins after the answer to the first
        assert not await asyncio.wait_for(looks.get(), 10.0)
    assert not changed.is_set()
    make_older(own, 7200.0)
    await asyncio.wait_for(changed.wait(), 10.0)
    keeping.cancel()
    assert source.loaded.offers.household.contract[0].kva == 9


@pytest.mark.parametrize(("offer", "kva"), [("mine", 6), ("off_peak", 3)])
def test_a_contract_without_a_price_is_told(own: Path, offer: str, kva: int) -> None:
    """The offers of the last file without a fault stay, here the shipped ones."""
    write(own, f'[household]\ncontract = [{{from = 2025-03-01, offer = "{offer}", kva = {kva}}}]\n')
    loaded = PriceSource(own).loaded
    assert loaded.fault == f"{own}: household.contract: there is no price of {offer} for {kva} kVA"
    assert loaded.prices is None
    assert {each.id for each in loaded.offers.offer} == {"base", "off_peak", "tempo"}
