"""
A real Home Assistant while the program is upgraded from an earlier version, whose own messages come first.

    make test-homeassistant TESTS=tests/homeassistant/at_work_upgrade.py
"""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.homeassistant.at_work import LIMIT, PERIOD, Household, _eventually
from tests.homeassistant.at_work_examples import entities_in
from tests.homeassistant.at_work_migration import (
    _expect_statistics_of_what_was_drawn,
    faults_of_energy,
    orphans,
    registered,
)
from tests.homeassistant.test_former_keys import earlier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

METER = "hc"
VERSIONS = {
    "0.1.0": ("teleinfo/homeassistant", "PAPP", "INDEX_TOTAL_HC"),
    "0.2.0": ("teleinfo/state", "power_apparent", "energy_import"),
}
"""The topic of the states of each version, and its keys of the power and of the energy."""
HEALTH = {"line": "good", "bad_groups_percent": 0.0, "mode": "historique", "baudrate": 1200}
RENAMED = "sensor.puissance_de_la_maison"
CONFIGURATION = f"""
frontend:
automation:
  - id: heat
    alias: Chauffage
    triggers:
      - trigger: state
        entity_id: {RENAMED}
    actions:
      - event: too_much
"""
PRICE = 0.2
DASHBOARD = "tableau-linky"


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    """Return a household with nothing but its broker and its meter running."""
    with Household(tmp_path, METER, more=CONFIGURATION) as all_together:
        yield all_together


def publish_as(household: Household, version: str) -> None:
    """Publish what this version published, with the indexes that the meter has now."""
    message = earlier(METER, version)
    topic, states = message.pop("topic"), message.pop("states")
    indexes = dict(zip(("HCHC", "HCHP"), map(int, household.linky.meter.metrology.supplier), strict=False))
    if version == "0.1.0":
        states |= indexes | {"INDEX_TOTAL_HC": sum(indexes.values())}
    else:
        energies = states["energy"]
        energies["import_total"] = sum(indexes.values())
        for label, index in indexes.items():
            energies["indexes"][label]["value"] = index
    household.publish("teleinfo/status", b"online")
    household.publish("teleinfo/health", json.dumps(HEALTH).encode())
    household.publish(VERSIONS[version][0], json.dumps(states).encode())
    household.publish(topic, json.dumps(message).encode())


def retained(household: Household, topic: str) -> bytes:
    """Return the retained message of a topic, empty if there is none."""
    broker = household.broker
    command = ["mosquitto_sub", "-h", broker.host, "-p", str(broker.port), "-C", "1", "-W", "3", "-t", topic]
    return subprocess.run(command, capture_output=True, check=False).stdout


def last_triggered(household: Household) -> str:
    """Return when the automation last ran."""
    states = household.hass._states()
    automation = next(state for state in states if state["entity_id"].startswith("automation."))
    return str(automation["attributes"].get("last_triggered"))


def faults_of_card(household: Household) -> list[str]:
    """Return the entities of the card that Home Assistant does not have, or whose state is unavailable."""
    card = household.hass.ask("lovelace/config", url_path=DASHBOARD)
    states = {state["entity_id"]: state["state"] for state in household.hass._states()}
    assert entities_in(card)
    return [entity for entity in entities_in(card) if states.get(entity, "unavailable") == "unavailable"]


def ids(entries: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the entity ids of those that are enabled, by the end of their unique ids."""
    return {key: entry["entity_id"] for key, entry in entries.items() if entry["disabled_by"] is None}


@pytest.mark.parametrize("home_assistant", ["up", "down", "restarted"])
@pytest.mark.parametrize("version", VERSIONS)
def test_nobody_notices_the_upgrade(household: Household, version: str, home_assistant: str) -> None:
    """
    Home Assistant is up during the upgrade, or down, or restarted in the midst of it.

    1. The earlier version runs. The Energy dashboard counts the total, with costs; an automation watches an
    entity whose id the household has changed; a card shows all entities. 2. The upgrade. 3. Each entity has
    the id that it had, and shows the new states, also on the card; the automation runs; statistics and costs
    go on from where they were. Nothing is orphaned, to be repaired, or left at the broker, and Home Assistant
    has logged nothing. 4. The same after a restart.
    """
    hass, household.upgraded = household.hass, True
    _topic, power, total = VERSIONS[version]
    hass.start()
    publish_as(household, version)
    _eventually(lambda: sorted({power, total, "LIGNE_QUALITE"} - registered(household).keys()))
    before = registered(household)
    energy = before[total]["entity_id"]
    hass.ask("config/entity_registry/update", entity_id=before[power]["entity_id"], new_entity_id=RENAMED)
    hass.use_for_energy(energy, price=PRICE)
    for _ in range(3):
        time.sleep(PERIOD)
        publish_as(household, version)
    before = registered(household)
    cost = f"{energy}_cost"
    _eventually(lambda: [] if cost in {state["entity_id"] for state in hass._states()} else [cost])
    hass.ask("lovelace/dashboards/create", url_path=DASHBOARD, title="Linky", mode="storage")
    card = {"type": "entities", "entities": [{"entity": each} for each in (*ids(before).values(), cost)]}
    hass.ask("lovelace/config/save", url_path=DASHBOARD, config={"views": [{"cards": [card]}]})

    household.publish("teleinfo/status", b"offline")
    if home_assistant == "down":
        hass.stop(limit=LIMIT)
    household.daemon.start()
    if home_assistant == "restarted":
        hass.stop(limit=LIMIT)
    household.daemon.expect_log("le compteur est annoncé à Home Assistant")
    if home_assistant != "up":
        hass.start()
    household.expect_right()
    triggered = last_triggered(household)
    _eventually(lambda: [] if last_triggered(household) != triggered else ["the automation did not run"])

    for expected in ("upgraded", "restarted"):
        after = registered(household)
        found = {key: entry["entity_id"] for key, entry in after.items() if key in before}
        removed = {"MOTDETAT"} & before.keys()
        print(  # noqa: T201 - the figures of the upgrade
            f"{version}, {home_assistant}, {expected}: {len(ids(before))} entity ids before, "
            f"{len(ids(before).items() & found.items())} after"
        )
        assert ids(before).items() <= found.items()
        assert before.keys() - after.keys() <= removed
        assert orphans(household) == []
        assert faults_of_card(household) == []
        household.daemon.stop(limit=LIMIT)
        household.daemon.start()
        household.expect_right()
    assert b"METER" not in retained(household, "teleinfo/homeassistant")
    _expect_statistics_of_what_was_drawn(household, energy)
    assert faults_of_energy(household) == []
    assert hass.complaints() == []
