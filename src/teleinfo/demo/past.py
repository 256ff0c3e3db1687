"""The year before the evening of `teleinfo demo`: a simulated meter, and the readings that it sent."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Final

from teleinfo.payload import Options, encode
from teleinfo.simulator.catalogue import build
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS

if TYPE_CHECKING:
    from teleinfo.simulator.meter import SimulatedMeter

SEED: Final = 11
"""With this seed many appliances are switched on before the off-peak hours begin at 22:00."""

DAYS: Final = 366
FINE: Final = dt.timedelta(minutes=5)
FINE_FRAMES: Final = 576
COARSE: Final = 15
"""Frames of the last two days, by their distance; minutes of each step of the metrology."""


def after_a_year(name: str, *, start: dt.datetime) -> tuple[SimulatedMeter, list[bytes]]:
    """
    Return a meter whose clock stands at `start`, and readings of the year before, as JSON with timestamps.

    They are the readings around each midnight and of the last days. From `start` on, loads and noise are as
    for a meter that begins then.
    """
    fresh = build(name, start=start, rng=random.Random(SEED))  # noqa: S311 - no secrets
    begin = start - dt.timedelta(days=DAYS)
    meter = build(name, start=begin, rng=random.Random(SEED))  # noqa: S311 - as above
    meter.metrology.step = COARSE
    first = dt.datetime.combine(begin.date(), dt.time())
    days = [first + dt.timedelta(days=day) for day in range(1, DAYS + 1)]
    times = [midnight + dt.timedelta(seconds=seconds) for midnight in days for seconds in (-120, 60)]
    times += [start - number * FINE for number in range(1, FINE_FRAMES)]
    lines = []
    decoder = Decoder(plausibility=False)  # the index rises by a day from one frame to the next
    for time in sorted(times):
        stamp = time.replace(tzinfo=PARIS).timestamp()
        readings = decoder.feed(meter.emit(time))
        lines += [encode(reading, Options(timestamp=True), now=stamp) or b"" for reading in readings]
    meter.metrology.advance(start)
    meter.metrology.step = 1
    meter.metrology.load_profile = fresh.metrology.load_profile
    meter.metrology.rng = fresh.metrology.rng
    return meter, lines
