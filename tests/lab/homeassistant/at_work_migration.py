"""
A real Home Assistant while the meter changes: Enedis sets another mode, or the supplier another contract.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_migration.py
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.standard import Standard
from teleinfo.tic.labels import Group, Mode
from tests.homeassistant.golden import START
from tests.lab.homeassistant.hass_process import STATISTICS_PERIOD
from tests.lab.homeassistant.household import DEVICE, eventually, expect_sum

if TYPE_CHECKING:
    from tests.lab.homeassistant.household import Household

pytestmark = pytest.mark.real

IN_BOTH_MODES = (
    *("Contrat", "Puissance souscrite", "Intensité souscrite", "Tarif en cours", "Énergie soutirée"),
    *("Heures creuses", "Heures pleines", "Puissance active"),
    *("Intensité", "Dépassement de la puissance souscrite"),
)
NOTICE = [Group("PEJP", "30", None, Mode.HISTORIQUE)]


def registered(household: Household) -> dict[str, dict[str, Any]]:
    """Return what Home Assistant's registry knows of our entities, by the end of their ids."""
    entries = household.hass.ask("config/entity_registry/list")
    return {
        str(entry["unique_id"]).split("_", 2)[2]: entry
        for entry in entries
        if str(entry.get("unique_id")).startswith("teleinfo_")
    }


def orphans(household: Household) -> list[str]:
    """Return the enabled entities of ours that nothing provides any more."""
    states = {state["entity_id"]: state for state in household.hass._states()}
    return [
        entry["entity_id"]
        for entry in registered(household).values()
        if entry["disabled_by"] is None
        and states.get(entry["entity_id"], {"attributes": {"restored": True}})["attributes"].get("restored")
    ]


def faults_of_energy(household: Household) -> list[Any]:
    """Return what Home Assistant finds wrong with the Energy dashboard and statistics, or to be repaired."""
    with household.hass.asking() as ask:
        found = [fault for source in ask("energy/validate")["energy_sources"] for fault in source]
        found += [ask("recorder/validate_statistics")]
    return [fault for fault in found if fault] + household.hass.repairs()


@pytest.mark.parametrize("household", ["hc"], indirect=True)
def test_a_change_of_mode_is_not_noticed(household: Household) -> None:
    household.linky.besides = NOTICE
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    before = registered(household)
    energy = before["energy_import_total"]["entity_id"]
    household.hass.use_for_energy(energy)
    notice = before["PEJP"]["entity_id"]
    household.linky.besides = []
    model = replace(METERS["hc"], mode=Mode.STANDARD)
    household.linky.meter = Standard(model, household.linky.meter.metrology)
    eventually(lambda: [] if "voltage_l1" in registered(household) else ["no voltage"])
    household.expect_right()

    after = registered(household)
    assert [state["state"] for state in household.hass._states() if state["entity_id"] == notice] == [
        "unknown"
    ]
    for key in before:
        assert after[key]["entity_id"] == before[key]["entity_id"], key
        assert after[key]["disabled_by"] == before[key]["disabled_by"], key
    named = household.hass.states()
    assert {name for name in IN_BOTH_MODES if f"{DEVICE} {name}" not in named} == set()
    _expect_statistics_of_what_was_drawn(household, energy)
    assert orphans(household) == []
    assert faults_of_energy(household) == []
    assert household.hass.complaints() == []


@pytest.mark.parametrize("household", ["hc"], indirect=True)
def test_a_change_of_contract_interrupts_no_statistics(household: Household) -> None:
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    before = registered(household)
    energy = before["energy_import_total"]["entity_id"]
    household.hass.use_for_energy(energy)
    household.linky.meter = build("tempo", start=START, rng=random.Random(8), number=household.linky.number)
    eventually(lambda: [] if "index_HCJB" in registered(household) else ["no index of the blue days"])
    household.expect_right()

    after = registered(household)
    assert {key: after[key]["entity_id"] for key in before} == {
        key: entry["entity_id"] for key, entry in before.items()
    }
    _expect_statistics_of_what_was_drawn(household, energy)
    assert faults_of_energy(household) == []
    assert household.hass.complaints() == []


def _expect_statistics_of_what_was_drawn(household: Household, energy: str) -> None:
    """
    Let Home Assistant make its statistics until now, and expect in them what the total rose by, and no more.

    It makes those of the periods that it missed when it starts: so nobody waits for the period to end.
    """
    household.restart_later(STATISTICS_PERIOD)
    expect_sum(household, energy)
