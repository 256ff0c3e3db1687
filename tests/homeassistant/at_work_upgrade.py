"""
A real Home Assistant while the program is upgraded from version 0.1.0, whose own messages come first.

    make test-homeassistant TESTS=tests/homeassistant/at_work_upgrade.py
"""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.homeassistant.at_work import LIMIT, PERIOD, Household, _eventually
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

STATES = "teleinfo/homeassistant"
HEALTH = {"line": "good", "bad_groups_percent": 0.0, "mode": "historique", "baudrate": 1200}
RENAMED = "sensor.puissance_de_la_maison"
AUTOMATION = f"""
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


@pytest.fixture(params=["hc"])
def household(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Household]:
    """Return a household with nothing but its broker and its meter running."""
    with Household(tmp_path, request.param) as all_together:
        yield all_together


def publish_as_0_1_0(household: Household, meter: str) -> None:
    """Publish what version 0.1.0 published, with the indexes that the meter has now."""
    message = earlier(meter)
    topic, states = message.pop("topic"), message.pop("states")
    indexes = [int(index) for index in household.linky.meter.metrology.supplier]
    if "INDEX_TOTAL_HC" in states:
        states |= {"HCHC": indexes[0], "HCHP": indexes[1], "INDEX_TOTAL_HC": sum(indexes[:2])}
    household.publish("teleinfo/status", b"online")
    household.publish("teleinfo/health", json.dumps(HEALTH).encode())
    household.publish(STATES, json.dumps(states).encode())
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


def ids(entries: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the entity ids of those that are enabled, by the end of their unique ids."""
    return {key: entry["entity_id"] for key, entry in entries.items() if entry["disabled_by"] is None}


@pytest.mark.parametrize("home_assistant", ["up", "down", "restarted"])
def test_nobody_notices_the_upgrade_from_0_1_0(household: Household, home_assistant: str) -> None:
    """
    Home Assistant is up during the upgrade, or down, or restarted in the midst of it.

    1. 0.1.0 runs. The Energy dashboard counts "Index total", with costs; an automation watches an entity
    whose id the household has changed. 2. The upgrade. 3. Each entity has the id that it had, and shows the
    new states; the automation runs; statistics and costs go on from where they were. Nothing is orphaned, to
    be repaired, or left at the broker, and Home Assistant has logged nothing. 4. The same after a restart.
    """
    hass, household.upgraded = household.hass, True
    configuration = household.folder / "hass" / "configuration.yaml"
    configuration.write_text(configuration.read_text() + AUTOMATION)
    hass.start()
    publish_as_0_1_0(household, "hc")
    _eventually(lambda: sorted({"PAPP", "INDEX_TOTAL_HC", "LIGNE_QUALITE"} - registered(household).keys()))
    before = registered(household)
    energy = before["INDEX_TOTAL_HC"]["entity_id"]
    hass.ask("config/entity_registry/update", entity_id=before["PAPP"]["entity_id"], new_entity_id=RENAMED)
    hass.use_for_energy(energy, price=PRICE)
    for _ in range(3):
        time.sleep(PERIOD)
        publish_as_0_1_0(household, "hc")
    before = registered(household)
    cost = f"{energy}_cost"
    _eventually(lambda: [] if cost in {state["entity_id"] for state in hass._states()} else [cost])

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
            f"{home_assistant}, {expected}: {len(ids(before))} entity ids before, "
            f"{len(ids(before).items() & found.items())} after"
        )
        assert ids(before).items() <= found.items()
        assert before.keys() - after.keys() <= removed
        assert orphans(household) == []
        household.daemon.stop(limit=LIMIT)
        household.daemon.start()
        household.expect_right()
    assert b"METER" not in retained(household, STATES)
    _expect_statistics_of_what_was_drawn(household, energy)
    assert faults_of_energy(household) == []
    assert hass.complaints() == []
