"""The entities of the étiquettes that have no field in the state, and the names of all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from teleinfo.common.i18n import _, catalogue, use_language
from teleinfo.homeassistant.entities import device_class, entities_of, entity_of, state_class
from teleinfo.state import labels as state_labels
from teleinfo.state.field_entry import Field, StateType
from teleinfo.tic.labels import HISTORIQUE, STANDARD, Kind, Mode
from teleinfo.tic.reading import HORODATE_SUFFIX
from teleinfo.vocabulary.codes import Contract
from teleinfo.vocabulary.words import Language
from tests.homeassistant.golden import every_entity
from tests.state.documents import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from teleinfo.state.field_entry import FieldPath
    from teleinfo.state.fields import Json
    from teleinfo.tic.labels import Label


def labels_of(mode: Mode) -> Mapping[str, Label]:
    """Return the étiquettes of a mode by name."""
    if mode is Mode.STANDARD:
        return STANDARD
    return HISTORIQUE


def entities(mode: Mode) -> Iterator[Field]:
    """Yield the entity of every key of a mode that has one: an étiquette, its horodate, or with a unit."""
    for name in labels_of(mode):
        with_unit = [f"{name}_{unit}" for unit in state_labels.ANY_UNIT]
        for key in (name, name + HORODATE_SUFFIX, *with_unit):
            entity = entity_of(mode, key)
            if entity is not None:
                yield entity


@pytest.mark.parametrize("mode", list(Mode))
def test_an_index_is_a_total_and_nothing_else_is(mode: Mode) -> None:
    """No index whose unit is glued to it. `check_schema` finds a unit that does not fit its class."""
    for label in labels_of(mode).values():
        entity = entity_of(mode, label.name)
        if entity is None or entity.type is not StateType.NUMBER:
            continue
        is_plain_index = label.kind is Kind.INDEX and not label.glued
        is_total = state_class(entity) == "total_increasing"
        assert is_total == is_plain_index, label.name


@pytest.mark.parametrize("mode", list(Mode))
def test_no_identifier_and_no_register_is_an_entity(mode: Mode) -> None:
    """Nor has an identifier of the part for the injection, or the horodate of an unknown étiquette."""
    labels = labels_of(mode).values()
    keys = [label.name for label in labels if label.kind in {Kind.IDENTIFIER, Kind.REGISTER}]
    if mode is Mode.HISTORIQUE:
        keys += ["EA_INJECTION", "TGPHI_INJECTION"]
    for key in [*keys, "UNKNOWN_HORODATE"]:
        assert entity_of(mode, key) is None, key


@pytest.mark.parametrize(
    ("key", "unit", "expected"),
    [("PS_VA", "VA", "apparent_power"), ("PS_W", "W", "power"), ("PMAX_s_VA", "VA", "apparent_power")],
)
def test_a_value_that_comes_with_its_unit_has_an_entity_of_this_unit(
    key: str, unit: str, expected: str
) -> None:
    """PME-PMI sends `PS 42kVA` or `PS 300kW` (02E): two entities, each with a unit that stays."""
    entity = entity_of(Mode.HISTORIQUE, key)

    assert entity is not None
    assert (entity.unit, device_class(entity), state_class(entity)) == (unit, expected, None)
    assert entity.name in {"Subscribed power, current slot", "Maximum power reached, import"}


def test_a_number_without_a_unit_or_with_a_second_one_has_no_entity() -> None:
    """PS gets its unit from the meter; HCHC has its unit from the table."""
    assert entity_of(Mode.HISTORIQUE, "PS") is None
    assert entity_of(Mode.HISTORIQUE, "HCHC_VA") is None


@pytest.mark.parametrize("mode", list(Mode))
def test_what_the_state_gives_under_an_etiquette_has_an_entity(mode: Mode) -> None:
    for entity in entities(mode):
        assert entity.path == f"labels.{entity.key}"
    samples = {"PEJP": "30", "EAP_s": "9649kWh", "PS": "42kVA", "HHPHC": "A"}
    if mode is Mode.STANDARD:
        samples = {"SMAXSN1": "00100", "CCASN-1": "00786", "CCASN-1_HORODATE": "H200214225000", "VTIC": "02"}
    for key in state_labels.values_of(mode, samples):
        assert entity_of(mode, key) is not None, key


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("mode", list(Mode))
def test_names_are_sentences_without_codes(mode: Mode, language: Language) -> None:
    """A name begins with a capital, and has no sign of a period of an invoice."""
    with use_language(language):
        for entity in entities(mode):
            name = _(entity.name)
            assert name[0].isupper() or name[0].isdigit(), name
            assert not re.search(r"\b(Td|Tc|n(?!°)|[pP]ér?iode? [pP])\b", name), name


@pytest.mark.parametrize("mode", list(Mode))
def test_the_topics_of_the_components_are_all_different_without_a_plus_sign(mode: Mode) -> None:
    """NJOURF+1 is NJOURF_1 there."""
    keys = {entity.key for entity in (*entities(mode), *every_entity())}

    assert len({key.replace("+", "_") for key in keys}) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9_+-]+", key) for key in keys)


def test_an_index_that_is_unknown_makes_no_entity() -> None:
    """It has no name; the others have an entity."""
    state: dict[FieldPath, Json] = {
        ("energy", "indexes", "EASF01", "name"): None,
        ("energy", "indexes", "EASF01", "value"): 1000,
        ("energy", "indexes", "EASF02", "name"): "Index",
        ("energy", "indexes", "EASF02", "value"): 1000,
    }

    assert entities_of(state, Mode.STANDARD).keys() == {"index_EASF02"}


def test_an_etiquette_whose_value_has_no_unit_makes_no_entity() -> None:
    """
    PS of a PME-PMI meter comes with its unit, which makes the key `PS_VA`.

    Without a unit, a number could not be compared with the next one.
    """
    state: dict[FieldPath, Json] = {("labels", "PS"): 42, ("labels", "PS_VA"): 42}

    assert entities_of(state, Mode.HISTORIQUE).keys() == {"PS_VA"}


def test_the_times_of_a_mobile_peak_are_disabled_with_tempo() -> None:
    """To a meter with Tempo a white or red day is a mobile peak, and the colours of the days say so."""
    state: dict[FieldPath, Json] = {("labels", "DPM1_HORODATE"): "2026-01-14T06:00:00+01:00"}
    base = entities_of({**state, ("contract", "code"): Contract.BASE}, Mode.STANDARD)
    tempo = entities_of({**state, ("contract", "code"): Contract.TEMPO}, Mode.STANDARD)

    assert base["DPM1_HORODATE"].enabled
    assert not tempo["DPM1_HORODATE"].enabled


def test_prices_bring_five_entities_that_are_enabled() -> None:
    """The price, and the cost of four spans. Those that tell whether a cost is complete are disabled."""
    of_costs = {entity.id: entity for entity in every_entity() if entity.path.startswith("cost.")}

    assert [key for key, entity in of_costs.items() if entity.enabled] == [
        *("cost_price", "cost_today", "cost_yesterday", "cost_this_month", "cost_last_month")
    ]
    assert len(of_costs) == 9
    assert all(entity.diagnostic for entity in of_costs.values() if not entity.enabled)


@pytest.mark.parametrize(("page", "quotation"), [("", r'"([^"]+)"'), ("fr/", r"«\s*([^»]+?)\s*»")])
def test_a_name_in_the_tables_of_the_page_is_the_name_in_home_assistant(page: str, quotation: str) -> None:
    """The pages quote the French names, which are the default, in the lines of their tables."""
    quoted: list[str] = []
    for name in ("home-assistant.md", "coming-from.md"):
        for line in (DOCS / page / name).read_text(encoding="utf-8").splitlines():
            if line.startswith("|"):
                quoted += re.findall(quotation, line)

    assert len(quoted) > 20
    assert set(quoted) <= set(catalogue(Language.FR).values())
