"""
The limits of the pure modules, each on its two sides: at the limit and next to it.

Each test was written for a mutant, a program with one small change, that no other test noticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from teleinfo.homeassistant.state_entities import entities_of
from teleinfo.state.mean_power import GAP, MIN_INTERVAL, MeanPower
from teleinfo.tic.horodate import iso
from teleinfo.tic.labels import Mode
from teleinfo.tic.meter_id import meter_of

if TYPE_CHECKING:
    from teleinfo.state.fields import Json


def test_the_letters_of_a_meter_number_stay_in_its_scope() -> None:
    """Small ones and capitals: only what a topic cannot have is replaced."""
    assert meter_of("04190FAbcd-_z/Z", topic="t", private=False).scope == "04190FAbcd-_z_Z"


def test_summer_begins_on_the_last_sunday_of_march_even_if_that_is_its_last_day() -> None:
    """2024-03-31 was a Sunday."""
    assert iso(" 240330120000") == "2024-03-30T12:00:00+01:00"
    assert iso(" 240331120000") == "2024-03-31T12:00:00+02:00"


def drawing() -> MeanPower:
    """Return a power after 71 s: a Wh a second, then one step of two Wh."""
    power = MeanPower()
    for second in range(71):
        power.take(second, now=float(second))
    power.take(72, now=71.0)
    return power


def test_nothing_is_said_of_a_power_at_first() -> None:
    """Not even of one that nobody read."""
    assert MeanPower().watts is None


def test_a_power_that_falls_is_what_the_smallest_step_would_make_of_it() -> None:
    """A minute after the last step the figure begins to fall; the next step is measured from that one."""
    power = drawing()
    said = []
    for second in range(72, 172):
        power.take(72, now=float(second))
        said.append(power.watts)
    power.take(82, now=172.0)

    assert said[int(MIN_INTERVAL) - 2 : int(MIN_INTERVAL)] == [3600, 60]
    assert said[-1] == 36
    assert power.watts == 356


def test_frames_that_are_missing_for_just_so_long_are_no_gap() -> None:
    """A second longer, and nobody knows what was drawn."""
    near, far = drawing(), drawing()
    near.take(73, now=71.0 + GAP)
    far.take(73, now=71.0 + GAP + 1)

    assert near.watts == 3600
    assert far.watts is None


def test_an_index_that_is_unknown_makes_no_entity() -> None:
    """The others do."""
    known: dict[str, Json] = {"name": "Index", "period": None, "value": 1000}
    unknown: dict[str, Json] = {"name": None, "period": None, "value": None}
    found = entities_of({"energy": {"indexes": {"EASF01": unknown, "EASF02": known}}}, Mode.STANDARD, "fr")

    assert "index_EASF02" in found
    assert "index_EASF01" not in found
