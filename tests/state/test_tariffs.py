"""Codes and texts of suppliers become words, whatever their order and blanks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.state import fields, tariffs
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
        ("HEURE WEEK-END", "WE"),
        ("HC WEEK END", "HCWE"),
        ("POINTE MOBILE", "PM"),
        ("HP MERCREDI", None),
        ("HC SEMAINE", None),
        ("HP HIVER", None),
        ("HP2", None),
        ("HP HC", None),
        ("HC BLEU ROUGE", None),
        ("HC WE BLEU", None),
        ("HC CONSO", None),
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


def name_of(label: str, contract: str, periods: dict[str, str]) -> tuple[str | None, str | None]:
    """Return the code and the name of an index."""
    index = tariffs.index_of(label, 0, contract=tariffs.contract_identity(contract), periods=periods)
    return index.code, index.name


def test_an_index_is_named_by_its_code_else_by_the_text_with_which_it_counted() -> None:
    seen = {"EASF03": "HP  ROUGE", "EASF06": " HP  MERCREDI "}
    assert name_of("EASF03", "TEMPO", seen) == ("HCJW", TariffPeriod.HCJW.words)
    assert name_of("EASF03", "ZEN", seen) == ("HPJR", TariffPeriod.HPJR.words)
    assert name_of("EASF06", "HC SEM WE MERCR", seen) == (None, "HP MERCREDI")
    assert name_of("EASF09", "HC SEM WE MERCR", seen) == (None, "Supplier index 9")
    assert name_of("NEW", "", {}) == (None, "NEW")


@pytest.mark.parametrize(
    ("contract", "keys"),
    [
        ("BASE", "TH EASF02 EASF03"),
        ("H PLEINE/CREUSE", "HC HP EASF03"),
        ("EJP", "HN PM EASF03"),
        ("TEMPO", "HCJB HPJB HCJW"),
        ("PRODUCTEUR", "PRODUCER EASF02 EASF03"),
        ("HC SEM WE MERCR", "EASF01 EASF02 EASF03"),
        ("HC et Week-End", "EASF01 EASF02 EASF03"),
    ],
)
def test_a_supplier_index_has_the_key_of_its_period_if_the_documents_have_the_contract(
    contract: str, keys: str
) -> None:
    identity = tariffs.contract_identity(contract)

    assert [tariffs.index_key(f"EASF0{n}", identity) for n in (1, 2, 3)] == keys.split()


@given(st.text())
def test_no_two_indexes_have_one_key(contract: str) -> None:
    """That holds whatever the contract; an index of historique has the key of its period."""
    for text in (contract, *tariffs.CALENDARS):
        for labels in (fields.INDEXES[:11], fields.INDEXES[11:]):
            keys = [tariffs.index_key(label, text) for label in labels]
            assert len({*keys}) == len(labels)
    assert [tariffs.index_key(label, contract) for label in fields.INDEXES[:11]] == [*tariffs.INDEX_OF_PERIOD]


def test_a_code_stands_for_an_index_only_if_no_other_one_has_it() -> None:
    codes = {
        "EASF01": TariffPeriod.HCWE,
        "EASF02": None,
        "EASF03": TariffPeriod.HP,
        "EASF04": TariffPeriod.HP,
    }

    assert tariffs.codes_of_one_index(codes) == {"EASF01": "HCWE"}


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    """No text of a meter raises."""
    tariffs.period_name(text)
    tariffs.contract_name(text)
