"""
The long-term statistics of a real Home Assistant over a change of mode and of contract: they go on.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_statistics.py

Its clock is set ahead by days while the meter counts on. Each day must have what its states rose by, and all
days what the registers of the meter rose by: without a jump, a reset or an energy that is counted twice.
"""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.simulator import tariff
from teleinfo.simulator.standard import Standard
from teleinfo.tic.labels import Mode
from tests.lab.homeassistant.at_work_migration import faults_of_energy, orphans, registered
from tests.lab.homeassistant.household import eventually

if TYPE_CHECKING:
    from tests.lab.homeassistant.household import Household

pytestmark = pytest.mark.real

DAY: Final = 86_400
HOUR: Final = dt.timedelta(hours=1)
POWER: Final = 5000
"""W, of a subscription of 6 or 9 kVA."""
RISE: Final = 25
"""Wh that a register must rise by before the next step."""
PRICE: Final = 7.0
"""€/kWh of each index: some Wh must cost cents, in which the costs are published."""
PERIODS: Final = ("HCJB", "HPJB", "HCJW", "HPJW", "HCJR", "HPJR", "TH", "HC", "HP")
ROUNDING: Final = 0.02
"""€: the costs have two decimals, the first and the last."""
TOTAL: Final = "energy_import_total"


class Registers:
    """The registers of the supplier of a simulated meter by the key of their index, and what draws energy."""

    def __init__(self, household: Household, keys: tuple[str, ...]) -> None:
        self.household, self.keys = household, keys
        self.linky = household.linky
        self.switch(POWER)

    @property
    def energies(self) -> dict[str, float]:
        """The reading of each register in Wh."""
        return dict(zip(self.keys, self.linky.meter.metrology.supplier, strict=False))

    def switch(self, power: int) -> None:
        """Draw this power from now on."""
        self.linky.meter.metrology.load_profile = lambda _: (complex(power),)

    def wait_for(self, key: str) -> None:
        """Return once a register has risen, and Home Assistant shows what it is at least."""
        least = self.energies[key] + RISE
        entity = registered(self.household)[f"index_{key}" if len(self.keys) > 1 else TOTAL]["entity_id"]

        def shown() -> list[str]:
            state = next(each for each in self.household.hass._states() if each["entity_id"] == entity)
            text = state["state"]
            return [] if text.isdecimal() and int(text) >= least else [f"{entity}: {text}, not {least}"]

        eventually(shown)

    def pass_hours(self, hours: float) -> None:
        """Let hours pass at the meter, in which nothing is drawn."""
        self.switch(0)
        at = self.linky.meter.metrology.now
        self.linky.ahead += hours * HOUR
        eventually(lambda: [] if self.linky.meter.metrology.now > at + hours * HOUR else ["the clock stands"])
        self.switch(POWER)


class Statistics:
    """What Home Assistant has of an entity: its states, and its statistics by day."""

    def __init__(self, household: Household, entity: str) -> None:
        begin = (dt.datetime.now(dt.UTC) - HOUR).isoformat()
        with household.hass.asking() as ask:
            found = ask(
                "recorder/statistics_during_period",
                start_time=begin,
                statistic_ids=[entity],
                period="day",
                types=["change", "sum", "state"],
            )
            history = ask(
                "history/history_during_period",
                start_time=begin,
                entity_ids=[entity],
                minimal_response=True,
                no_attributes=True,
            )
        self.days: list[dict[str, Any]] = found.get(entity, [])
        numbers = [(each["lu"], _number(each["s"])) for each in history.get(entity, [])]
        self._states = [(time, number) for time, number in numbers if number is not None]

    @property
    def risen(self) -> float:
        """What the states have risen by."""
        return self._states[-1][1] - self._states[0][1]

    def expect_days(self, days: int, *, tolerance: float = 0.001) -> None:
        """Expect statistics of so many days at least, each with what the states rose by, and no step back."""
        assert len(self.days) >= days, self.days
        values = [number for _, number in self._states]
        assert values == sorted(values)
        times, before, total = [time for time, _ in self._states], values[0], 0.0
        for row in self.days:
            last = bisect.bisect_left(times, row["end"] / 1000) - 1
            after = values[last]
            total += after - before
            assert row["change"] == pytest.approx(after - before, abs=tolerance), (row, self.days)
            assert row["sum"] == pytest.approx(total, abs=tolerance), (row, self.days)
            assert row["state"] == after
            before = after
        assert total == pytest.approx(self.risen, abs=tolerance)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None  # unknown or unavailable


