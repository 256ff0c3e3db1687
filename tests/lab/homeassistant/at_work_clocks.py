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
    """Its HCHP in Wh."""

    def _send(self) -> None:
        now = START
        while not self._ended.wait(FRAME):
            now += dt.timedelta(seconds=FRAME)
            self.index += 7  # 8400 W for 3 s: less than the subscription can draw
            self.instead = {"HCHP": f"{self.index:09}"}
            self.line.write(with_parity(encode_frame(self.groups(now))))


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
    # The clock of Home Assistant is set ahead so that it shows a whole hour after BEFORE seconds.
    now = time.time()
    ahead = HOUR - (now + BEFORE) % HOUR
    hour_ends = round(now + BEFORE + ahead)  # by the clock of Home Assistant
    ends = time.monotonic() + BEFORE  # the same moment
    rising.daemon.environ["TELEINFO_STATE_INTERVAL"] = "10"
    rising.daemon.environ |= later_clock(ahead + apart)
    with Subscriber(rising.broker.host, rising.broker.port, "teleinfo") as readings:
        rising.hass.start_later(ahead)
        rising.daemon.start()
        rising.expect_right()
        # Some readings must come before the hour ends.
        assert time.monotonic() < ends - 30, "Home Assistant has started too late for this test"
        energy = rising.entity_ids()["energy_import_total"]
        rows: list[dict[str, Any]] = []

        def missing() -> list[str]:
            rows[:] = statistics_of_hour(rising, energy, hour_ends - HOUR)
            return [] if rows else ["no statistics of the hour"]

        eventually(missing, limit=ends - time.monotonic() + AFTER)
        received = readings.drain()

    totals_before = []
    totals_near = []
    for reading in received:
        if reading.at < ends - NEAR:
            totals_before.append(total(reading.payload))
        elif reading.at <= ends + NEAR:
            totals_near.append(total(reading.payload))
    assert rows[-1]["state"] in [totals_before[-1], *totals_near]


def statistics_of_hour(household: Household, energy: str, begin: int) -> list[dict[str, Any]]:
    """
    Return the statistics of an entity in the hour that begins at this time in seconds.

    Home Assistant has one row for it, or none yet.
    """
    rows_by_entity: dict[str, list[dict[str, Any]]] = household.hass.ask(
        "recorder/statistics_during_period",
        start_time=dt.datetime.fromtimestamp(begin - HOUR, dt.UTC).isoformat(),
        statistic_ids=[energy],
        period="hour",
        types=["state", "sum"],
    )
    return [row for row in rows_by_entity.get(energy, []) if row["start"] == begin * 1000]  # ms


def total(payload: bytes) -> int:
    """Return the energy of a reading in Wh, off-peak and peak hours together."""
    values = json.loads(payload)
    return int(values["HCHC"]) + int(values["HCHP"])


def test_a_threshold_of_any_number_acts_within_fifteen_seconds(tmp_path: Path) -> None:
    """
    With the default interval of the state, Home Assistant shows each share of the subscription in time.

    None of these numbers is a mark that is published at once. An automation of 72 % acts, too.
    """
    with Household(tmp_path, "hc", more=AUTOMATION) as household:
        household.daemon.environ["TELEINFO_STATE_INTERVAL"] = "10"
        draw(household, 70)
        household.hass.start()
        household.daemon.start()
        household.expect_state("Abonnement utilisé", "70")
        household.use_proposed_ids()
        seconds_until_shown: dict[str, float] = {}
        for percent in (71, 74, 73, 72, 76, 77):
            began = time.monotonic()
            draw(household, percent)
            until(lambda percent=percent: household.state("Abonnement utilisé") == str(percent))  # type: ignore[misc]
            seconds_until_shown[f"{percent} %"] = time.monotonic() - began
            if percent == 74:  # the first one above 72
                until(lambda: household.hass.states()["Above"]["state"] == "on")
                seconds_until_shown["automation"] = time.monotonic() - began

        assert max(seconds_until_shown.values()) <= ACTS_WITHIN, seconds_until_shown
        # At the start of Home Assistant the entity of this automation does not exist yet.
        assert [line for line in household.hass.complaints() if "Above 72 %" not in line] == []


def draw(household: Household, percent: int) -> None:
    """Let the household draw this share of its subscription of LIMIT_VA, which is 45 A."""
    household.linky.instead = {"ISOUSC": "45", "PAPP": f"{LIMIT_VA * percent // 100:05}"}
