"""
A real Home Assistant whose clock is 12 s ahead of or behind that of the daemon; thresholds of any number.

    make test-homeassistant TESTS=tests/lab/homeassistant/at_work_clocks.py
"""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from teleinfo.simulator.encode import encode_frame, with_parity
from tests.homeassistant.golden import START
from tests.lab.homeassistant.hass_process import later_clock
from tests.lab.homeassistant.household import Household, Linky, eventually
from tests.support.scenario import until
from tests.support.subscriber import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

HOUR: Final = 3600
FRAME: Final = 3.0
"""Seconds from one frame to the next: a frame of three phases with Tempo takes as long."""
BEFORE: Final = 280
"""Seconds from the start of Home Assistant to the whole hour of its clock."""
AFTER: Final = 90
"""Seconds after this hour within which Home Assistant makes its statistics."""
NEAR: Final = 0.3
"""Seconds about the hour in which a reading may belong to either hour: it takes time to pass the broker."""

ACTS_WITHIN: Final = 15.0
"""Seconds within which a threshold acts."""
LIMIT_VA: Final = 9000
AUTOMATION: Final = """
input_boolean:
  above: {name: Above}
automation:
  - alias: Above 72 %
    triggers:
      - {trigger: numeric_state, entity_id: sensor.teleinfo_headroom_used, above: 72}
    actions:
      - {action: input_boolean.turn_on, target: {entity_id: input_boolean.above}}
"""


class RisingLinky(Linky):
    """A Linky that sends a frame each `FRAME` seconds, and whose index has risen in each of them."""

    index = 10_000_000

    def _send(self) -> None:
        now = START
        while not self._ended.wait(FRAME):
            now += dt.timedelta(seconds=FRAME)
            self.index += 7  # less than the subscription can draw
            groups = [
                group._replace(value=f"{self.index:09}") if group.label == "HCHP" else group
                for group in self.meter.frame(now)
            ]
            self.line.write(with_parity(encode_frame(groups)))


@pytest.fixture
def rising(tmp_path: Path) -> Iterator[Household]:
    """Return a household whose meter counts in each frame."""
    with Household(tmp_path, "hc", linky=RisingLinky("hc")) as household:
        yield household


@pytest.mark.parametrize("apart", [-12, 12])
def test_each_wh_counts_in_its_own_hour_with_clocks_twelve_seconds_apart(
    rising: Household, apart: int
) -> None:
    """
    The hour of Home Assistant has the index of the last reading before it ended.

    The daemon's clock is `apart` seconds ahead of that of Home Assistant.
    """
    ahead = HOUR - (time.time() + BEFORE) % HOUR  # so that its clock shows a whole hour after BEFORE seconds
    ends = time.monotonic() + BEFORE
    hour = int(time.time() + ahead + BEFORE + 1) // HOUR * HOUR - HOUR
    rising.daemon.environ["TELEINFO_STATE_INTERVAL"] = "10"
    rising.daemon.environ |= later_clock(ahead + apart)
    with Subscriber(rising.broker.host, rising.broker.port, "teleinfo") as readings:
        rising.hass.start_later(ahead)
        rising.daemon.start()
        rising.expect_right()
        assert time.monotonic() < ends - 30, "Home Assistant has started too late for this test"
        energy = rising.entity_ids()["energy_import_total"]
        rows: list[dict[str, Any]] = []

        def missing() -> list[str]:
            rows[:] = hours(rising, energy, hour)
            return [] if rows else ["no statistics of the hour"]

        eventually(missing, limit=ends - time.monotonic() + AFTER)
        received = readings.drain()

    totals = [(each.at, total(each.payload)) for each in received]
    last = [index for at, index in totals if at < ends - NEAR][-1]
    about = [index for at, index in totals if abs(at - ends) <= NEAR]
    assert rows[-1]["state"] in {last, *about}


def hours(household: Household, energy: str, hour: int) -> list[dict[str, Any]]:
    """Return the statistics of the hour that begins at this time."""
    found: dict[str, list[dict[str, Any]]] = household.hass.ask(
        "recorder/statistics_during_period",
        start_time=dt.datetime.fromtimestamp(hour - HOUR, dt.UTC).isoformat(),
        statistic_ids=[energy],
        period="hour",
        types=["state", "sum"],
    )
    return [row for row in found.get(energy, []) if row["start"] == hour * 1000]


def total(payload: bytes) -> int:
    """Return the energy of a reading."""
    values = json.loads(payload)
    return int(values["HCHC"]) + int(values["HCHP"])


def test_a_threshold_of_any_number_acts_within_fifteen_seconds(tmp_path: Path) -> None:
    """With the default interval of the state. None of these numbers is a mark that is published at once."""
    with Household(tmp_path, "hc", more=AUTOMATION) as household:
        household.daemon.environ["TELEINFO_STATE_INTERVAL"] = "10"
        use(household, 70)
        household.hass.start()
        household.daemon.start()
        household.expect_state("Abonnement utilisé", "70")
        household.use_proposed_ids()
        acts: dict[str, float] = {}
        for percent in (71, 74, 73, 72, 76, 77):
            began = time.monotonic()
            use(household, percent)
            until(lambda percent=percent: household.state("Abonnement utilisé") == str(percent))  # type: ignore[misc]
            acts[f"{percent} %"] = time.monotonic() - began
            if percent == 74:
                until(lambda: household.hass.states()["Above"]["state"] == "on")
                acts["automation"] = time.monotonic() - began

        assert {each: seconds for each, seconds in acts.items() if seconds > ACTS_WITHIN} == {}
        # At the start of Home Assistant the entity of this automation does not exist yet.
        assert [line for line in household.hass.complaints() if "Above 72 %" not in line] == []


def use(household: Household, percent: int) -> None:
    """Let the household draw this share of its subscription."""
    household.linky.instead = {"ISOUSC": "45", "PAPP": f"{LIMIT_VA * percent // 100:05}"}
