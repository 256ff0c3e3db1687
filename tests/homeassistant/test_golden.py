"""The whole message of each meter family, and the ids that no release may change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from teleinfo import __version__
from teleinfo.daemon.monitor import HEALTH_INTERVAL
from teleinfo.homeassistant import discovery
from teleinfo.homeassistant.discovery import Sources
from teleinfo.simulator.catalogue import METERS
from teleinfo.tic.meter_id import meter_of
from tests.homeassistant import golden

if TYPE_CHECKING:
    from teleinfo.state.words import Language


@pytest.mark.parametrize("meter", METERS)
def test_the_message_and_the_states_of_a_meter_are_those_of_its_file(meter: str) -> None:
    """Topic, device, availability, every component and every state: a person has read them in the file."""
    expected = (golden.FOLDER / f"{meter}.json").read_text(encoding="utf-8")

    assert golden.content(meter) == expected, "if it is meant: python -m tests.homeassistant.golden"


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("meter", METERS)
def test_no_two_entities_of_a_meter_have_the_same_name(meter: str, language: Language) -> None:
    """Home Assistant makes the id of an entity from its name."""
    device = golden.announcer(language=language)
    golden.feed(device, golden.readings_of(meter, frames=3))
    names = [component["name"] for component in golden.message_of(device)["cmps"].values()]

    assert len(set(names)) == len(names)


def test_the_ids_and_the_topic_are_frozen() -> None:
    """`teleinfo_<number>_<ÉTIQUETTE>`: whoever changes one of these loses the history of every household."""
    device = golden.announcer()
    golden.feed(device, golden.readings_of("standard-tempo", frames=3))
    message = golden.message_of(device)
    ids = {component["uniq_id"] for component in message["cmps"].values()}

    assert device.announcement is not None
    assert device.announcement[0] == "homeassistant/device/teleinfo_041961123456/config"
    assert message["dev"]["ids"] == ["teleinfo_041961123456"]
    assert all(component["uniq_id"].endswith(f"_{key}") for key, component in message["cmps"].items())
    assert {
        "teleinfo_041961123456_EAST",
        "teleinfo_041961123456_EASF01",
        "teleinfo_041961123456_SINSTS",
        "teleinfo_041961123456_SMAXSN-1",
        "teleinfo_041961123456_SMAXSN_HORODATE",
        "teleinfo_041961123456_NJOURF+1",
        "teleinfo_041961123456_COULEUR_JOUR",
        "teleinfo_041961123456_COULEUR_LENDEMAIN",
        "teleinfo_041961123456_PUISSANCE_MOYENNE",
        "teleinfo_041961123456_STGE_CONTACT_SEC",
        "teleinfo_041961123456_STGE_COUPURE",
        "teleinfo_041961123456_STGE_CACHE_BORNES",
        "teleinfo_041961123456_STGE_SURTENSION",
        "teleinfo_041961123456_STGE_DEPASSEMENT",
        "teleinfo_041961123456_STGE_INJECTION",
        "teleinfo_041961123456_STGE_HORLOGE",
        "teleinfo_041961123456_STGE_PREAVIS",
        "teleinfo_041961123456_STGE_POINTE",
        "teleinfo_041961123456_LIGNE_QUALITE",
        "teleinfo_041961123456_LIGNE_ERREURS",
        "teleinfo_041961123456_LIGNE_MODE",
        "teleinfo_041961123456_LIGNE_VITESSE",
        "teleinfo_041961123456_LIGNE_CONNEXION",
    } <= ids


@pytest.mark.parametrize(
    ("meter", "total"),
    [("hc", "INDEX_TOTAL_HC"), ("ejp", "INDEX_TOTAL_EJP"), ("tempo", "INDEX_TOTAL_BBR")],
)
def test_the_id_of_a_total_is_frozen(meter: str, total: str) -> None:
    """Each option has a total of its own, or a change of contract would be taken for energy."""
    device = golden.announcer()
    golden.feed(device, golden.readings_of(meter, frames=3))

    assert golden.message_of(device)["cmps"][total]["uniq_id"] == f"teleinfo_041961123456_{total}"


@pytest.mark.parametrize(
    ("number", "private", "name"),
    [
        ("041961123456", False, "Linky monophasé 3456"),
        ("041961123457", False, "Linky monophasé 3457"),
        ("041961123456", True, "Linky monophasé e517"),
        (None, False, "Compteur électrique c10d"),
    ],
)
def test_the_device_is_named_after_the_end_of_its_number(
    number: str | None, *, private: bool, name: str
) -> None:
    """
    Two meters of one kind have names, and so entity ids, of their own, whichever is found first.

    Of a number that is private, or of a meter without one, it is the hash of its ids.
    """
    sources = Sources("t/homeassistant", "t/status", "t/health")
    meter = meter_of(number, topic="teleinfo", private=private)

    assert json.loads(discovery.message(meter, [], sources))["dev"]["name"] == name


def test_the_device_has_the_version_of_the_program() -> None:
    """An upgrade renews it."""
    device = golden.announcer()
    golden.feed(device, golden.readings_of("hc", frames=3))

    assert golden.message_of(device)["dev"]["sw"] == f"teleinfo {__version__}"


def test_the_entities_of_the_line_are_available_while_the_meter_is_silent() -> None:
    """Or nobody would see that the line is silent: they expire with the daemon that reports it."""
    device = golden.announcer()
    golden.feed(device, golden.readings_of("hc", frames=3))
    components = golden.message_of(device)["cmps"]
    line = {key: component for key, component in components.items() if key.startswith("LIGNE_")}
    connection = line.pop("LIGNE_CONNEXION")

    assert all(component["avty"] == [] for component in line.values())
    assert all(component["stat_t"] == "teleinfo/health" for component in line.values())
    # Three messages may be lost.
    assert {component["exp_aft"] for component in line.values()} == {3 * HEALTH_INTERVAL}
    assert (connection["stat_t"], connection["avty"]) == ("teleinfo/status", [])
    assert (connection["p"], connection["dev_cla"]) == ("binary_sensor", "connectivity")
    assert not any("avty" in components[key] for key in components.keys() - line.keys() - {"LIGNE_CONNEXION"})


def test_the_origin_names_the_program_its_version_and_its_home() -> None:
    """Home Assistant shows it beside what is wrong with a device."""
    sources = Sources("t/homeassistant", "t/status", "t/health", url="https://example.org/teleinfo")
    meter = meter_of("041961123456", topic="t", private=False)

    assert json.loads(discovery.message(meter, [], sources))["o"] == {
        "name": "teleinfo",
        "sw": __version__,
        "url": "https://example.org/teleinfo",
    }
