"""The file of the household's offers: what it may have, and the line of each fault."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import os
import re
import string
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teleinfo.common.i18n import _, use_language
from teleinfo.contract.offers import Household, ImportedPrice, Offers, minutes_of, price_on
from teleinfo.contract.offers_file import MAX_CHARACTERS, OffersError, parse, read, shipped, with_shipped
from teleinfo.contract.price_source import PriceSource
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
    offers = shipped()
    assert {offer.id for offer in offers.offer} == {"base", "off_peak", "tempo"}
    assert offers.household.contract == ()


def test_an_offer_of_the_household_replaces_the_shipped_one(tmp_path: Path) -> None:
    """With its imported prices too; a file that is not there is none; a byte order mark is read over."""
    own = tmp_path / "offers.toml"
    assert read(own) == Offers()
    own.write_bytes(b"\xef\xbb\xbf" + OFFER.replace('"w"', '"base"').encode())
    price = {"offer": "base", "import": 1, "from": "2027-02-01", "month": {9: 1.0}, "kwh": {"TH": 0.1}}
    imported = ImportedPrice.model_validate(price)
    [base] = [offer for offer in with_shipped(read(own), [imported]).offer if offer.id == "base"]
    assert (base.name, len(base.price)) == ("W", 1)
    [base] = [offer for offer in with_shipped(Offers(), [imported]).offer if offer.id == "base"]
    assert base.price[-1].month == {9: 1.0}


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
        (OFFER + OFFER.partition('"weekend"\n')[2], 11, "two prices from 2026-02-01 for 9 kVA"),
        (OFFER + OFFER, 10, "two offers have the same id"),
        (OFFER.replace("0.15", "-0.15"), 8, "it is less than 0"),
        (OFFER.replace("0.15", "nan"), 8, "it is more than 10"),
        (OFFER.replace("18.49", "2e9"), 7, "it is more than 1000"),
        (OFFER.replace('"weekend"', '"moon"'), 4, "its calendar is one of base"),
        (OFFER.replace('"weekend"', '"weekend"\nrules = [{code = "HP"}]'), 4, "or else it has rules"),
        (OFFER.replace('calendar = "weekend"\n', ""), 1, "offer.0.rules: it is missing"),
        (OFFER.replace('calendar = "weekend"', "rules = []"), 4, "it has nothing in it"),
        (
            OFFER.replace('calendar = "weekend"', 'rules = [{code = "HP", days = ["sunday"]}]'),
            4,
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
        ('"a=b" = 1\n', 1, "a=b: there is no such entry"),
        ("offer = [3]\n", 1, "offer.0: it is not a table with entries"),
        (
            HOUSEHOLD + "off_peak = [\n{from = 2024-01-01 hours = []}]\n",
            3,
            "too many): {from = 2024-01-01 hours",
        ),
        (HOUSEHOLD + "sale = [{from = 2025-01-01, price = 0,04}]", 2, "this is not TOML"),
        (HOUSEHOLD + "sale = [\n# and so on\n\n", 2, "too many): sale = ["),
        ("#" * 1001, 1, "it is longer than 1000 characters"),
        (HOUSEHOLD + "contract = 9" + "9" * 900 + "\n", 2, "household.contract: it is not a list"),
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
def test_the_contract_is_an_offer_that_has_a_price(text: str) -> None:
    own = parse(f"{HOUSEHOLD}contract = [{{from = 2024-05-01, {text}}}]\n".encode())
    with pytest.raises(OffersError, match="there is no price of"):
        with_shipped(own)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(OffersError, match="line 2: it is not in UTF-8"):
        parse(b"[household]\nname = \xe9")


def test_of_many_faults_the_first_are_named_and_the_others_counted() -> None:
    with pytest.raises(OffersError) as refused:
        parse((HOUSEHOLD + "".join(f"foo{number} = 1\n" for number in range(40))).encode())
    *named, last = refused.value.faults
    assert [fault.fields["line"] for fault in named] == [*range(2, 12)]
    assert last == "and 30 more faults"


COMMENTS = st.lists(st.sampled_from(["", "# ]", "  # {", '# "']), max_size=3)


@given(
    before=st.lists(
        st.tuples(st.sampled_from([OFFER, OFFER.replace('"W"', "'''[[x\n]'''")]), COMMENTS), max_size=4
    ),
    wrong=st.sampled_from(
        [
            ("[[offer.price]]", 'closed = 7 # "\n[[offer.price]]', 0),
            ("18.49}", "18.49, 6 = -1}", 0),
            ("0.15}", '"x"}', 0),
            ("price]]\n", "price]]\nfoo = [\n{a = 1}, # [\n{a = 2},\n]\n", 1),
            ("[[offer.price]]\n", "price = [\n {month = {}, kwh = {}},\n]\n[[x]]\n", 1),
        ]
    ),
)
def test_a_fault_has_its_line_wherever_it_stands(
    before: list[tuple[str, list[str]]], wrong: tuple[str, str, int]
) -> None:
    """Comments, brackets within texts, and texts of several lines stand before it."""
    old, new, further = wrong
    sound = "".join(
        offer.replace('"w"', f'"w{number}"') + "\n".join(["", *comments, ""])
        for number, (offer, comments) in enumerate(before)
    )
    text = sound + OFFER.replace(old, new)
    expected = {
        1 + number
        for number, (line, was) in enumerate(
            itertools.zip_longest(text.split("\n"), (sound + OFFER).split("\n"))
        )
        if line != was
    }
    with pytest.raises(OffersError) as refused:
        parse(text.encode())
    lines = {fault.fields["line"] for fault in refused.value.faults}
    assert min(expected) + further in lines or min(expected) in lines, text


@given(st.binary(max_size=200) | st.text(alphabet=string.printable, max_size=200).map(str.encode))
@example(b"a = " + b"[" * 900)
@example(b"a" + b".a" * 499 + b" = 1")
@example(b"a = " + b"9" * 990)
@example(b"[household]\nsale = [{from = 9999-12-31, price = 1e999}]")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(OffersError):
        parse(data)


def test_a_file_is_parsed_once_for_each_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With faults too, of whatever size; what is counted is how much text the reader of TOML gets."""
    read: list[int] = []

    def loads(text: str) -> dict[str, object]:
        read.append(len(text))
        return real(text)

    real = tomllib.loads
    monkeypatch.setattr("teleinfo.contract.offers_file.tomllib.loads", loads)
    path = tmp_path / "offers.toml"
    source = PriceSource(path)
    wrong = "".join(OFFER.replace('"w"', f'"w{number}"').replace("WE", "WX") for number in range(700))
    for text in (wrong, wrong + "[household", OFFER):
        write(path, text)
        read.clear()
        assert source.refresh()
        assert [length for length in read if length > MAX_CHARACTERS] in ([len(text)], []), "once"
        assert sum(read) <= 3 * len(text), "beside that, the names of its entries"
        assert source.loaded.fault or text == OFFER
        read.clear()
        assert not source.refresh()
        assert read == []


