"""The year before the evening of `teleinfo demo`: a simulated meter, and the frames that it sent."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Final, TypeAlias

from teleinfo.simulator.catalogue import build

if TYPE_CHECKING:
    from teleinfo.simulator.meter import SimulatedMeter

Frames: TypeAlias = "list[tuple[dt.datetime, bytes]]"
"""Frames, each with its naive local time."""

DAYS: Final = 365
FINE_DAYS: Final = 2
FINE: Final = dt.timedelta(minutes=10)
COARSE: Final = 15
"""Steps of the past: frames in the last days, and minutes of the metrology."""


def after_a_year(name: str, *, start: dt.datetime, seed: int) -> tuple[SimulatedMeter, Frames]:
    """
    Return a meter whose clock stands at `start`, and the frames of the year before, with their times.

    They are those around each midnight, and those of the last days. The loads and the noise from `start` on
    are those of a meter that begins then.
    """
    fresh = build(name, start=start, rng=random.Random(seed))  # noqa: S311 - no secrets
    begin = start - dt.timedelta(days=DAYS)
    meter = build(name, start=begin, rng=random.Random(seed))  # noqa: S311 - as above
    meter.metrology.step = COARSE
    midnights = (
        dt.datetime.combine(begin.date(), dt.time()) + dt.timedelta(days=day) for day in range(1, DAYS + 1)
    )
    times = [midnight + dt.timedelta(seconds=seconds) for midnight in midnights for seconds in (-120, 60)]
    times += [start - number * FINE for number in range(1, FINE_DAYS * 24 * 6)]
    frames = [(time, meter.emit(time)) for time in sorted(times)]
    meter.metrology.advance(start)
    meter.metrology.step = 1
    meter.metrology.load_profile, meter.metrology.rng = fresh.metrology.load_profile, fresh.metrology.rng
    return meter, frames
