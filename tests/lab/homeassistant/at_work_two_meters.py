"""
A real Home Assistant with two meters, one in each mode, of which one is removed.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_two_meters.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.lab.homeassistant.household import ABSENT, DEVICE, LIMIT, Household, Linky, eventually
from tests.support.daemon import Daemon, settings_for
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

NUMBERS: Final = ("041961123456", "041961654321")
PRODUCTION: Final = "Linky monophasé 4321"
SHOWN_OF_EACH: Final = ("Énergie soutirée", "Puissance active", "Tarif en cours", "Qualité de la ligne")
ITS_OWN_ECHO: Final = "No device components to cleanup"
"""It hears the empty message by which a device is removed once more, and finds nothing to remove."""


class TwoMeters(Household):
    """A household with a second meter, whose daemon, `production`, has its own topic and may be renamed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "hc")
        (folder / "production").mkdir()
        self.second = Linky("standard", number=NUMBERS[1])

    @property
    def production(self) -> Daemon:
        """A daemon of the second meter, which is not started."""
        settings = settings_for(self.broker, self.second.line)
        settings |= {"homeassistant": True, "language": "fr", "state_interval": 1}
        topic = "teleinfo/production"
        client = "teleinfo-production"
        return Daemon(self.folder / "production", **settings, mqtt_topic=topic, mqtt_client_id=client)

    def devices(self) -> dict[str, dict[str, Any]]:
        """Return our devices in Home Assistant by their names: the manufacturer is that of the meters."""
        devices = self.hass.ask("config/device_registry/list")
        return {device["name"]: device for device in devices if device["manufacturer"] == "Landis+Gyr"}

    def entities(self, number: str) -> dict[str, tuple[str, str]]:
        """Return id and name of the entities of the meter with this number, by their unique ids."""
        entities = {}
        for entry in self.hass.ask("config/entity_registry/list"):
            if f"_{number}_" in str(entry["unique_id"]):
                entities[entry["unique_id"]] = (entry["entity_id"], entry["original_name"])
        return entities

    def expect_shown(self, *names: str) -> None:
        """Return once our devices have exactly these names, and each shows what every meter has."""

        def faults() -> list[str]:
            missing_or_too_many = self.devices().keys() ^ set(names)
            faults = sorted(missing_or_too_many)
            states = self.hass.states()
            for device in names:
                for entity in SHOWN_OF_EACH:
                    name = f"{device} {entity}"
                    if states.get(name, ABSENT)["state"] in {"absent", "unknown", "unavailable"}:
                        faults.append(name)
            return faults

        eventually(faults)

    def complaints(self) -> list[str]:
        """Return what Home Assistant complains of, and wants to be repaired."""
        complaints = [complaint for complaint in self.hass.complaints() if ITS_OWN_ECHO not in complaint]
        return complaints + [str(repair) for repair in self.hass.repairs()]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[TwoMeters]:
    """Return a household whose broker, Home Assistant and meters run, but no daemon."""
    with TwoMeters(tmp_path) as both, both.second:
        both.hass.start()
        yield both


def expect_ids(prefix: str, entities: dict[str, tuple[str, str]]) -> None:
    """Expect of the entities of a device that each id is `platform.prefix…`."""
    assert entities
    for entity_id, _name in entities.values():
        _platform, _dot, object_id = entity_id.partition(".")
        assert object_id.startswith(prefix), entity_id


def test_two_meters_differ_from_the_start_and_one_is_forgotten(both: TwoMeters) -> None:
    """
    1. The second meter comes: both are shown, each with ids of its own. 2. It gets a name: its ids stay.

    3. It is forgotten: Home Assistant and the broker have nothing of it, and the first one is as before.
    """
    both.daemon.start()
    both.expect_shown(DEVICE)
    with both.production as production:
        both.expect_shown(DEVICE, PRODUCTION)
        first, second = (both.entities(number) for number in NUMBERS)
        if both.hass.newest:
            expect_ids("teleinfo_", first)
            expect_ids("teleinfo_production_", second)
        else:
            expect_ids("linky_monophase_3456_", first)
            expect_ids("linky_monophase_4321_", second)
        production.stop()
        production.environ["TELEINFO_METER_NAME"] = "Toit"
        production.start()
        both.expect_shown(DEVICE, "Toit")
        assert both.entities(NUMBERS[1]) == second
        production.stop()
        # As the page says: this clears what the broker retains of the meter.
        command = [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "forget"]
        subprocess.run(command, env=production.environ, check=True, capture_output=True, timeout=LIMIT)
    both.expect_shown(DEVICE)
    with Subscriber(both.broker.host, both.broker.port, "homeassistant/#") as subscriber:
        assert [topic for topic in subscriber.retained() if NUMBERS[1] in topic] == []
    assert both.entities(NUMBERS[1]) == {}
    assert both.entities(NUMBERS[0]) == first
    assert both.complaints() == []