TIMES = itertools.count(1_700_000_000, 10)


def write(path: Path, text: str) -> None:
    """Write a file as if that had been some time ago, ten seconds after the file before."""
    path.write_text(text)
    changed = next(TIMES)
    os.utime(path, (changed, changed))


def test_a_file_of_a_mebibyte_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped()
    monkeypatch.setattr("teleinfo.contract.offers_file.tomllib.loads", None)
    path = tmp_path / "offers.toml"
    path.write_text("#" * (1 << 20))
    assert PriceSource(path).loaded.fault == f"{path}: it is larger than 128 KB"


def test_a_file_that_comes_changes_and_goes_is_noticed(tmp_path: Path) -> None:
    """While it has a fault, the offers are those of before."""
    path = tmp_path / "offers.toml"
    source = PriceSource(path)
    found = []
    for text in (OFFER, OFFER.replace('"W"', '"X"'), None, "[", OFFER):
        path.unlink(missing_ok=True) if text is None else write(path, text)
        source.refresh()
        offers = source.loaded.offers
        fault = source.loaded.fault
        found.append(([offer.name for offer in offers.offer][3:], fault is None))
    assert found == [(["W"], True), (["X"], True), ([], True), ([], False), (["W"], True)]
    path.unlink()
    path.mkdir()
    os.utime(path, (0, 0))
    assert source.refresh()
    assert source.loaded.fault == f"{path}: Is a directory"


def test_hours_may_go_over_midnight() -> None:
    assert minutes_of(("23:58-00:02", "12:00-12:01")) == {1438, 1439, 0, 1, 720}
    assert len(minutes_of(("00:00-24:00",))) == 1440


def test_a_power_without_a_price_has_that_of_the_present_one() -> None:
    [offer] = parse(OFFER.encode()).offer
    contract = [
        {"from": dt.date(2026, 3, 1), "offer": "w", "kva": 6},
        {"from": dt.date(2026, 9, 1), "offer": "w", "kva": 9},
    ]
    assert price_on(offer, Household.model_validate({"contract": contract}), dt.date(2026, 4, 1))[0] == 9
    with pytest.raises(LookupError):
        price_on(offer, Household(), dt.date(2026, 3, 1))
