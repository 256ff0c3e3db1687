"""
First evenings on Debian 13 and 12, under a real systemd: the journeys of table.toml, and a power cut.

`make test-journeys` plays all of them; `.ci/run` those that are marked `brief`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.journeys.player import JOURNEYS, play

if TYPE_CHECKING:
    from tests.lab.journeys.player import House, Journey

pytestmark = pytest.mark.real

SUITES = ("trixie", "bookworm")
PLAYED = [
    pytest.param(
        suite,
        journey,
        id=f"{suite}-{journey.name}",
        marks=[pytest.mark.brief] if journey.ci and suite == SUITES[0] else [],
    )
    for suite in SUITES
    for journey in JOURNEYS
    if suite == SUITES[0] or journey.bookworm
]


@pytest.mark.parametrize(("house", "journey"), PLAYED, indirect=["house"], scope="session")
def test_a_first_evening(house: House, journey: Journey) -> None:
    """The first fault that is named is the right one, no tick is false, and what is advised cures it."""
    play(house, journey)


@pytest.mark.parametrize("house", SUITES[:1], indirect=True, scope="session")
def test_a_power_cut_is_survived(house: House) -> None:
    """The machine loses its power: at the next boot the service works without a hand, and no total falls."""
    house.staged("reset; setting TELEINFO_STATE=true; began")
    before = house.state()
    house.cut_power()
    house.staged("plug ttyAMA0; until works; do sleep 0.2; done")
    after = house.state()

    assert after["energy"]["import_total"] >= before["energy"]["import_total"]
