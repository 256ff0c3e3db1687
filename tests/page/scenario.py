"""A page that is served inside a test: a simulated meter's history, and whatever is sent afterwards."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import copy
import datetime as dt
import functools
import math
import random
import shutil
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Self

from teleinfo.history.recorder import HistoryRecorder
from teleinfo.history.store import MINUTE
from teleinfo.live import sentences
from teleinfo.live.declared import remembered
from teleinfo.live.model import LiveModel
from teleinfo.page import server
from teleinfo.page.hosts import Address, listen
from teleinfo.page.server import Streams
from teleinfo.port.health import Health
from teleinfo.simulator.catalogue import build
from teleinfo.state.prices import Prices
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.line import LineGrade
from tests.history.scenario import DAY, FILE, Lapse
from tests.support.process import LIMIT
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teleinfo.simulator.load_profile import LoadProfile
    from teleinfo.simulator.meter import SimulatedMeter
    from teleinfo.state.fields import Json
    from teleinfo.tic.reading import Reading

BROKER = "broker.example:1883"
HOUR = 3600.0
EVENING_END = dt.datetime(2026, 1, 14, 22, 20)  # noqa: DTZ001 - a meter knows local time only
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


class Page:
    """
    The page at `url`, served by a thread of its own; the last hour of its meter ends at `end`, in France.

    `meter` is a meter or its name; its earlier history is in `folder`. The clock stands at `end`, so that the
    same page is the same picture. `now`: the monotonic time of `end`.
    """

    def __init__(
        self,
        meter: str | SimulatedMeter | None = None,
        *,
        end: dt.datetime = EVENING_END,
        load_profile: LoadProfile | None = None,
        port: int | None = None,
        now: float | None = None,
        folder: Path | None = None,
        prices: Prices | None = None,
    ) -> None:
        end = end.replace(tzinfo=PARIS)
        self._time = end
        self.address = Address(HOST, port or free_port())
        self.url = self.address.url("")
        self.model = LiveModel(patience=HOUR, clock=lambda: self._time, prices=prices)
        self.folder = folder or Path(tempfile.mkdtemp(prefix="teleinfo-page-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.recorder = HistoryRecorder(self.folder / FILE, self.model, prices=prices, clock=self.now)
        self.streams = Streams(self.model, self.recorder)
        self.meters = {"teleinfo": self.streams}
        self.names: list[str] = []
        self.token = ""
        self.model.set_health(
            Health(baudrate=9600, frames=1794, rejected={}, bad_groups_percent=0.0, line=LineGrade.GOOD)
        )
        self.model.note = sentences.note("connected", "connected to the broker at {address}", address=BROKER)
        now = time.monotonic() if now is None else now
        if isinstance(meter, str):
            start = end.replace(tzinfo=None) - dt.timedelta(seconds=HOUR)
            meter = build(meter, start=start, rng=random.Random(1), load_profile=load_profile)
        for ago, reading in () if meter is None else last_hour(meter, end.replace(tzinfo=None)):
            self._time = end - dt.timedelta(seconds=ago)
            self.model.add_reading(reading, now=now - ago)
        self._time = end

    def now(self) -> float:
        """Return the time, s since 1970."""
        return self._time.timestamp()

    def add(self, reading: Reading) -> None:
        """Let a reading come."""
        self.change(lambda: self.model.add_reading(reading, now=time.monotonic()))

    def change(self, function: Callable[[], object]) -> None:
        """Change the model in the thread that serves it."""

        def call() -> None:
            function()
            self.model.changed.set()

        self._loop.call_soon_threadsafe(call)

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        with listen(self.address) as listening, contextlib.suppress(asyncio.CancelledError):
            self._ready.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.recorder.run())
                await server.show(listening, self.address, self.meters, names=self.names, token=self.token)

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="page", daemon=True)
        self._thread.start()
        assert self._ready.wait(LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._task is not None
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(LIMIT)


PRICES = Prices(
    {"HCJB": 0.1232, "HPJB": 0.1494, "HCJW": 0.1391, "HPJW": 0.173, "HCJR": 0.146, "HPJR": 0.6468}, 15.5
)


def evening(meter: str, *, phases: int = 1, port: int | None = None, now: float | None = None) -> Page:
    """Return the page of a meter on a winter evening that ends with an overrun."""
    loads = Evening(EVENING_END - dt.timedelta(seconds=HOUR), phases=phases)
    return Page(meter, end=EVENING_END, load_profile=loads.power, port=port, now=now)


def household(days: int) -> Page:
    """
    Return the page of a Tempo household on the same evening, with a history of so many days.

    The page is served beside a daemon, which has run all the time.
    """
    source, meter, state = _history(days)
    folder = Path(tempfile.mkdtemp(prefix="teleinfo-page-"))
    shutil.copytree(source, folder, dirs_exist_ok=True)
    page = Page(copy.deepcopy(meter), end=EVENING_END, folder=folder, prices=PRICES)
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
