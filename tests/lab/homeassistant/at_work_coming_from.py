"""
A household that comes from another reader: its energies and costs in a real Home Assistant go on.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_coming_from.py

The steps are those of docs/coming-from.md. Home Assistant names a sensor of a cost after the energy, and
knows it by the number of the energy's entry in its registry. The entry of the new entity has another number,
although it has the same id: so a second sensor of the cost appears at the next start of Home Assistant.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.lab.homeassistant.at_work_migration import registered
from tests.lab.homeassistant.hass_process import STATISTICS_PERIOD
from tests.lab.homeassistant.household import LIMIT, eventually

if TYPE_CHECKING:
    from tests.lab.homeassistant.household import Household

pytestmark = pytest.mark.real

OLD_CONFIG: Final = "homeassistant/sensor/other_reader_base/config"
OLD_TOPIC: Final = "other/base"
ENERGY: Final = "sensor.other_reader_base"
COST: Final = f"{ENERGY}_cost"
PRICE: Final = 0.2
"""€/kWh."""
BEGIN: Final = 57_000_000
"""The index of the meter in Wh when the other reader begins."""
OLD_ENTITY: Final = {
    "unique_id": "other_reader_base",
    "name": "BASE",
    "device": {"identifiers": ["other_reader"], "name": "Other reader"},
    "state_topic": OLD_TOPIC,
    "device_class": "energy",
    "state_class": "total_increasing",
    "unit_of_measurement": "Wh",
}
WANTED: Final = ("Cannot rename statistic_id", "Cannot migrate history")
"""What Home Assistant logs of an id that has statistics already: they are kept, as the page says."""


class Migration:
    """The household on its way from the other reader to ours; the clock is set ahead at each start."""

    def __init__(self, household: Household) -> None:
        self.household = household
        self._ahead = 0.0

    def use_other_reader(self) -> None:
        """Let the other reader count 10 kWh, which the Energy dashboard charges."""
        hass = self.household.hass
        hass.start()
        self.household.publish(OLD_CONFIG, json.dumps(OLD_ENTITY).encode())
        self.household.publish(OLD_TOPIC, str(BEGIN).encode())
        self.expect_energy(BEGIN)
        hass.use_for_energy(ENERGY, price=PRICE)
        eventually(lambda: [] if COST in self.states() else ["no cost"])
        for index in (BEGIN + 5_000, BEGIN + 10_000):
            self.household.publish(OLD_TOPIC, str(index).encode())
            self.expect_energy(index)
            self.restart()
            self.expect_energy(index)

    def restart(self) -> None:
        """Stop Home Assistant, and start it with its clock set ahead, so that it makes its statistics."""
        self._ahead += STATISTICS_PERIOD
        self.household.hass.stop(limit=LIMIT)
        self.household.hass.start_later(self._ahead)
        self.household.hass.ask("recorder/info")

    def states(self) -> dict[str, str]:
        """Return the text of each state by the id of its entity."""
        states = self.household.hass.states_by_id()
        return {entity_id: state["state"] for entity_id, state in states.items()}

    def expect_energy(self, index: float) -> None:
        """Return once the entity of the energy has this state, in Wh."""

        def other_state() -> list[str]:
            states = self.states()
            return [] if _number(states.get(ENERGY)) == index else [str(states)]

        eventually(other_state)

    def rename(self, entity_id: str, new: str) -> None:
        """Change the id of an entity."""
        ask = self.household.hass.ask
        ask("config/entity_registry/update", entity_id=entity_id, new_entity_id=new)

    def costs(self) -> dict[str, bool]:
        """
        Return the ids of the sensors of the cost in the registry: True for one that is still provided.

        Of a sensor that it does not provide any more, Home Assistant restores the last state at its start.
        """
        states = self.household.hass.states_by_id()
        is_provided = {}
        for entry in self.household.hass.ask("config/entity_registry/list"):
            if entry["platform"] == "energy":
                state = states.get(entry["entity_id"])
                is_provided[entry["entity_id"]] = state is not None and not state["attributes"].get(
                    "restored"
                )
        return is_provided

    def rows(self, statistic: str) -> list[tuple[float, float]]:
        """Return state and sum of each five minutes in the statistics with this id, the first ones first."""
        rows_by_statistic: dict[str, list[dict[str, Any]]] = self.household.hass.ask(
            "recorder/statistics_during_period",
            start_time="2020-01-01T00:00:00+00:00",
            statistic_ids=[statistic],
            period="5minute",
            types=["state", "sum"],
        )
        return [(row["state"], row["sum"]) for row in rows_by_statistic.get(statistic, [])]

    def sums(self, statistic: str) -> list[float]:
        """Return the sum of each five minutes in the statistics with this id."""
        return [total for _state, total in self.rows(statistic)]


def _number(text: str | None) -> float | None:
    """Return the number that a state is; None for a state without a number and for no state."""
    try:
        return float(text or "")
    except ValueError:
        return None


@pytest.mark.parametrize("is_restarted_without", [False, True])
@pytest.mark.parametrize("household", ["base"], indirect=True)
def test_the_costs_go_on_after_another_reader(household: Household, *, is_restarted_without: bool) -> None:
    """
    The sums of the cost rise from those of the other reader on.

    1. The other reader counts. 2. It is removed, perhaps with a restart of Home Assistant, as HACS wants it.
    3. The new entity gets the old id. 4. After a restart the new sensor of the cost gets the old id, too.
    """
    steps = Migration(household)
    household.daemon.environ["TELEINFO_STATE_INTERVAL"] = "0"
    steps.use_other_reader()
    before = steps.sums(COST)
    assert before[-1] > 0.5  # €: all of the 10 kWh cost 2 €
    household.publish(OLD_CONFIG, b"")
    eventually(lambda: [ENERGY] if ENERGY in steps.states() else [])
    if is_restarted_without:
        steps.restart()
    index = BEGIN + 12_000  # 2 kWh that neither reader has counted
    household.linky.instead = {"BASE": f"{index:09}"}
    household.daemon.start()
    eventually(lambda: [] if "energy_import_total" in registered(household) else ["not announced"])
    steps.rename(registered(household)["energy_import_total"]["entity_id"], ENERGY)
    steps.expect_energy(index)
    steps.restart()
    steps.expect_energy(index)

    eventually(lambda: [] if len(steps.costs()) > 1 else ["no second sensor of the cost"])
    costs = steps.costs()
    [new] = [entity_id for entity_id, is_provided in costs.items() if is_provided]
    assert new != COST
    for entity_id in costs.keys() - {new}:
        household.hass.ask("config/entity_registry/remove", entity_id=entity_id)
    steps.rename(new, COST)
    risen_wh = 10
    index += risen_wh
    household.linky.instead = {"BASE": f"{index:09}"}
    steps.expect_energy(index)
    steps.restart()
    steps.restart()
    steps.expect_energy(index)

    after = steps.sums(COST)
    assert steps.costs() == {COST: True}
    assert household.hass.ask("energy/info")["cost_sensors"] == {ENERGY: COST}
    assert after[: len(before)] == before
    assert after == sorted(after)
    risen_cost = risen_wh / 1000 * PRICE
    assert after[-1] - before[-1] >= 0.99 * risen_cost  # but for rounding
    rows = steps.rows(ENERGY)
    first_index, first_sum = rows[0]
    last_index, last_sum = rows[-1]
    assert last_index == index
    assert last_sum - first_sum == last_index - first_index
    unwanted = []
    for complaint in household.hass.complaints():
        if not any(text in complaint for text in WANTED):
            unwanted.append(complaint)
    assert unwanted == []
