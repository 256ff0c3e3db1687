"""
Where the model gets its news: from the serial port here, or from the broker (`broker_feed`).

A feed runs for ever and mends what it can, as the daemon does; what there is to say goes to the log, in
English, and to the note of the model, in the language of the reader. `changed` is called after every piece of
news. Neither publishes anything, nor leaves a trace on the broker.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from teleinfo.daemon import health
from teleinfo.port.baud_detector import candidates
from teleinfo.port.reader import Reader
from teleinfo.tic.decoder import Decoder
from teleinfo.watch import notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from teleinfo.settings import Settings
    from teleinfo.tic.reading import Reading
    from teleinfo.watch.live_model import LiveModel

TICK: Final = 1.0


class Feed(Protocol):
    """A source of news."""

    async def run(self) -> NoReturn:
        """Feed the model until cancelled."""


class PortFeed:
    """The meter at the serial port of `settings`."""

    def __init__(
        self, settings: Settings, model: LiveModel, *, changed: Callable[[], None], rng: Random
    ) -> None:
        self._model = model
        self._changed = changed
        self._decoder = Decoder()
        self._quality = health.Quality()
        self._reader = Reader(
            url=settings.serial_port,
            baudrates=candidates(settings.serial_mode, settings.serial_baudrate),
            decoder=self._decoder,
            on_reading=self._take,
            beat=lambda: None,  # no watchdog here
            rng=rng,
        )
        self._notes = notes.PortNotes(settings.serial_port, fixed=not self._reader.status.searching)

    async def run(self) -> NoReturn:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reader.run(), name="teleinfo.watch.reader")
            await self._tell()
        raise AssertionError

    async def _tell(self) -> NoReturn:
        while True:
            now = asyncio.get_running_loop().time()
            link = self._reader.status
            self._quality.sample(self._decoder.counts, now=now)
            self._model.set_health(
                health.health_of(
                    self._decoder.counts,
                    self._quality,
                    mode=link.mode,
                    baudrate=link.baudrate,
                    parity=self._decoder.parity,
                    problem=link.problem(now),
                )
            )
            self._model.note = self._note()
            self._changed()
            await asyncio.sleep(TICK)

    def _note(self) -> str:
        link = self._reader.status
        ear = notes.Ear(
            connected=link.connected,
            trouble=None if link.error is None else link.error.kind,
            mode=link.mode,
            baudrate=link.baudrate,
            count=self._decoder.counts.bytes_,
            heard=self._model.heard,
        )
        return self._notes.note(ear, now=asyncio.get_running_loop().time())

    def _take(self, reading: Reading) -> None:
        self._model.add_reading(reading, now=asyncio.get_running_loop().time())
        self._changed()
