"""
The entity ids in a real Home Assistant, whatever the language and the number, and when the meter is replaced.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_entity_ids.py
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import pytest

from teleinfo.simulator.catalogue import build
from tests.homeassistant.golden import START
from tests.lab.homeassistant.household import LIMIT, Household, Linky, eventually

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

NUMBERS: Final = ("041961123456", "041961654321")
ON_THE_PAGES: Final = {
    *("sensor.teleinfo_power_active", "sensor.teleinfo_headroom_used", "sensor.teleinfo_energy_import_total"),
    *("sensor.teleinfo_tempo_today", "sensor.teleinfo_index_hcjb", "sensor.teleinfo_line_quality"),
    *("binary_sensor.teleinfo_alert_overrun", "binary_sensor.teleinfo_line_connection"),
    "event.teleinfo_event",
}
"""Some of the ids of a meter with Tempo, as a dashboard has them."""
ITS_OWN_ECHO: Final = "No device components to cleanup"
"""It hears the empty message by which a device is removed once more, and finds nothing to remove."""


def ids_of(household: Household, number: str) -> dict[str, str]:
    """Return the ids in the registry of the entities of the meter with this number, by their keys."""
    prefix = f"teleinfo_{number}_"
    ids = {}
    for entry in household.hass.ask("config/entity_registry/list"):
        unique_id = str(entry["unique_id"])
        if unique_id.startswith(prefix):
            ids[unique_id.removeprefix(prefix)] = entry["entity_id"]
    return ids


def complaints(household: Household) -> list[str]:
    """Return what Home Assistant complains of, but for the echo that it hears when a device is removed."""
    return [complaint for complaint in household.hass.complaints() if ITS_OWN_ECHO not in complaint]


def replace_meter(household: Household) -> None:
    """Let the next frames be those of the second number."""
    household.linky.meter = build("tempo", start=START, rng=random.Random(8), number=NUMBERS[1])


@pytest.mark.parametrize(("language", "number"), [("fr", NUMBERS[0]), ("en", NUMBERS[0]), ("fr", NUMBERS[1])])
def test_the_ids_are_those_of_the_pages(tmp_path: Path, language: str, number: str) -> None:
    """The oldest Home Assistant, which does not know them, makes ids of names, and does not complain."""
    with Household(tmp_path, "tempo", linky=Linky("tempo", number=number)) as household:
        household.daemon.environ["TELEINFO_LANGUAGE"] = language
        household.hass.start()
        household.daemon.start()
        household.expect_right()
        ids = ids_of(household, number)
        proposed = household.proposed_ids()

        assert ids.keys() == proposed.keys()
        if household.hass.newest:
            assert ids == proposed
            assert set(ids.values()) >= ON_THE_PAGES
        else:
            assert set(ids.values()).isdisjoint(proposed.values())
        assert household.hass.complaints() == []
        assert household.hass.repairs() == []


@pytest.mark.parametrize("stopped", ["nothing", "daemon", "hass"])
def test_a_meter_that_replaces_another_has_its_ids(household: Household, stopped: str) -> None:
    """
    The new meter is another device. The daemon may be stopped while the meter is replaced.

    If Home Assistant is stopped then, it keeps the old device with its ids: those of the new one end with
    `_2`.
    """
    if not household.hass.newest:
        pytest.skip("Home Assistant before 2025.10 makes the id of an entity from its name")
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    before = ids_of(household, NUMBERS[0])
    if stopped == "daemon":
        household.daemon.stop(limit=LIMIT)
    if stopped == "hass":
        household.hass.stop(limit=LIMIT)
    replace_meter(household)
    if stopped == "daemon":
        household.daemon.start()
    if stopped == "hass":
        # It must not start before the new meter is announced.
        eventually(lambda: [] if NUMBERS[1] in str(household.device()) else ["the old meter"])
        household.hass.start()

    def keys_that_are_missing() -> list[str]:
        return sorted(before.keys() - ids_of(household, NUMBERS[1]).keys())

    eventually(keys_that_are_missing)
    household.expect_right()

    new = ids_of(household, NUMBERS[1])
    old = ids_of(household, NUMBERS[0])
    # A new meter may have entities that the old one had not.
    of_old_keys = {key: new[key] for key in before}
    if stopped == "hass":
        assert of_old_keys == {key: f"{entity_id}_2" for key, entity_id in before.items()}
        assert old == before
    else:
        assert of_old_keys == before
        assert old == {}
    assert complaints(household) == []
