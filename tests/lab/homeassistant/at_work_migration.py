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
"""Names of entities that a meter with HC has in historique and in standard."""
NOTICE = [Group("PEJP", "30", None, Mode.HISTORIQUE)]
"""A peak (EJP) begins in 30 minutes; mode standard has no such label."""


def registered(household: Household) -> dict[str, dict[str, Any]]:
    """
    Return the entries of our entities in Home Assistant's registry by their keys.

    The key is the end of the unique id: `PEJP` of `teleinfo_041961123456_PEJP`.
    """
    entries = {}
    for entry in household.hass.ask("config/entity_registry/list"):
        unique_id = str(entry.get("unique_id"))
        if unique_id.startswith("teleinfo_"):
            _teleinfo, _number, key = unique_id.split("_", 2)
            entries[key] = entry
    return entries


def orphans(household: Household) -> list[str]:
    """Return the ids of our enabled entities that nothing provides any more."""
    states = household.hass.states_by_id()
    ids = []
    for entry in registered(household).values():
        if entry["disabled_by"] is not None:
            continue
        state = states.get(entry["entity_id"])
        # Of an entity that nothing provides, Home Assistant restores the last state at its start.
        if state is None or state["attributes"].get("restored"):
            ids.append(entry["entity_id"])
    return ids


def faults_of_energy(household: Household) -> list[Any]:
    """Return what Home Assistant finds wrong with the Energy dashboard and statistics, or to be repaired."""
    with household.hass.asking() as ask:
        issues_by_source: list[list[Any]] = ask("energy/validate")["energy_sources"]
        issues_by_statistic: dict[str, Any] = ask("recorder/validate_statistics")
    faults = [issue for issues in issues_by_source for issue in issues]
    faults += issues_by_statistic.items()
    return faults + household.hass.repairs()


@pytest.mark.parametrize("household", ["hc"], indirect=True)
def test_a_change_of_mode_is_not_noticed(household: Household) -> None:
    """
    From historique to standard: every entity keeps its id, and the statistics go on.

    An entity that standard does not have, the notice of a peak, is unknown.
    """
    household.linky.besides = NOTICE
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    before = registered(household)
    energy = before["energy_import_total"]["entity_id"]
    household.hass.use_for_energy(energy)
    notice = before["PEJP"]["entity_id"]
    household.linky.besides = []
    in_standard = replace(METERS["hc"], mode=Mode.STANDARD)
    # The same meter: its indexes go on.
    household.linky.meter = Standard(in_standard, household.linky.meter.metrology)
    eventually(lambda: [] if "voltage_l1" in registered(household) else ["no voltage"])
    household.expect_right()

    after = registered(household)
    assert household.hass.states_by_id()[notice]["state"] == "unknown"
    for key, entry in before.items():
        assert after[key]["entity_id"] == entry["entity_id"], key
        assert after[key]["disabled_by"] == entry["disabled_by"], key
    states_by_name = household.hass.states()
    assert [name for name in IN_BOTH_MODES if f"{DEVICE} {name}" not in states_by_name] == []
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
    # With indexes of its own: the total of the daemon has to go on all the same.
    household.linky.meter = build("tempo", start=START, rng=random.Random(8), number=household.linky.number)
    eventually(lambda: [] if "index_HCJB" in registered(household) else ["no index of the blue days"])
    household.expect_right()

    after = registered(household)
    for key, entry in before.items():
        assert after[key]["entity_id"] == entry["entity_id"], key
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
