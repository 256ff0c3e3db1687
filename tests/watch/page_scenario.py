"""A page that is served inside a test: a simulated meter's last hour, and whatever is sent afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import math
import random
import threading
import time
from typing import TYPE_CHECKING, Self

from teleinfo.mqtt.config import Broker
from teleinfo.port.health import Health
from teleinfo.simulator.catalogue import build
from teleinfo.tic.decoder import Decoder
from teleinfo.vocabulary.line import LineGrade
from teleinfo.watch import sentences
from teleinfo.watch.live_model import LiveModel
from teleinfo.watch.web import server
from teleinfo.watch.web.hosts import Address, listen
from teleinfo.watch.web.server import Streams
from tests.support.process import LIMIT
from tests.support.tcp_ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teleinfo.simulator.load_profile import LoadProfile
    from teleinfo.tic.reading import Reading

BROKER = Broker("broker.example", 1883, "watch")
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


def last_hour(
    name: str, end: dt.datetime, load_profile: LoadProfile | None = None
) -> Iterator[tuple[float, Reading]]:
    """Yield each reading of the hour before `end` with the seconds to it."""
    start, passed = end - dt.timedelta(seconds=HOUR), 0.0
    meter = build(name, start=start, rng=random.Random(1), load_profile=load_profile)
    while passed <= HOUR:
        for reading in Decoder().feed(meter.emit(start + dt.timedelta(seconds=passed))):
            yield HOUR - passed, reading
        passed += LATE_PERIOD if passed >= HOUR * 3 / 4 else PERIOD


class Page:
    """
    The page at `url`, served by a thread of its own; its last hour of the meter `name` ends at `end`.

    The clock stands at `end`, so that the same page is the same picture. `now`: the monotonic time of `end`.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        end: dt.datetime = dt.datetime(2026, 1, 14, 22, 20),  # noqa: DTZ001 - a meter knows local time only
        load_profile: LoadProfile | None = None,
        port: int | None = None,
        now: float | None = None,
    ) -> None:
        self._time = end.astimezone()
        self.address = Address(HOST, port or free_port())
        self.url = self.address.url("")
        self.model = LiveModel(patience=HOUR, clock=lambda: self._time)
        self.streams = Streams(self.model)
        self.names: list[str] = []
        self.token = ""
        self.model.set_health(
            Health(baudrate=9600, frames=1794, rejected={}, bad_groups_percent=0.0, line=LineGrade.GOOD)
        )
        self.model.note = sentences.connected(BROKER)
        now = time.monotonic() if now is None else now
        for ago, reading in () if name is None else last_hour(name, end, load_profile):
            self._time = end.astimezone() - dt.timedelta(seconds=ago)
            self.model.add_reading(reading, now=now - ago)
        self._time = end.astimezone()

    def add(self, reading: Reading) -> None:
        """Let a reading come."""
        self.change(lambda: self.model.add_reading(reading, now=time.monotonic()))

    def change(self, function: Callable[[], None]) -> None:
        """Change the model in the thread that serves it."""

        def call() -> None:
            function()
            self.model.changed.set()

        self._loop.call_soon_threadsafe(call)

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        with listen(self.address) as listening, contextlib.suppress(asyncio.CancelledError):
            self._ready.set()
            await server.show(listening, self.address, self.streams, names=self.names, token=self.token)

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


def evening(meter: str, *, phases: int = 1, port: int | None = None, now: float | None = None) -> Page:
    """Return the page of a meter on a winter evening that ends with an overrun."""
    end = dt.datetime(2026, 1, 14, 22, 20)  # noqa: DTZ001 - a meter knows local time only
    loads = Evening(end - dt.timedelta(seconds=HOUR), phases=phases)
    return Page(meter, end=end, load_profile=loads.power, port=port, now=now)
