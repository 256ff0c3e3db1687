"""
First evenings on Debian 13 and 12, under a real systemd: the journeys of table.toml, and a power cut.

`make test-journeys` plays all of them; `.ci/run` those that are marked `brief`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.journeys.player import JOURNEYS, play

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

    from tests.lab.journeys.player import House, Journey

pytestmark = pytest.mark.real

SUITES = ("trixie", "bookworm")
SYSTEMS = {"trixie": 2, "bookworm": 1}
"""How many systems of each Debian the journeys are shared out to; each is installed in two minutes."""


def played() -> list[ParameterSet]:
    """
    Return what is played, suite and journey: all journeys on Debian 13, some on Debian 12.

    Each is in a group: a worker of pytest-xdist plays a group, on one system.
    """
    evenings = []
    for suite in SUITES:
        journeys = JOURNEYS
        if suite == "bookworm":
            journeys = [journey for journey in JOURNEYS if journey.bookworm]
        for number, journey in enumerate(journeys):
            system = number % SYSTEMS[suite]
            marks = [pytest.mark.xdist_group(f"{suite}-{system}")]
            if journey.brief and suite == "trixie":
                marks.append(pytest.mark.brief)
            evenings.append(pytest.param(suite, journey, id=f"{suite}-{journey.name}", marks=marks))
    return evenings


@pytest.mark.parametrize(("house", "journey"), played(), indirect=["house"], scope="session")
def test_a_first_evening(house: House, journey: Journey) -> None:
    """The first fault that is named is the right one, no tick is false, and what is advised cures it."""
    play(house, journey)


@pytest.mark.xdist_group("trixie-0")
@pytest.mark.parametrize("house", SUITES[:1], indirect=True, scope="session")
def test_a_power_cut_is_survived(house: House) -> None:
    """The machine loses its power: at the next boot the service works without a hand, and no total falls."""
    house.staged("reset; setting TELEINFO_STATE=true; began")
    before = house.state()
    house.cut_power()
    house.staged("plug ttyAMA0; until works; do sleep 0.2; done")
    after = house.state()

    assert after["energy"]["import_total"] >= before["energy"]["import_total"]
