"""
First evenings on Debian 13 and 12, under a real systemd: the journeys of table.toml, and others.

`make test-journeys` plays all of them; `.ci/run` those that are marked `brief`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.player import JOURNEYS, play

if TYPE_CHECKING:
    from tests.journeys.player import House, Journey

pytestmark = pytest.mark.real

SUITES = ("trixie", "bookworm")
PLAYED = [
    pytest.param(
        suite,
        journey,
        id=f"{suite}-{journey.name}",
        marks=[
            pytest.mark.xdist_group(suite),
            *([pytest.mark.brief] if journey.ci and suite == SUITES[0] else []),
        ],
    )
    for suite in SUITES
    for journey in JOURNEYS
    if suite == SUITES[0] or journey.bookworm
]


@pytest.mark.parametrize(("house", "journey"), PLAYED, indirect=["house"], scope="session")
def test_a_first_evening(house: House, journey: Journey) -> None:
    """The first fault that is named is the right one, no tick is false, and what is advised cures it."""
    play(house, journey)


@pytest.mark.xdist_group(SUITES[0])
@pytest.mark.parametrize("house", SUITES[:1], indirect=True, scope="session")
def test_a_power_cut_costs_nothing(house: House) -> None:
    """The machine loses its power a second after the tariff changed: the total and today go on from there."""
    house.staged("reset; setting TELEINFO_STATE=true; began")
    before = house.state()
    house.cut_power()
    house.staged("rm -f /dev/ttyAMA0; plug ttyAMA0; began")
    after = house.state()

    assert after["energy"]["import_total"] >= before["energy"]["import_total"]


@pytest.mark.xdist_group(SUITES[0])
@pytest.mark.parametrize("house", SUITES[:1], indirect=True, scope="session")
def test_a_clock_that_was_ahead_costs_nothing(house: House) -> None:
    """The clock of the machine is a year ahead, then right: the energies of today and of the month go on."""
    house.run("apt-get install -y -q --no-install-recommends faketime", limit=300)
    settings = "TELEINFO_STATE=true TELEINFO_PLAUSIBILITY=false"
    house.staged(f"reset; setting {settings}; plug ttyAMA0 --time-lapse 60; faked; began")
    before, this_year = house.state(), int(house.run("date +%Y"))
    for offset, year in (("+1y", 1), ("+0", 0)):
        house.run(f"echo {offset} >/run/faketime.new && mv /run/faketime.new /run/faketime")
        house.until(f'mosquitto_sub -t teleinfo/state -C 1 | grep -q \'"time":"{this_year + year}\'')
    after = house.state()

    for span in ("today", "this_month"):
        assert after["energy"][span]["imported"] > before["energy"][span]["imported"], (before, after)
    assert house.journal().count("ahead and was set back") == 1, house.journal()
