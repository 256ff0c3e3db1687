"""The file of the household's offers: what it may have, and the line of each fault."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.i18n import _, use_language
from teleinfo.contract.offers import Household, OffersError, load, minutes_of, parse, price_on, prices_by_day
from teleinfo.vocabulary.words import Language

if TYPE_CHECKING:
    from pathlib import Path

OFFER = """[[offer]]
id = "w"
name = "W"
calendar = "weekend"
[[offer.price]]
from = 2026-02-01
month = {9 = 18.49}
kwh = {HP = 0.2, WE = 0.15}
"""
HOUSEHOLD = "[household]\n"


def test_the_shipped_offers_have_no_fault() -> None:
    offers = load(None)
    assert {offer.id for offer in offers.offer} == {"base", "off_peak", "tempo"}
    assert offers.household.contract == ()


def test_an_offer_of_the_household_replaces_the_shipped_one(tmp_path: Path) -> None:
    """A file that is not there is none; a mark of the byte order is read over."""
    own = tmp_path / "offers.toml"
    assert load(own) == load(None)
    own.write_bytes(b"\xef\xbb\xbf" + OFFER.replace('"w"', '"base"').encode())
    assert [offer.name for offer in load(own).offer if offer.id == "base"] == ["W"]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (HOUSEHOLD + "foo = 1\n", 2, "household.foo: there is no such entry"),
        (
            OFFER.replace("[[offer.price]]", "colour = 1\n[[offer.price]]"),
            5,
            "offer.0.colour: there is no such entry",
        ),
        (OFFER.replace(", WE = 0.15", ""), 8, "a price of WE is missing"),
        (OFFER.replace("WE = 0.15", "WE = 0.15, HX = 1"), 8, "a price of HX is missing, or unknown"),
        (OFFER + OFFER.partition('"weekend"\n')[2], 12, "two prices from 2026-02-01 for 9 kVA"),
        (OFFER + OFFER, 16, "two offers have the same id"),
        (OFFER.replace("0.15", "-0.15"), 8, "it is less than 0"),
        (OFFER.replace("0.15", "nan"), 8, "it is more than 10"),
        (OFFER.replace("18.49", "2e9"), 7, "it is more than 1000"),
        (OFFER.replace('"weekend"', '"moon"'), 4, "its calendar is one of base"),
        (OFFER.replace('"weekend"', '"weekend"\nrules = [{code = "HP"}]'), 5, "or else it has rules"),
        (OFFER.replace('calendar = "weekend"\n', ""), 1, "offer.0.rules: it is missing"),
        (OFFER.replace('calendar = "weekend"', "rules = []"), 4, "it has nothing in it"),
        (
            OFFER.replace('calendar = "weekend"', 'rules = [{code = "HP", days = ["sunday"]}]'),
            8,
            "the last rule has no condition",
        ),
        (
            HOUSEHOLD + 'off_peak = [{from = 2024-01-01, hours = ["night"]}]',
            2,
            "it is not hours such as 01:34-07:34",
        ),
        (
            HOUSEHOLD + "sale = [\n {from = 2025-01-01, price = 0.1},\n {from = 2024-01-01, price = 0.1}]",
            4,
            "each day stands once, the oldest first",
        ),
        (
            HOUSEHOLD + 'contract = [{from = 2024-05-01, offer = "base", kva = 7}]',
            2,
            "it is none of 3, 6, 9, 12",
        ),
        (HOUSEHOLD + 'sale = [{from = "soon", price = 0.1}]', 2, "sale.0.from: it is not a day such as"),
        (HOUSEHOLD + 'sale = [{from = 2025-01-01, price = "x"}]', 2, "sale.0.price: it is not a number"),
        (HOUSEHOLD + "sale = 3", 2, "household.sale: it is not a list in square brackets"),
        (OFFER.replace('id = "w"', "id = 7"), 2, "offer.0.id: it is not a text in quotation marks"),
        (OFFER.replace('name = "W"', 'name = "W"\nclosed = "maybe"'), 4, "offer.0.closed: it is not true"),
        (OFFER.replace("9 = 18.49", '"x" = 18.49'), 7, "it is not a whole number"),
        ("offer = [3]\n", 1, "offer.0: it is not a table with entries"),
        (HOUSEHOLD + "off_peak = [\n{from = 2024-01-01 hours = []}]\n", 3, "at line 3"),
    ],
)
def test_a_fault_has_its_line_and_its_words_in_both_languages(text: str, line: int, why: str) -> None:
    """Without the words of the library; the reader of TOML speaks English alone."""
    with pytest.raises(OffersError) as refused:
        parse(text.encode())
    faults = refused.value.faults
    with use_language(Language.FR):
        french = "\n".join(map(_, faults))

    assert why in str(refused.value)
    assert f"line {line}" in str(refused.value)
    assert french != str(refused.value)
    assert f"line {line}" in french or f"ligne {line}\N{NO-BREAK SPACE}: " in french
    assert not re.search(r"\b(it is|input|should|must|has)\b", french, re.IGNORECASE)


@pytest.mark.parametrize("text", ['offer = "nono", kva = 9', 'offer = "base", kva = 36'])
def test_the_contract_is_an_offer_that_has_a_price(tmp_path: Path, text: str) -> None:
    own = tmp_path / "offers.toml"
    own.write_text(f"{HOUSEHOLD}contract = [{{from = 2024-05-01, {text}}}]\n")
    with pytest.raises(OffersError, match="there is no price of"):
        load(own)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(OffersError, match="utf-8"):
        parse(b"name = \xe9")


def test_hours_may_go_over_midnight() -> None:
    assert minutes_of(("23:58-00:02", "12:00-12:01")) == {1438, 1439, 0, 1, 720}
    assert len(minutes_of(("00:00-24:00",))) == 1440


def test_the_prices_of_the_contract_by_day(tmp_path: Path) -> None:
    """
    From the day of the contract on, at its subscribed power; a later contract has its own.

    There are none once a contract has begun whose hours the meter does not count.
    """
    own = tmp_path / "offers.toml"
    contract = (
        'contract = [{from = 2026-03-01, offer = "off_peak", kva = 9},'
        ' {from = 2026-09-01, offer = "tempo", kva = 6}, {from = 2027-01-01, offer = "w", kva = 9}]\n'
    )
    replaced = OFFER.replace('"w"', '"off_peak"').replace("weekend", "off_peak").replace("WE", "HC")
    own.write_text(HOUSEHOLD + contract + OFFER + replaced)
    of_day = prices_by_day(load(own), dt.date(2026, 12, 31))
    found = {day: (prices.month, prices.periods) for day, prices in of_day}
    assert [*found] == sorted(found)
    assert min(found) == dt.date(2026, 3, 1)
    assert found[dt.date(2026, 8, 1)] == (18.49, {"HP": 0.2, "HC": 0.15})
    month, periods = found[dt.date(2026, 9, 1)]
    assert math.isclose(month, 15.8)
    assert math.isclose(periods["HPJR"], 0.7295)
    assert [*prices_by_day(load(own), dt.date(2027, 1, 1))] == []


def test_a_power_without_a_price_has_that_of_the_present_one() -> None:
    [offer] = parse(OFFER.encode()).offer
    contract = [
        {"from": dt.date(2026, 3, 1), "offer": "w", "kva": 6},
        {"from": dt.date(2026, 9, 1), "offer": "w", "kva": 9},
    ]
    assert price_on(offer, Household.model_validate({"contract": contract}), dt.date(2026, 4, 1))[0] == 9
    with pytest.raises(LookupError):
        price_on(offer, Household(), dt.date(2026, 3, 1))
