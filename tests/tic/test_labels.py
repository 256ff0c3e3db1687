"""The table of étiquettes, against the facts of the documents of Enedis."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from teleinfo.tic.labels import DIGITS, HISTORIQUE, STANDARD, Kind, Label, Mode, lookup, parse_uint
from teleinfo.tic.tables.reader import TABLES

HIST = Mode.HISTORIQUE
STD = Mode.STANDARD
ALL = [*HISTORIQUE.values(), *STANDARD.values()]


def known(mode: Mode, name: str) -> Label:
    """Return the label, which must be in the table."""
    label = lookup(mode, name)

    assert label is not None, f"{name} is not in the table of {mode}"
    return label


@pytest.mark.parametrize("mode", Mode)
def test_saphir_agrees_with_the_entry_that_stands_for_it(mode: Mode) -> None:
    for label in TABLES["SAPHIR"]:
        entry = known(mode, label.name)

        assert (entry.kind, entry.unit) == (label.kind, label.unit), label.name
        assert set(label.charset.value) <= set(entry.charset.value), label.name


def test_a_label_can_be_on_the_wire() -> None:
    """An étiquette is made of letters, digits and + - _: no separator, no control, no accent."""
    assert [label.name for label in ALL if not re.fullmatch(r"[A-Za-z0-9+_-]{1,9}", label.name)] == []


def test_a_label_is_described_in_both_languages() -> None:
    """Each label has a French désignation and an English gloss, spelt with their accents."""
    texts = [text for label in ALL for text in (label.french, label.english)]

    assert [text for text in texts if not text or text != text.strip()] == []
    assert [label.french for label in ALL if re.search(r"\bE(nergie|tat|té\b)", label.french)] == []


def test_a_unit_belongs_to_a_measured_value() -> None:
    """Every index has a unit of energy or volume; names, codes, dates and texts have none."""
    energies = {"Wh", "varh", "kWh", "kvarh", "daL"}
    measures = {None, *"AVW%", "VA", "kVA", "daVA", "kW", "kvar", "Wh", "varh", "VAh", "kWh", "min"}
    legal = {Kind.INDEX: energies, Kind.QUANTITY: measures, Kind.COMPOSITE: measures}

    assert [label.name for label in ALL if label.unit not in legal.get(label.kind, {None})] == []


@pytest.mark.parametrize(
    ("mode", "variant", "name"),
    [
        (STD, "SINST1", "SINSTS"),
        (STD, "SMAXSN2_1", "SMAXSN2-1"),
        (HIST, "EaP-1_s", "EAP-1_s"),
        (HIST, "PrapCour", "PRapCour"),
    ],
)
def test_another_spelling_is_an_entry_like_any_other(mode: Mode, variant: str, name: str) -> None:
    """A spelling that some meters use has all that its label has, under its own name."""
    assert known(mode, variant) == replace(known(mode, name), name=variant, spelling_of=name)


ORDERS = [
    ("BLEU", "ADIR1 ADCO OPTARIF ISOUSC BASE EJPHPM PEJP PTEC DEMAIN IINST IMAX PMAX PAPP MOTDETAT PPOT"),
    ("LINKY", "ADSC VTIC DATE NGTF LTARF EAST EASF01 EASD04 EAIT ERQ1 IRMS1 URMS1 PREF PCOUP SINSTS SMAXSN"),
    ("LINKY", "SMAXSN SMAXSN-1 SMAXSN1-1 SINSTI SMAXIN CCASN CCASN-1 CCAIN UMOY1 STGE DPM1 FPM1 DPM2 MSG1"),
    ("LINKY", "MSG1 MSG2 PRM RELAIS NTARF NJOURF NJOURF+1 PJOURF+1 PPOINTE"),
]


@pytest.mark.parametrize(("family", "order"), ORDERS)
def test_a_family_is_in_the_order_of_emission(family: str, order: str) -> None:
    """The labels of a family stand in the order in which its meters send them."""
    names = [label.name for label in TABLES[family]]
    places = [names.index(name) for name in order.split()]

    assert all(a < b for a, b in itertools.pairwise(places))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("00750", 750),
        ("  07 ", 7),
        ("9" * DIGITS, 10**DIGITS - 1),
        ("0" * (DIGITS + 1), None),
        ("   ", None),
        ("-1", None),
        pytest.param("7\n", None, id="more than a blank"),
        pytest.param("\u0667", None, id="a seven of another script"),
    ],
)
def test_a_whole_number_is_digits_between_blanks_and_no_more_of_them_than_json_keeps(
    value: str, number: int | None
) -> None:
    """Nothing but blanks fills a width, and nothing but the ten digits of ASCII counts."""
    assert parse_uint(value) == number
