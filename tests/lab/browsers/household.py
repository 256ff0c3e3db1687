"""Pages of simulated households for browsers: an evening with an overrun, and a history before it."""

from __future__ import annotations

import atexit
import copy
import datetime as dt
import functools
import math
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.history.rows import MINUTE
from teleinfo.live.declared import remembered
from teleinfo.simulator.catalogue import build
from teleinfo.state.prices import Prices
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS
from tests.history.scenario import DAY, Lapse
from tests.web.scenario import EVENING_END, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teleinfo.simulator.meter import SimulatedMeter
    from teleinfo.simulator.metrology import LoadProfile
    from teleinfo.state.fields import Json
    from teleinfo.tic.reading import Reading

HOUR = 3600.0
PERIOD, LATE_PERIOD = 15.0, 5.0
"""Seconds between two frames of the past, and of its last quarter of an hour, whose mean power is shown."""

EVENING = (
    (0, 61, 260),
    (4, 7, 2000),
    (12, 41, 2300),
    (20, 33, 1500),
    (40, 61, 2200),
    (47, 61, 1800),
    (56, 61, 4700),
)
"""Kettle, oven, hob, water heater, washing machine, and a heater too many: more than 9 kVA at the end."""


class Evening:
    """A household whose loads are on from one minute after `begin` to another, each with its power in W."""

    def __init__(self, begin: dt.datetime, *, phases: int) -> None:
        self.phases = phases
        self._begin = begin

    def power(self, now: dt.datetime) -> tuple[float, ...]:
        """Return the power of each phase in W: the loads one after the other on each, and a small ripple."""
        minutes = (now - self._begin).total_seconds() / 60
        powers = [140.0 + 12 * math.sin(minutes * 2) + 8 * math.sin(minutes * 9) for _ in range(self.phases)]
        for number, (first, end, power) in enumerate(EVENING):
            if first <= minutes < end:
                powers[number % self.phases] += power
        return tuple(powers)


def last_hour(meter: SimulatedMeter, end: dt.datetime) -> Iterator[tuple[float, Reading]]:
    """Yield each reading of the hour before `end` with the seconds to it."""
    start, passed = end - dt.timedelta(seconds=HOUR), 0.0
    while passed <= HOUR:
        for reading in Decoder().feed(meter.emit(start + dt.timedelta(seconds=passed))):
            yield HOUR - passed, reading
        passed += LATE_PERIOD if passed >= HOUR * 3 / 4 else PERIOD


def page_of(
    meter: str | SimulatedMeter,
    *,
    end: dt.datetime = EVENING_END,
    load_profile: LoadProfile | None = None,
    port: int | None = None,
    now: float | None = None,
    folder: Path | None = None,
    prices: Prices | None = None,
) -> Page:
    """
    Return the page of a meter, or of one with this name, which has sent its frames in the hour before `end`.

    `now`: the monotonic time of `end`.
    """
    page = Page(end=end, port=port, folder=folder, prices=prices)
    now = time.monotonic() if now is None else now
    if isinstance(meter, str):
        start = end - dt.timedelta(seconds=HOUR)
        meter = build(meter, start=start, rng=random.Random(1), load_profile=load_profile)
    stopped = page.time
    for ago, reading in last_hour(meter, end):
        page.time = stopped - dt.timedelta(seconds=ago)
        page.model.add_reading(reading, now=now - ago)
    page.time = stopped
    return page


PRICES = Prices(
    {"HCJB": 0.1232, "HPJB": 0.1494, "HCJW": 0.1391, "HPJW": 0.173, "HCJR": 0.146, "HPJR": 0.6468}, 15.5
)


def evening(meter: str, *, phases: int = 1, port: int | None = None, now: float | None = None) -> Page:
    """Return the page of a meter on a winter evening that ends with an overrun."""
    loads = Evening(EVENING_END - dt.timedelta(seconds=HOUR), phases=phases)
    return page_of(meter, load_profile=loads.power, port=port, now=now)


def household(days: int) -> Page:
    """
    Return the page of a Tempo household on the same evening, with a history of so many days.

    The page is served beside a daemon, which has run all the time.
    """
    source, meter, state = _history(days)
    folder = Path(tempfile.mkdtemp(prefix="teleinfo-web-"))
    shutil.copytree(source, folder, dirs_exist_ok=True)
    page = page_of(copy.deepcopy(meter), folder=folder, prices=PRICES)
    page.model.remembered = remembered(state)
    return page


@functools.cache
def _history(days: int) -> tuple[Path, SimulatedMeter, dict[str, Json]]:
    """
    Return the folder of a history that ends an hour before the end of the evening, and its meter.

    The last item is the state of a daemon at the end of the evening.
    """
    evening_begin = EVENING_END - dt.timedelta(seconds=HOUR)
    loads = Evening(evening_begin, phases=1)

    def power(now: dt.datetime) -> tuple[float, ...]:
        if now >= evening_begin:
            return loads.power(now)
        hour, season = (
            now.hour + now.minute / 60,
            math.cos(2 * math.pi * (now.timetuple().tm_yday - 20) / 365),
        )
        heating = max(0.0, 700 * season) * (1 if 6 <= hour < 23 else 0.6)
        cooking = 1800.0 if 12 <= hour < 12.6 or 19 <= hour < 19.7 + 0.3 * (now.day % 3) else 0.0
        water = 2200.0 if 22.5 <= hour < 24 and now.day % 7 else 0.0
        return (190 + 25 * math.sin(hour * 5 + now.day) + heating + cooking + water,)

    folder = Path(tempfile.mkdtemp(prefix="teleinfo-history-"))
    atexit.register(shutil.rmtree, folder)
    start, end = evening_begin - dt.timedelta(days=days), int(evening_begin.replace(tzinfo=PARIS).timestamp())
    with Lapse(folder, "standard-tempo", start, prices=PRICES, load_profile=power) as lapse:
        lapse.days(days - 2, step=DAY)
        lapse.at(range(lapse.now + 300, end, 300))
        [batch] = lapse.take()
        # A reading each minute would take a minute of simulation.
        for minute in range(end - end % MINUTE - 2 * DAY, end, MINUTE):
            watts = power(dt.datetime.fromtimestamp(minute, PARIS).replace(tzinfo=None))[0]
            batch.powers[minute] = [(round(watts), None)]
        lapse.store.write([batch], now=lapse.now)
        meter = copy.deepcopy(lapse.simulated)
        lapse.at(range(end, end + int(HOUR) + 1, 15))
        return folder, meter, lapse.model.state()
