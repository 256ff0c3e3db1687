"""An upgrade from version 0.1.0 or 0.2.0; `version_0_1_0` and `version_0_2_0` have their own messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.homeassistant.former_keys import REMOVED
from tests.homeassistant.golden import Followed, readings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ABBREVIATIONS = {
    "platform": "p",
    "device_class": "dev_cla",
    "state_class": "stat_cla",
    "unit_of_measurement": "unit_of_meas",
}


def folder(version: str) -> Path:
    """Return the folder of the messages of a version."""
    return Path(__file__).parent / f"version_{version.replace('.', '_')}"


METERS, METERS_0_2_0 = (
    sorted(path.stem for path in folder(version).glob("*.json")) for version in ("0.1.0", "0.2.0")
)


def earlier(meter: str, version: str = "0.1.0") -> dict[str, Any]:
    """Return the components, and the states, of a version for a meter."""
    found: dict[str, Any] = json.loads((folder(version) / f"{meter}.json").read_text(encoding="utf-8"))
    return found


def upgraded(meter: str, *, kept: Mapping[str, str] | None = None) -> Followed:
    """Return the meter as the present version announces it, after 0.1.0 or, later, with the `kept` keys."""
    device = Followed()
    states = earlier(meter)["states"]
    if kept is None:
        device.announcer.former = (states["METER"], states)
    readings = readings_of(meter)
    device.feed(readings[:1])
    device.tracker.kept_keys = kept or {}
    device.feed(readings[1:])
    return device


@pytest.mark.parametrize("meter", METERS)
def test_an_entity_of_0_1_0_goes_on_under_its_own_key(meter: str) -> None:
    """
    What it is stays: platform, unique id, device class, state class and unit. No key is there twice.

    An entity that is no more is removed; only entities that were disabled at first are, and those of phases.
    """
    before, device = earlier(meter)["cmps"], upgraded(meter)
    after = device.message["components"]

    for key, old in before.items():
        new = after[key]
        if new.keys() == {"platform"}:
            assert key in REMOVED
            assert new["platform"] == old["p"]
            assert old.get("en") is False or key.startswith(("PPOT_", "ADIR"))
            continue
        assert new["unique_id"] == old["uniq_id"]
        for part, abbreviation in ABBREVIATIONS.items():
            # A choice was a text, or begins as a text; that cover was "opening", and is a problem.
            if "ops" not in old and key != "STGE_CACHE_BORNES":
                assert new.get(part) == old.get(abbreviation), (key, part)
        if "options" in new:  # otherwise Home Assistant would refuse the state that it shows
            assert set(old["ops"]) <= set(new["options"]), key


@pytest.mark.parametrize("meter", METERS_0_2_0)
def test_an_entity_of_0_2_0_goes_on_under_its_own_key(meter: str) -> None:
    """Platform, unique id, device class, state class and unit stay; a text may have become a choice."""
    device = Followed()
    device.feed(readings_of(meter))
    after = device.message["components"]

    for key, old in earlier(meter, "0.2.0")["cmps"].items():
        assert after[key]["unique_id"] == old["uniq_id"]
        for part, abbreviation in ABBREVIATIONS.items():
            if abbreviation in old and key != "alert_terminal_cover_open":
                assert after[key].get(part) == old[abbreviation], (key, part)
        if "ops" in old:  # otherwise Home Assistant would refuse the state that it shows
            assert set(old["ops"]) <= set(after[key]["options"]), key


@pytest.mark.parametrize("meter", METERS)
def test_the_keys_are_the_same_after_a_restart(meter: str) -> None:
    """The memory has them; nothing is removed a second time."""
    first = upgraded(meter)
    second = upgraded(meter, kept=first.tracker.kept_keys)

    assert second.tracker.kept_keys == first.tracker.kept_keys
    announced = {key for key, component in first.message["components"].items() if "name" in component}
    assert second.message["components"].keys() == announced


def test_a_household_that_did_not_come_from_0_1_0_has_the_keys_of_today() -> None:
    """Also if 0.1.0 left the states of another meter."""
    fresh, other = Followed(), Followed()
    other.announcer.former = ("041961999999", {"PAPP": 1940})
    for device in (fresh, other):
        device.feed(readings_of("hc"))

        assert "power_apparent" in device.message["components"]
        assert "PAPP" not in device.message["components"]
        assert device.tracker.kept_keys == {}


def test_two_entities_never_have_one_key() -> None:
    """Under another contract the étiquette of an index counts something else, which is another entity."""
    device = upgraded("standard")
    assert device.tracker.kept_keys["index_HC"] == "EASF01"
    device.feed(readings_of("standard-tempo"))
    keys = [entity.key for entity in device.announcer._announced.values()]

    assert len(set(keys)) == len(keys)
