"""What a value means, in words of both languages."""

from __future__ import annotations

import pytest

from teleinfo.live.describe import Fact, facts, meaning, moment, shown
from teleinfo.tic.labels import Mode, lookup


@pytest.mark.parametrize(
    ("mode", "key", "value", "expected"),
    [
        (Mode.HISTORIQUE, "PAPP", "01940", "1 940 VA"),
        (Mode.HISTORIQUE, "HCHP", "019261357", "19 261 357 Wh"),
        (Mode.HISTORIQUE, "PAPP", "", ""),
        (Mode.STANDARD, "DATE", "H240213083144", "13/02/2024 08:31:44"),
        (Mode.STANDARD, "LTARF", "HP  BLEU", "HP  BLEU"),
        (Mode.STANDARD, "NOVELTY", "42", "42"),
    ],
)
def test_a_value_is_shown_in_its_unit(mode: Mode, key: str, value: str, expected: str) -> None:
    """Quantities have their unit, identifiers and texts are as they were sent."""
    assert shown(lookup(mode, key), value) == expected


def test_the_status_register_is_said_in_words() -> None:
    first, *others = facts("STGE", "463A0880")
    texts = {fact.text for fact in others}

    assert first == Fact("Overrun of the subscribed power", alert=True)
    assert texts >= {"Mobile peak 1", "Today’s colour: white", "Dry contact closed", "Supplier index 3"}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("RELAIS", "000", ["all open"]),
        ("RELAIS", "005", ["closed: 1 (dry contact), 3"]),
        ("PPOT", "00", ["all phases have their voltage"]),
        ("PPOT", "04", ["Phase missing (2)"]),
        (
            "PJOURF+1",
            "00004001 0600C012 NONUTILE",
            [
                "from 00:00: supplier index 1, dry contact by Tempo",
                "from 06:00: supplier index 2, dry contact closed, virtual contacts 1",
            ],
        ),
        ("PPOINTE", "22000000", ["from 22:00: no change"]),
        ("STGE", "nonsense", []),
        ("RELAIS", "999", []),
        ("PPOT", "zz", []),
        ("PAPP", "01940", []),
    ],
)
def test_registers_are_said_in_words(key: str, value: str, expected: list[str]) -> None:
    assert [fact.text for fact in facts(key, value)] == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("00000000", Fact("Breaker closed")),
        ("00000004", Fact("Breaker open: overvoltage", alert=True)),
        ("0000000A", Fact("Breaker open: overheated, current too high to cut", alert=True)),
    ],
)
def test_an_open_breaker_is_said_with_its_reason(word: str, expected: Fact) -> None:
    assert [fact for fact in facts("STGE", word) if fact.text.startswith("Breaker")] == [expected]


def test_values_that_the_documents_do_not_know_say_nothing() -> None:
    """Breaker 7, Euridis 2, CPL 3: no reason and no word is made up."""
    shown = [fact.text for fact in facts("STGE", "0070000E") if "Breaker" in fact.text or "link" in fact.text]
    assert shown == ["Breaker open"]


def test_what_a_code_means_is_said_as_far_as_it_is_known() -> None:
    assert meaning("OPTARIF", "BBR(") == "Tempo"
    assert meaning("DEMAIN", "----") == "not known yet"
    assert (meaning("HHPHC", "A"), meaning("LTARF", "ZEN Flex")) == ("", "")


def test_a_horodate_is_a_date_of_france() -> None:
    assert moment("E220609060531", short=True) == "09/06 06:05"
    assert [moment(text) for text in ("H2206", "E229999060531")] == ["H2206", "E229999060531"]
