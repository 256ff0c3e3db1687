"""
A real Home Assistant while Enedis changes the mode or the contract of the meter, or the user the discovery.

    make test-homeassistant TESTS=tests/homeassistant/at_work_migration.py
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from teleinfo.homeassistant.announcer import CONFIRM_WITHIN
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode
from tests.homeassistant.at_work import DEVICE, PERIOD, Household, _eventually
from tests.support.daemon import Daemon, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

IN_BOTH_MODES = (
    *("Contrat", "Puissance souscrite", "Intensité souscrite", "Tarif en cours", "Énergie soutirée"),
    *("Heures creuses", "Heures pleines", "Puissance apparente", "Puissance active moyenne (calculée)"),
    *("Intensité", "Dépassement"),
)
NOTICE = [Group("PEJP", "30", None, Mode.HISTORIQUE)]
"""An étiquette that only historique has."""

STATISTICS_PERIOD = 300.0
"""Seconds: Home Assistant makes its short-term statistics at each full five minutes."""


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


def repairs(household: Household) -> list[Any]:
    """Return what Home Assistant asks its user to repair of sensors, of MQTT and of the Energy dashboard."""
    with household.hass.asking() as ask:
        issues = ask("repairs/list_issues")["issues"]
        found = [issue for issue in issues if issue["domain"] in {"mqtt", "sensor", "energy", "recorder"}]
        found += [fault for source in ask("energy/validate")["energy_sources"] for fault in source]
        statistics = ask("recorder/validate_statistics")
        return found + ([statistics] if statistics else [])


def shows(household: Household, name: str, text: str) -> list[str]:
    """Return what is shown of an entity where it is not `text`."""
    shown = household.hass.states().get(f"{DEVICE} {name}", {}).get("state", "absent")
    return [] if shown == text else [shown]


def test_a_change_of_mode_is_not_noticed(household: Household) -> None:
    """
    Enedis turns the meter from historique to standard.

    1. All is right, and the Energy dashboard counts "Énergie soutirée". 2. The mode changes. 3. Each entity
    of what both modes say is the one that it was, and shows the new state; what only historique had is
    removed; nothing is orphaned, nothing is to be repaired. 4. The statistics of the period in which it
    changed have the energy that was drawn, and not that of the index.
    """
    household.linky.besides = NOTICE
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    before = registered(household)
    energy = before["energy_import"]["entity_id"]
    household.hass.ask("energy/save_prefs", energy_sources=[_grid(energy)], device_consumption=[])
    assert before["PEJP"]["disabled_by"] is None
    _wait_for_a_period_of(60)
    first = float(household.state("Énergie soutirée"))
    household.linky.besides = []
    household.linky.become("standard")
    _eventually(lambda: [] if "voltage_1" in registered(household) else ["no voltage"])
    # One that is disabled stays in its registry, whatever it is told.
    _eventually(lambda: sorted({"PEJP"} & registered(household).keys()))
    household.expect_right()

    after = registered(household)
    for key, entry in before.items():
        if key != "PEJP":
            assert after[key]["entity_id"] == entry["entity_id"], key
            assert after[key]["disabled_by"] == entry["disabled_by"], key
    states = household.hass.states()
    assert {name for name in IN_BOTH_MODES if f"{DEVICE} {name}" not in states} == set()
    assert orphans(household) == []
    last = float(household.state("Énergie soutirée"))
    assert 0 <= last - first < 1000
    statistics = _statistics(household, energy)
    assert statistics
    assert statistics[-1]["sum"] <= last - first + 1000
    assert repairs(household) == []
    assert household.hass.complaints() == []


def _grid(entity: str) -> dict[str, Any]:
    return {
        "type": "grid",
        "flow_from": [
            {
                "stat_energy_from": entity,
                "stat_cost": None,
                "entity_energy_price": None,
                "number_energy_price": None,
            }
        ],
        "flow_to": [],
        "cost_adjustment_day": 0.0,
    }


def _wait_for_a_period_of(seconds: float) -> None:
    """Return at a moment with so much left until the next statistics are made."""
    left = STATISTICS_PERIOD - time.time() % STATISTICS_PERIOD
    if left < seconds:
        time.sleep(left + 1)


def _statistics(household: Household, entity: str) -> list[dict[str, Any]]:
    """Return the short-term statistics of an entity, once there are some that end from now on."""
    begin = datetime.now(UTC)
    found: list[dict[str, Any]] = []

    def missing() -> list[str]:
        rows = household.hass.ask(
            "recorder/statistics_during_period",
            start_time=(begin - timedelta(hours=1)).isoformat(),
            statistic_ids=[entity],
            period="5minute",
            types=["sum", "state"],
        )
        found[:] = rows.get(entity, [])
        ended = [row for row in found if row["end"] >= begin.timestamp() * 1000]
        return [] if ended else ["no statistics"]

    _eventually(missing, limit=STATISTICS_PERIOD + 60)
    return found


@pytest.mark.parametrize("household", ["standard-tempo"], indirect=True)
def test_an_index_that_begins_to_count_appears_enabled(household: Household) -> None:
    """
    A new contract, whose indexes are at zero until their first day.

    1. Tempo, and no red day yet. 2. The first red hours run: their index appears, enabled, at once. 3. The
    peak ones have counted: so do they. 4. Nothing is orphaned.
    """
    household.linky.without = {"EASF05", "EASF06"}
    household.linky.besides = [_index(5, 0), _index(6, 0)]
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    assert not {"index_HCJR", "index_HPJR"} & registered(household).keys()
    household.linky.without = {"EASF05", "EASF06", "NTARF", "LTARF"}
    household.linky.besides = [_index(5, 0), _index(6, 0), *_running("05", "HC  ROUGE")]
    _eventually(lambda: shows(household, "Heures creuses, jour rouge", "0"))
    household.linky.besides = [_index(5, 1200), _index(6, 0), *_running("05", "HC  ROUGE")]
    _eventually(lambda: shows(household, "Heures creuses, jour rouge", "1200"))
    household.linky.besides = [_index(5, 1200), _index(6, 1), *_running("06", "HP  ROUGE")]
    _eventually(lambda: shows(household, "Heures pleines, jour rouge", "1"))

    assert {registered(household)[f"index_{hours}JR"]["disabled_by"] for hours in ("HC", "HP")} == {None}
    assert orphans(household) == []
    assert household.hass.complaints() == []


@pytest.mark.parametrize("household", ["standard"], indirect=True)
def test_another_contract_keeps_the_device_and_the_total(household: Household) -> None:
    """
    HC becomes Tempo in mode standard, with indexes that begin at zero.

    1. All is right. 2. The supplier changes the contract. 3. The indexes of Tempo appear with their names and
    count; those of HC say nothing that is not theirs; the total goes on; the contract is named.
    """
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    total = float(household.state("Énergie soutirée"))
    before = registered(household)
    household.linky.without = {"NGTF", "NTARF", "LTARF", "EASF01", "EASF02"}
    contract = Group("NGTF", "     TEMPO      ", None, Mode.STANDARD)
    household.linky.besides = [_index(1, 5), _index(2, 0), contract, *_running("01", "HC  BLEU")]
    _eventually(lambda: shows(household, "Contrat", "Tempo"))
    _eventually(lambda: shows(household, "Heures creuses, jour bleu", "5"))
    _eventually(lambda: shows(household, "Heures creuses", "unknown"))

    after = registered(household)
    assert {key: after[key]["entity_id"] for key in before} == {
        key: entry["entity_id"] for key, entry in before.items()
    }
    assert float(household.state("Énergie soutirée")) >= total
    assert orphans(household) == []
    assert repairs(household) == []
    assert household.hass.complaints() == []


def _index(number: int, value: int) -> Group:
    return Group(f"EASF{number:02}", f"{value:09}", None, Mode.STANDARD)


def _running(number: str, name: str) -> list[Group]:
    """Return the groups of the tariff in force."""
    return [
        Group("NTARF", number, None, Mode.STANDARD),
        Group("LTARF", f"{name:^16}", None, Mode.STANDARD),
    ]


def test_the_other_form_of_the_discovery_takes_the_entities_over(household: Household) -> None:
    """
    One message for the device, or one for each entity: switched while the program is stopped, and back.

    The entities have the ids that they had, and Home Assistant complains of nothing.
    """
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    before = registered(household)
    settings = settings_for(household.broker, household.linky.line) | {"homeassistant": True}
    settings |= {"state_interval": 1}
    for form in ("components", "device"):
        household.daemon.stop()
        household.daemon = Daemon(household.folder, **settings, homeassistant_discovery=form)
        household.daemon.start()
        household.daemon.expect_log("Home Assistant is told of the meter")
        _eventually(lambda: shows(household, "Tarif en cours", "Heures pleines"))
        time.sleep(CONFIRM_WITHIN * PERIOD / 3)  # what is announced later would come by then
        after = registered(household)

        assert {key: entry["entity_id"] for key, entry in after.items()} == {
            key: entry["entity_id"] for key, entry in before.items()
        }, form
        assert orphans(household) == [], form
    # It says so of every empty message for a device that it does not know, to its own echo as well.
    known = "No device components to cleanup"
    assert [line for line in household.hass.complaints() if known not in line] == []
