"""Codes and texts of suppliers become words, whatever their order and blanks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.state import tariffs
from teleinfo.vocabulary.codes import TariffPeriod


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("BASE", "TH"),
        ("BLEU HC", "HCJB"),
        ("HP BLANC", "HPJW"),
        ("HEURE  CREUSE", "HC"),
        ("H SUPER CREUSES", "HSC"),
        ("HC WEEK-END", "HCWE"),
        ("TARIF WE", "WE"),
        ("INDEX NON CONSO", "PRODUCER"),
        ("INDEX INACTIF 2", None),
        ("", None),
    ],
)
def test_a_tariff_period_has_one_code_in_both_modes(text: str, code: str | None) -> None:
    """PTEC and LTARF give the same code; a text that says no common period gives none."""
    assert tariffs.period_of(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("BASE", "BASE"),
        ("HC", "HC"),
        ("BBR(", "TEMPO"),
        ("H PLEINE/CREUSE", "HC"),
        ("HEURES PLEINES HEURES CREUSES", "HC"),
        ("PRODUCTEUR", "PRODUCER"),
        ("HC SEM WE MERCR", None),
    ],
)
def test_a_contract_has_one_code_in_both_modes(text: str, code: str | None) -> None:
    assert tariffs.contract_of(text) == code


def test_what_has_no_code_keeps_the_words_of_the_supplier() -> None:
    """The text is shown without padding and double blanks."""
    assert tariffs.period_name("  ZEN   Flex ") == "ZEN Flex"
    assert tariffs.contract_name("HC SEM WE MERCR ") == "HC SEM WE MERCR"
    assert tariffs.period_name("   ") is None


def test_an_index_of_a_supplier_is_named_by_the_period_in_which_it_ran() -> None:
    name = tariffs.index_name("EASF03", contract="TEMPO", periods={})
    seen = tariffs.index_name("EASF03", contract="TEMPO", periods={"EASF03": "HP  ROUGE"})
    unknown = tariffs.index_name("EASF09", contract="HC SEM WE MERCR", periods={})
    assert tariffs.index_name("NEW", contract=None, periods={}) == "NEW"

    assert (name, seen, unknown) == (TariffPeriod.HCJW.words, TariffPeriod.HPJR.words, "Supplier index 9")


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    """No text of a meter raises."""
    tariffs.period_name(text)
    tariffs.contract_name(text)
