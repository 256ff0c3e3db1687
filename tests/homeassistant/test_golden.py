"""The whole message of each meter family, and the ids that no release may change."""

from __future__ import annotations

import json

import pytest

from teleinfo import __version__
from teleinfo.daemon.monitor import HEALTH_INTERVAL
from teleinfo.homeassistant.discovery import Discovery, device_topic
from teleinfo.mqtt.config import Topics
from teleinfo.simulator.catalogue import METERS
from teleinfo.state.device import device_of
from teleinfo.vocabulary.words import Language
from tests.homeassistant import golden

URL = "https://example.org/teleinfo"


def shown(
    number: str | None, *, private: bool = False, name: str | None = None, language: Language = Language.FR
) -> dict[str, object]:
    """Return what is said of the device of a meter."""
    meter = device_of(number, topic="teleinfo", private=private)
    discovery = Discovery("homeassistant", Topics("t"), language=language, meter_name=name, url=URL)
    message = json.loads(discovery.messages(meter, [])[device_topic("homeassistant", meter.scope)])
    found: dict[str, object] = message["dev"]
    return found


@pytest.mark.parametrize("meter", METERS)
def test_the_message_of_a_meter_is_that_of_its_file(meter: str) -> None:
    """Topic, device, availability and every component: a person has read them in the file."""
    expected = (golden.FOLDER / f"{meter}.json").read_text(encoding="utf-8")

    assert golden.content(meter) == expected, "if it is meant: python -m tests.homeassistant.golden"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("meter", METERS)
def test_no_two_entities_of_a_meter_have_the_same_name(meter: str, language: Language) -> None:
    """Home Assistant makes the id of an entity from its name."""
    device = golden.followed(meter, language=language)
    names = [component["name"] for component in device.message["cmps"].values()]

    assert len(set(names)) == len(names)


def test_the_ids_and_the_topic_are_frozen() -> None:
    """`teleinfo_<number>_<key>`: whoever changes one of these loses the history of every household."""
    device = golden.followed("standard-tempo")
    message = device.message
    ids = {component["uniq_id"] for component in message["cmps"].values()}

    assert list(device.announced) == ["homeassistant/device/teleinfo_041961123456/config"]
    assert message["dev"]["ids"] == ["teleinfo_041961123456"]
    assert all(component["uniq_id"].endswith(f"_{key}") for key, component in message["cmps"].items())
    assert {f"teleinfo_041961123456_{key}" for key in KEYS} <= ids


KEYS = {
    *("contract", "subscribed_power", "subscribed_current", "cut_off_power", "tariff"),
    *("tempo_today", "tempo_tomorrow", "energy_import", "power_apparent", "power_mean", "exporting"),
    *("power_max_today", "power_max_today_time", "power_max_yesterday", "load_curve_imported"),
    *("alert_overrun", "alert_overvoltage", "alert_terminal_cover_open", "alert_clock_degraded"),
    *("alert_mobile_peak_notice", "alert_mobile_peak", "breaker", "dry_contact", "relay_2", "clock"),
    *("current_1", "voltage_1", "mean_voltage_1", "VTIC", "EASD01", "NJOURF+1", "CCASN-1_HORODATE"),
    *(f"index_{hours}{colour}" for hours in ("HC", "HP") for colour in ("JB", "JW", "JR")),
    *("LIGNE_QUALITE", "LIGNE_ERREURS", "LIGNE_MODE", "LIGNE_VITESSE", "LIGNE_CONNEXION"),
}


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
    assert shown(number, private=private)["name"] == name


def test_the_device_has_the_name_that_the_user_gave() -> None:
    """TELEINFO_METER_NAME."""
    assert shown("041961123456", name="Garage")["name"] == "Garage"


def test_the_device_has_the_version_of_the_program() -> None:
    """An upgrade renews it."""
    assert shown("041961123456")["sw"] == f"teleinfo {__version__}"


def test_the_entities_of_the_line_are_available_while_the_meter_is_silent() -> None:
    """Or nobody would see that the line is silent: they go with the daemon that reports it."""
    components = golden.followed("hc").message["cmps"]
    line = {key: component for key, component in components.items() if key.startswith("LIGNE_")}
    connection = line.pop("LIGNE_CONNEXION")
    gone = "{{ 'offline' if value_json.problem in (none, 'stopped') else 'online' }}"
    availability = [{"topic": "teleinfo/health", "value_template": gone}, {"topic": "teleinfo/status"}]

    assert all(component["stat_t"] == "teleinfo/health" for component in line.values())
    assert all(component["avty"] == availability for component in line.values())
    assert {component["avty_mode"] for component in line.values()} == {"any"}
    # Three messages may be lost.
    assert {component["exp_aft"] for component in line.values()} == {3 * HEALTH_INTERVAL}
    assert (connection["stat_t"], connection["avty"]) == ("teleinfo/status", [])
    assert (connection["p"], connection["dev_cla"]) == ("binary_sensor", "connectivity")
    assert not any("avty" in components[key] for key in components.keys() - line.keys() - {"LIGNE_CONNEXION"})


def test_the_origin_names_the_program_its_version_and_its_home() -> None:
    """Home Assistant shows it beside what is wrong with a device."""
    meter = device_of("041961123456", topic="t", private=False)
    message = Discovery("homeassistant", Topics("t"), url=URL).messages(meter, [])[
        device_topic("homeassistant", meter.scope)
    ]

    assert json.loads(message)["o"] == {
        "name": "teleinfo",
        "sw": __version__,
        "url": "https://example.org/teleinfo",
    }
