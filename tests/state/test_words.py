"""Codes and texts of suppliers become words, whatever their order and blanks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.state import words


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("HC", "HC"),
        ("HCJB", "HCJB"),
        ("TH", "TH"),
        ("BASE", "TH"),
        ("HC  BLEU", "HCJB"),
        ("BLEU HC", "HCJB"),
        ("HP BLANC", "HPJW"),
        ("HEURE  CREUSE", "HC"),
        ("HEURE PLEINE", "HP"),
        ("H SUPER CREUSES", "HSC"),
        ("HC WEEK-END", "HCWE"),
        ("INDEX NON CONSO", "PRODUCER"),
        ("INDEX INACTIF 2", None),
        ("ZEN Flex", None),
        ("", None),
    ],
)
def test_a_tariff_period_has_one_code_in_both_modes(text: str, code: str | None) -> None:
    """PTEC and LTARF give the same code; a text that says no common period gives none."""
    assert words.period_code(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("BASE", "BASE"),
        ("HC", "HC"),
        ("EJP", "EJP"),
        ("BBR(", "TEMPO"),
        ("TEMPO", "TEMPO"),
        ("H PLEINE/CREUSE", "HC"),
        ("PRODUCTEUR", "PRODUCER"),
        ("HC SEM WE MERCR", None),
        ("HC et Week-End", None),
    ],
)
def test_a_contract_has_one_code_in_both_modes(text: str, code: str | None) -> None:
    """OPTARIF and NGTF give the same code; a calendar of the supplier's own has none."""
    assert words.contract_code(text) == code


def test_what_has_no_code_keeps_the_words_of_the_supplier() -> None:
    """The text is shown without padding and double blanks."""
    assert words.period_name("  ZEN   Flex ", "fr") == "ZEN Flex"
    assert words.contract_name("HC SEM WE MERCR ", "en") == "HC SEM WE MERCR"
    assert words.period_name("   ", "fr") is None


def test_an_index_of_a_supplier_is_named_by_the_period_in_which_it_ran() -> None:
    """A period that was seen counts more than the order of the contract; another index keeps its number."""
    name = words.index_name("EASF03", contract="TEMPO", periods={}, language="fr")
    seen = words.index_name("EASF03", contract="TEMPO", periods={"EASF03": "HP  ROUGE"}, language="fr")
    unknown = words.index_name("EASF09", contract="HC SEM WE MERCR", periods={}, language="en")

    assert (name, seen, unknown) == (
        "Heures creuses, jour blanc",
        "Heures pleines, jour rouge",
        "Supplier index 9",
    )


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    """No text of a meter raises."""
    words.period_name(text, "fr")
    words.contract_name(text, "en")
