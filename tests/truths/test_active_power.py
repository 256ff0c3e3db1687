"""
The active power of households that share no code with its rule: their currents are known by half-waves.

`make bench BENCH="--only watts"` measures days of them, in both modes.
"""

from __future__ import annotations

import statistics
from typing import Final, NamedTuple

import pytest

from teleinfo.state.active_power import ActivePower
from teleinfo.tic.labels import Mode
from tests.support.half_waves import HOUSES, PRODUCERS, frames

pytestmark = pytest.mark.no_cover

SECONDS: Final = 1800.0
START: Final = 120.0
"""Seconds until the first value is judged; the index has stepped twice by then."""


class Limits(NamedTuple):
    """
    Limits of half an hour at noon in mode standard.

    `within` is the least share of the frames whose true power lies between the bounds, `bias` the greatest
    error of the energy, as a share of it. The median of the errors is at most `error`, and the median of the
    half widths of the bars at most `width`, both in W.
    """

    within: float
    bias: float
    error: float
    width: float


LIMITS: Final = {
    "a flat": Limits(0.99, 0.01, 5, 25),
    "convectors with triacs": Limits(0.99, 0.015, 30, 350),
    "hob and oven": Limits(0.99, 0.01, 70, 750),
    "heat pump and car": Limits(0.985, 0.01, 25, 120),
    "lamps and computers": Limits(0.99, 0.01, 25, 200),
    "three phases": Limits(0.98, 0.01, 130, 550),
    "a producer": Limits(0.99, 0.02, 20, 270),
    "heating film": Limits(0.98, 0.02, 130, 500),
    "dimmed lamps and fan heater": Limits(0.85, 0.01, 15, 40),
    "a workshop with a welder": Limits(0.97, 0.25, 300, 250),
    "router by phase": Limits(0.95, 0.12, 80, 500),
    "router by burst, 0.8 s": Limits(0.98, 0.06, 180, 400),
    "router by burst, a bucket": Limits(0.98, 0.06, 180, 350),
}


@pytest.mark.parametrize("name", HOUSES)
def test_the_power_of_a_household_is_true(name: str) -> None:
    """The bounds hold, and are narrow enough to be of use; the value has the energy of the household."""
    power = ActivePower()
    errors = list[float]()
    widths = list[float]()
    right = 0
    energy = 0.0
    for frame in frames(name, 2, mode=Mode.STANDARD, seconds=SECONDS, hour=11.75, lost=0.02):
        power.add(frame.flow, now=frame.time, has_exported=name in PRODUCERS)
        active = power.at(frame.time)
        if active is None or frame.time < START:
            continue
        direction = -1 if frame.watts < 0 else 1
        errors.append(direction * (active.value - frame.watts))
        energy += abs(frame.watts)
        widths.append(active.upper - active.lower)
        right += active.lower <= frame.watts <= active.upper

    limits = LIMITS[name]
    assert len(errors) > 1500
    assert right / len(errors) >= limits.within
    assert abs(sum(errors)) / energy <= limits.bias
    assert statistics.median(map(abs, errors)) <= limits.error
    assert statistics.median(widths) / 2 <= limits.width
