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
PERIOD = 15.0
LATE_PERIOD = 5.0
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
"""
First minute, end and W of each load.

Kettle, oven, hob, water heater, washing machine, and a heater too many: more than 9 kVA at the end.
"""


class Evening:
    """A household whose loads are on from one minute after `begin` to another, each with its power in W."""

    def __init__(self, begin: dt.datetime, *, phases: int) -> None:
        self.phases = phases
        self._begin = begin

    def power(self, now: dt.datetime) -> tuple[float, ...]:
        """Return the power of each phase in W: some ripple, and the loads, spread over the phases in turn."""
        minutes = (now - self._begin).total_seconds() / 60
        ripple = 140.0 + 12 * math.sin(minutes * 2) + 8 * math.sin(minutes * 9)
        powers = [ripple] * self.phases
        for number, (first, end, power) in enumerate(EVENING):
            if first <= minutes < end:
                powers[number % self.phases] += power
        return tuple(powers)


def last_hour(meter: SimulatedMeter, end: dt.datetime) -> Iterator[tuple[float, Reading]]:
    """Yield each reading of the hour before `end`, behind the seconds from it to `end`."""
    start = end - dt.timedelta(seconds=HOUR)
    passed = 0.0
    while passed <= HOUR:
        for reading in Decoder().feed(meter.emit(start + dt.timedelta(seconds=passed))):
            yield HOUR - passed, reading
        is_last_quarter = passed >= HOUR * 3 / 4
        passed += LATE_PERIOD if is_last_quarter else PERIOD


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

    `now`: the monotonic time of `end`, which is now if it is not given.
    """
    page = Page(end=end, port=port, folder=folder, prices=prices)
    if now is None:
        now = time.monotonic()
    if isinstance(meter, str):
        start = end - dt.timedelta(seconds=HOUR)
        meter = build(meter, start=start, rng=random.Random(1), load_profile=load_profile)
    time_at_end = page.time
    for seconds_ago, reading in last_hour(meter, end):
        page.time = time_at_end - dt.timedelta(seconds=seconds_ago)
        page.model.add_reading(reading, now=now - seconds_ago)
    page.time = time_at_end
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
    history, meter, state = _history(days)
    folder = Path(tempfile.mkdtemp(prefix="teleinfo-web-"))
    shutil.copytree(history, folder, dirs_exist_ok=True)
    page = page_of(copy.deepcopy(meter), folder=folder, prices=PRICES)
    page.model.remembered = remembered(state)
    return page


@functools.cache
def _history(days: int) -> tuple[Path, SimulatedMeter, dict[str, Json]]:
    """
    Return the folder of a history of so many days, its meter, and the state of a daemon.

    The history and the meter end an hour before the end of the evening, the state is of this end. They are
    made once: copy what is changed.
    """
    evening_begin = EVENING_END - dt.timedelta(seconds=HOUR)
    loads = Evening(evening_begin, phases=1)

    def power(now: dt.datetime) -> tuple[float, ...]:
        if now >= evening_begin:
            return loads.power(now)
        hour = now.hour + now.minute / 60
        # 1 on 20 January, -1 half a year later.
        season = math.cos(2 * math.pi * (now.timetuple().tm_yday - 20) / 365)
        watts = 190 + 25 * math.sin(hour * 5 + now.day)
        heating = max(0.0, 700 * season)
        is_night = not 6 <= hour < 23
        watts += 0.6 * heating if is_night else heating
        dinner_ends = 19.7 + 0.3 * (now.day % 3)
        if 12 <= hour < 12.6 or 19 <= hour < dinner_ends:
            watts += 1800  # cooking
        is_away = now.day % 7 == 0
        if hour >= 22.5 and not is_away:
            watts += 2200  # hot water
        return (watts,)

    folder = Path(tempfile.mkdtemp(prefix="teleinfo-history-"))
    atexit.register(shutil.rmtree, folder)
    start = evening_begin - dt.timedelta(days=days)
    end = int(evening_begin.replace(tzinfo=PARIS).timestamp())
    with Lapse(folder, "standard-tempo", start, prices=PRICES, load_profile=power) as lapse:
        lapse.days(days - 2, step=DAY)
        lapse.at(range(lapse.now + 300, end, 300))
        [batch] = lapse.take()
        # The power of each minute of the last two days: to simulate the readings would take a minute.
        last_minute = end - end % MINUTE
        for minute in range(last_minute - 2 * DAY, end, MINUTE):
            [watts] = power(dt.datetime.fromtimestamp(minute, PARIS).replace(tzinfo=None))
            batch.powers[minute] = [(round(watts), None)]
        lapse.store.write([batch], now=lapse.now)
        meter = copy.deepcopy(lapse.simulated)
        lapse.at(range(end, end + int(HOUR) + 1, 15))
        return folder, meter, lapse.model.state()