def begin(household: Household) -> None:
    """Start Home Assistant, which counts costs too, and the daemon, which publishes each frame."""
    prices = " ".join(f"{period}={PRICE}" for period in PERIODS)
    household.daemon.environ |= {"TELEINFO_STATE_INTERVAL": "0", "TELEINFO_PRICES": prices}
    household.hass.start()
    household.daemon.start()
    household.expect_right()
    household.hass.use_for_energy(registered(household)[TOTAL]["entity_id"], price=PRICE)


def end(household: Household, registers: Registers) -> None:
    """Draw nothing more, and let Home Assistant make the statistics of the third day."""
    registers.switch(0)
    household.expect_right()
    household.restart_later(3 * DAY)


def expect_going_on(
    household: Household, registers: Registers, before: dict[str, dict[str, Any]], drawn: dict[str, float]
) -> None:
    """
    Expect statistics of the total, of the indexes of `drawn` and of both costs.

    `before` is the registry before the change; `drawn` are readings of the registers since which their
    entities have states.
    """
    after = registered(household)
    kept = {key: entry["entity_id"] for key, entry in before.items() if key in after}
    assert kept == {key: after[key]["entity_id"] for key in kept}
    energy = Statistics(household, kept[TOTAL])
    energy.expect_days(3)
    assert energy.risen > 4 * RISE
    for key, reading in drawn.items():
        index = Statistics(household, after[f"index_{key}"]["entity_id"])
        index.expect_days(2)
        # The first state is of some seconds after that reading.
        assert registers.energies[key] - reading == pytest.approx(index.risen, abs=RISE), key
    cost = energy.risen / 1000 * PRICE
    for entity in (f"{kept[TOTAL]}_cost", kept["cost_this_month"]):
        costs = Statistics(household, entity)
        costs.expect_days(3)
        assert costs.risen == pytest.approx(cost, abs=RISE / 1000 * PRICE + ROUNDING), entity
    assert orphans(household) == []
    assert faults_of_energy(household) == []
    assert household.hass.complaints() == []


@pytest.mark.parametrize("household", ["tempo"], indirect=True)
def test_the_statistics_go_on_over_a_change_of_mode(household: Household) -> None:
    """A meter with Tempo counts for a day and a half in historique, then in standard; the colour changes."""
    registers = Registers(household, PERIODS[:6])
    begin(household)
    before, drawn = registered(household), registers.energies
    registers.wait_for("HPJB")
    registers.pass_hours(10.5)  # from noon
    registers.wait_for("HCJB")
    household.restart_later(DAY)
    registers.wait_for("HCJB")
    model = replace(household.linky.meter.model, mode=Mode.STANDARD)
    household.linky.meter = Standard(model, household.linky.meter.metrology)
    eventually(lambda: [] if "voltage_l1" in registered(household) else ["no voltage"])
    household.expect_right()
    registers.wait_for("HCJB")
    registers.pass_hours(8)
    registers.wait_for("HPJR")
    household.restart_later(2 * DAY)
    registers.wait_for("HPJR")
    end(household, registers)

    assert before.keys() <= registered(household).keys()
    expect_going_on(household, registers, before, drawn)


@pytest.mark.parametrize("household", ["base"], indirect=True)
def test_the_statistics_go_on_over_a_change_of_contract(household: Household) -> None:
    """A meter changes from Base to HC in the middle of the second day: the total goes on, indexes begin."""
    registers = Registers(household, ("TH",))
    begin(household)
    before = registered(household)
    registers.wait_for("TH")
    household.restart_later(DAY)
    registers.wait_for("TH")
    meter = household.linky.meter
    meter.metrology.contract = tariff.HC
    meter.model = replace(meter.model, contract=tariff.HC)
    registers.keys = ("HC", "HP")
    drawn = registers.energies
    eventually(lambda: [] if "index_HP" in registered(household) else ["no index of peak hours"])
    household.expect_right()
    registers.wait_for("HP")
    registers.pass_hours(10.5)
    registers.wait_for("HC")
    household.restart_later(2 * DAY)
    registers.wait_for("HC")
    end(household, registers)

    expect_going_on(household, registers, before, drawn)
