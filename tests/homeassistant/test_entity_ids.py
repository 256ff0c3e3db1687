"""The ids that Home Assistant is asked to give the entities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.homeassistant.entity_ids import device_slug, entity_id
from teleinfo.tic.tables.reader import TABLES
from teleinfo.vocabulary.words import Language
from tests.homeassistant import golden

if TYPE_CHECKING:
    from teleinfo.homeassistant.discovery import DiscoveryForm

ALLOWED = re.compile(r"(?!.+__)(?!_)[\da-z_]+(?<!_)\.(?!_)[\da-z_]+(?<!_)")
"""What Home Assistant takes as the id of an entity (`VALID_ENTITY_ID` of its core)."""


def ids(device: golden.Followed) -> dict[str, str]:
    """Return the proposed ids of a meter by the end of the unique id, in either form of the messages."""
    components: list[dict[str, str]] = []
    for message in device.announced.values():
        if "components" in message:
            components += message["components"].values()
        else:
            components.append(message)
    proposed = {}
    for component in components:
        _teleinfo, _number, key = component["unique_id"].split("_", 2)
        proposed[key] = component["default_entity_id"]
    return proposed


@given(
    name=st.none() | st.text(min_size=1, max_size=64),
    topic=st.text(min_size=1, max_size=64),
    key=st.text(min_size=1, max_size=12),
)
def test_an_id_is_one_that_home_assistant_takes(name: str | None, topic: str, key: str) -> None:
    """Whatever the user calls the meter, and whatever étiquette the meter sends."""
    assert ALLOWED.fullmatch(entity_id("sensor", device_slug(name, topic), key))


@pytest.mark.parametrize(
    ("name", "topic", "slug"),
    [
        (None, "teleinfo", "teleinfo"),
        (None, "maison/compteur-2", "maison_compteur_2"),
        ("Résidence d’été", "teleinfo", "residence_d_ete"),
        ("Cœur", "teleinfo", "coeur"),
        ("電表", "teleinfo/toit", "teleinfo_toit"),
        (None, "/", "teleinfo"),
    ],
)
def test_an_id_begins_with_the_name_of_the_meter_or_with_its_topic(
    name: str | None, topic: str, slug: str
) -> None:
    assert device_slug(name, topic) == slug


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("power_active", "power_active"),
        ("index_HCJB", "index_hcjb"),
        ("SMAXSN1-1", "smaxsn1_1"),
        ("CCASN-1_HORODATE", "ccasn_1_horodate"),
        ("NJOURF+1", "njourf_plus_1"),
        ("ER+_s", "er_plus_s"),
        ("ER-_s", "er_minus_s"),
        ("ER-P-1_s", "er_minus_p_1_s"),
        ("PR-1S", "pr_minus_1s"),
    ],
)
def test_an_id_ends_with_the_key_of_the_entity(key: str, expected: str) -> None:
    assert entity_id("sensor", "teleinfo", key) == f"sensor.teleinfo_{expected}"


@pytest.mark.parametrize("family", TABLES)
def test_two_etiquettes_of_a_meter_have_two_ids(family: str) -> None:
    """None has that of a field either."""
    keys = {label.name for label in TABLES[family]}
    keys |= {entity.id for entity in golden.every_entity()}
    proposed = {entity_id("sensor", "teleinfo", key) for key in keys}

    assert len(proposed) == len(keys)


@pytest.mark.parametrize("form", ["device", "components"])
@pytest.mark.parametrize("meter", ["tempo", "standard-producer"])
def test_an_id_depends_neither_on_the_language_nor_on_the_number(meter: str, form: DiscoveryForm) -> None:
    """Without its number, the meter has a device of its own, and the same ids."""
    french = golden.followed(meter, form=form)
    english = golden.followed(meter, form=form, language=Language.EN)
    private = golden.followed(meter, form=form, exclude=("ADCO", "ADSC"))

    assert len(ids(french)) > 30
    assert ids(french) == ids(english) == ids(private)
    for each in ids(french).values():
        assert re.match(r"[a-z_]+\.teleinfo_", each)
    assert french.announcer.scope != private.announcer.scope


def test_an_id_has_the_name_that_the_user_gives() -> None:
    named = ids(golden.followed("tempo", meter_name="Garage"))

    assert named["tempo_today"] == "sensor.garage_tempo_today"
    assert named["alert_overrun"] == "binary_sensor.garage_alert_overrun"
    assert named["event"] == "event.garage_event"
