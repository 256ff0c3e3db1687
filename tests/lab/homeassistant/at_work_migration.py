"""
A real Home Assistant while Enedis changes the mode or the contract of the meter, or the user the discovery.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_migration.py
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.simulator import tariff
from teleinfo.simulator.catalogue import METERS
from teleinfo.simulator.historique import Historique
from teleinfo.simulator.load_profile import Household as LoadProfile
from teleinfo.simulator.meter import SimulatedMeter, format_index
from teleinfo.simulator.metrology import Metrology
from teleinfo.simulator.standard import Standard
from teleinfo.tic.labels import Group, Mode
from tests.homeassistant.golden import START
from tests.lab.homeassistant.at_work import DEVICE, LIMIT, Household, _eventually, expect_sum
from tests.lab.homeassistant.hass_process import STATISTICS_PERIOD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

IN_BOTH_MODES = (
    *("Contrat", "Puissance souscrite", "Intensité souscrite", "Tarif en cours", "Énergie soutirée"),
    *("Heures creuses", "Heures pleines", "Puissance active"),
    *("Intensité", "Dépassement de la puissance souscrite"),
)
NOTICE = [Group("PEJP", "30", None, Mode.HISTORIQUE)]
ONLY_HISTORIQUE = {"PEJP", "IMAX", "HHPHC"}
"""The entities of what only historique says; an older Home Assistant keeps those that are disabled."""

NUMBER = METERS["hc"].number
TEMPO = {
    "HCJB": "Heures creuses, jour bleu",
    "HPJB": "Heures pleines, jour bleu",
    "HCJW": "Heures creuses, jour blanc",
    "HPJW": "Heures pleines, jour blanc",
    "HCJR": "Heures creuses, jour rouge",
    "HPJR": "Heures pleines, jour rouge",
}
"""The names of the indexes by the ends of their ids, in the order of the meter."""
HALF_DAYS = [
    START.replace(hour=hour) + dt.timedelta(days=day)
    for day in range(8)
    for hour in (7, 23)
    if START < START.replace(hour=hour) + dt.timedelta(days=day) < START + dt.timedelta(days=7)
]
"""A morning and an evening of each day of the week that begins with the meter, at noon."""
CLOSE = 50
"""Wh that the meter may count until Home Assistant has shown an index, on a busy machine."""


@pytest.fixture(params=["hc"])
def household(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Household]:
    """Return a household with nothing but its broker and its meter running."""
    with Household(tmp_path, request.param) as all_together:
        yield all_together


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


def shows(household: Household, name: str, text: str) -> list[str]:
    """Return what is shown of an entity where it is not `text`."""
    shown = household.hass.states().get(f"{DEVICE} {name}", {}).get("state", "absent")
    return [] if shown == text else [shown]


def test_a_change_of_mode_is_not_noticed(household: Household) -> None:
    household.linky.besides = NOTICE
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    before = registered(household)
    energy = before["energy_import"]["entity_id"]
    household.hass.use_for_energy(energy)
    assert before["PEJP"]["disabled_by"] is None
    household.linky.besides = []
    model = replace(METERS["hc"], mode=Mode.STANDARD)
    household.linky.meter = Standard(model, household.linky.meter.metrology)
    _eventually(lambda: [] if "voltage_1" in registered(household) else ["no voltage"])
    _eventually(lambda: sorted({"PEJP"} & registered(household).keys()))
    household.expect_right()

    after = registered(household)
    for key in before.keys() - ONLY_HISTORIQUE:
        assert after[key]["entity_id"] == before[key]["entity_id"], key
        assert after[key]["disabled_by"] == before[key]["disabled_by"], key
    states = household.hass.states()
    assert {name for name in IN_BOTH_MODES if f"{DEVICE} {name}" not in states} == set()
    _expect_statistics_of_what_was_drawn(household, energy)
    assert orphans(household) == []
    assert faults_of_energy(household) == []
    assert household.hass.complaints() == []


def _expect_statistics_of_what_was_drawn(household: Household, energy: str) -> None:
    """
    Let Home Assistant make its statistics until now, and expect in them what the total rose by, and no more.

    It makes those of the periods that it missed when it starts: so nobody waits for the period to end.
    """
    household.hass.stop(limit=LIMIT)
    household.hass.start_later(STATISTICS_PERIOD)
    household.expect_right()
    expect_sum(household, energy)


class Renewed(Standard):
    """A meter in mode standard whose supplier indexes began at zero when it had counted `before`, Wh."""

    before = 0

    def _groups(self) -> list[Group]:
        total = format_index(self.before + sum(map(int, self.metrology.supplier)))
        groups = super()._groups()
        return [group._replace(value=total) if group.label == "EAST" else group for group in groups]


def base(mode: Mode) -> SimulatedMeter:
    """Return a meter with the contract Base."""
    return _meter(mode, tariff.BASE, START)


def tempo_after(meter: SimulatedMeter) -> SimulatedMeter:
    """Return the same meter when its contract has become Tempo: the new indexes begin at zero."""
    renewed = _meter(meter.model.mode, tariff.TEMPO, meter.metrology.now)
    renewed.metrology.supplier[:] = [0.0] * len(renewed.metrology.supplier)
    if isinstance(renewed, Renewed):
        renewed.before = sum(map(int, meter.metrology.supplier))
    return renewed


def _meter(mode: Mode, contract: tariff.SimulatedContract, now: dt.datetime) -> SimulatedMeter:
    rng = random.Random(7)
    load = LoadProfile(rng=rng).power
    metrology = Metrology(start=now, load_profile=load, contract=contract, phases=1, rng=rng)
    model = replace(METERS["tempo"], mode=mode, contract=contract, number=NUMBER)
    return (Renewed if mode is Mode.STANDARD else Historique)(model, metrology)


@pytest.mark.parametrize("mode", list(Mode))
def test_another_contract_keeps_the_device_and_the_total(household: Household, mode: Mode) -> None:
    """
    Base becomes Tempo, whose indexes are at zero until their first day, and a week goes by.

    1. All is right with Base, and the Energy dashboard counts "Énergie soutirée". 2. The contract changes: it
    is named. 3. The half-days of a week: each index is there, enabled, when it begins to count (in standard
    not before), and shows what the meter says. 4. The statistics have what was drawn in the week; the index
    of Base stays disabled; nothing is orphaned, nothing is to be repaired.
    """
    # Else each half-day would wait up to five minutes until the indexes are shown.
    household.daemon.environ["TELEINFO_STATE_INTERVAL"] = "0"
    linky = household.linky
    linky.meter = base(mode)
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    assert household.state("Contrat") == "Base"
    before = registered(household)
    energy = before["energy_import"]["entity_id"]
    household.hass.use_for_energy(energy)
    linky.meter = tempo_after(linky.meter)
    _eventually(lambda: shows(household, "Contrat", "Tempo"))
    for half_day in HALF_DAYS:
        linky.ahead = half_day - START
        name = list(TEMPO.values())[tariff.TEMPO.period(half_day).index]
        _eventually(partial(shows, household, "Tarif en cours", name))
        _eventually(lambda: _wrong_indexes(household))

    after = registered(household)
    assert {key: after[key]["entity_id"] for key in before} == {
        key: entry["entity_id"] for key, entry in before.items()
    }
    assert {after[f"index_{key}"]["disabled_by"] for key in TEMPO} == {None}
    if mode is Mode.STANDARD:  # the total showed its energy, too
        assert after["index_TH"]["disabled_by"] == "integration"
    _expect_statistics_of_what_was_drawn(household, energy)
    assert orphans(household) == []
    assert faults_of_energy(household) == []
    assert household.hass.complaints() == []


def _wrong_indexes(household: Household) -> list[str]:
    """Return the indexes of Tempo that are shown too early, or not as the meter has them."""
    # In historique each has an étiquette of its own, which means nothing else.
    waits = household.linky.meter.model.mode is Mode.STANDARD
    states = household.hass.states()
    found = []
    for name, counted in zip(TEMPO.values(), household.linky.meter.metrology.supplier, strict=False):
        shown = states.get(f"{DEVICE} {name}", {}).get("state", "absent")
        if counted < 1 and waits:
            assert shown == "absent", f"{name} is there before it counts"
        elif not shown.isdecimal() or abs(int(shown) - counted) > CLOSE:
            found.append(f"{name}: {shown}, not {counted}")
    return found
