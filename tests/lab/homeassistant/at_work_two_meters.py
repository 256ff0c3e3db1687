"""
A real Home Assistant with two meters, one in each mode, of which one is removed.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_two_meters.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from tests.lab.homeassistant.at_work import LIMIT, Linky, _eventually
from tests.lab.homeassistant.hass_process import HassProcess
from tests.support.broker import MosquittoBroker
from tests.support.daemon import Daemon, settings_for
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real

HOUSEHOLD: Final = "Linky monophasé 3456"
PRODUCTION: Final = "Linky monophasé 4321"
SHOWN_OF_EACH: Final = ("Énergie soutirée", "Puissance active", "Tarif en cours", "Qualité de la ligne")
ITS_OWN_ECHO: Final = "No device components to cleanup"
"""It hears the empty message by which a device is removed once more, and finds nothing to remove."""


class Meter:
    """A simulated meter with a daemon of its own, which publishes on this topic."""

    def __init__(self, folder: Path, broker: MosquittoBroker, linky: Linky, topic: str) -> None:
        folder.mkdir()
        self.topic = topic
        self.number = linky.number
        self.daemon: Daemon
        self._linky = linky
        self._broker = broker
        self._folder = folder

    def start(self, **more: object) -> None:
        """Start the daemon with these settings besides."""
        settings = settings_for(self._broker, self._linky.line) | {
            "homeassistant": True,
            "language": "fr",
            "state_interval": 1,
            "mqtt_topic": self.topic,
            "mqtt_client_id": self.topic.replace("/", "-"),
        }
        self.daemon = Daemon(self._folder, **settings | more)
        self.daemon.start()

    def restart(self, **more: object) -> None:
        """Restart the daemon with these settings besides."""
        self.daemon.stop()
        self.start(**more)

    def forget(self) -> None:
        """Stop the daemon, and clear what the broker retains of the meter, as the page says."""
        self.daemon.stop()
        command = [sys.executable, "-m", "teleinfo", "--env-file", os.devnull, "forget"]
        subprocess.run(command, env=self.daemon.environ, check=True, capture_output=True, timeout=LIMIT)

    def __enter__(self) -> Self:
        self._linky.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.daemon.__exit__()
        self._linky.__exit__()


class Site:
    """A broker, Home Assistant, and the meters of the household and of the production."""

    def __init__(self, folder: Path, venv: Path) -> None:
        self.broker = MosquittoBroker(folder)
        self.hass = HassProcess(venv, folder, self.broker)
        linkys = Linky("hc"), Linky("standard", number="041961654321")
        topics = "teleinfo", "teleinfo/production"
        self.household, self.production = (
            Meter(folder / topic.replace("/", "-"), self.broker, linky, topic)
            for linky, topic in zip(linkys, topics, strict=True)
        )

    def devices(self) -> dict[str, dict[str, Any]]:
        """Return our devices in Home Assistant by their names."""
        found = self.hass.ask("config/device_registry/list")
        return {one["name"]: one for one in found if one["manufacturer"] == "Landis+Gyr"}

    def entities(self, meter: Meter) -> dict[str, tuple[str, str]]:
        """Return id and name of the entities of a meter in the registry, by their unique ids."""
        return {
            entry["unique_id"]: (entry["entity_id"], entry["original_name"])
            for entry in self.hass.ask("config/entity_registry/list")
            if f"_{meter.number}_" in str(entry["unique_id"])
        }

    def expect_shown(self, *names: str) -> None:
        """Return once our devices are these, and each shows what every meter has."""

        def missing() -> list[str]:
            devices, states = self.devices(), self.hass.states()
            shown = [f"{name} {entity}" for name in names for entity in SHOWN_OF_EACH]
            return sorted(devices.keys() ^ set(names)) + [
                name
                for name in shown
                if states.get(name, {}).get("state", "absent") in {"absent", "unknown", "unavailable"}
            ]

        _eventually(missing)

    def retained(self, meter: Meter) -> set[str]:
        """Return the topics on which the broker retains a message of discovery of this meter."""
        with Subscriber(self.broker.host, self.broker.port, "homeassistant/#") as subscriber:
            return {topic for topic in subscriber.retained() if meter.number in topic}

    def complaints(self) -> list[str]:
        """Return what Home Assistant complains of, and wants to be repaired."""
        found = [line for line in self.hass.complaints() if ITS_OWN_ECHO not in line]
        return found + [str(repair) for repair in self.hass.repairs()]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Return a site of which the broker, Home Assistant and the meters run, but no daemon."""
    venv = os.environ.get("HOMEASSISTANT_VENV", "")
    if not venv:
        pytest.skip("HOMEASSISTANT_VENV names no virtual environment with Home Assistant")
    found = Site(tmp_path, Path(venv))
    with found.broker, found.household, found.production, found.hass:
        yield found


def expect_ids(device: str, entities: dict[str, tuple[str, str]]) -> None:
    """Expect of the entities of a device that their ids begin with its name, which ends with four digits."""
    prefix = device.lower().replace("é", "e").replace(" ", "_")
    assert entities
    assert all(entity_id.partition(".")[2].startswith(prefix) for entity_id, _name in entities.values())


def test_two_meters_differ_from_the_start_and_one_is_forgotten(site: Site) -> None:
    site.household.start()
    site.expect_shown(HOUSEHOLD)
    site.production.start()
    site.expect_shown(HOUSEHOLD, PRODUCTION)
    household, production = site.entities(site.household), site.entities(site.production)
    expect_ids(HOUSEHOLD, household)
    expect_ids(PRODUCTION, production)

    site.production.restart(meter_name="Toit")
    site.expect_shown(HOUSEHOLD, "Toit")
    assert site.entities(site.production) == production

    site.production.forget()
    site.expect_shown(HOUSEHOLD)
    assert site.retained(site.production) == set()
    assert site.entities(site.production) == {}
    assert site.entities(site.household) == household
    assert site.complaints() == []
