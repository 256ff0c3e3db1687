"""
Feed of the live model from the serial port, with the same reader as the daemon.

It publishes nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.port import health
from teleinfo.port.reader import Reader
from teleinfo.port.search import candidates
from teleinfo.tic.decoder import Decoder
from teleinfo.watch import sentences

if TYPE_CHECKING:
    from random import Random

    from teleinfo.settings import Settings
    from teleinfo.tic.reading import Reading
    from teleinfo.watch.live_model import LiveModel

TICK: Final = 1.0


class PortFeed:
    """The meter at the serial port of `settings`, as a source of `model`."""

    def __init__(self, settings: Settings, model: LiveModel, *, rng: Random) -> None:
        self._model = model
        self._decoder = Decoder(plausibility=settings.plausibility)
        self._quality = health.Quality()
        self._reader = Reader(
            url=settings.serial_port,
            baudrates=candidates(settings.serial_mode, settings.serial_baudrate),
            decoder=self._decoder,
            sink=self,
            rng=rng,
        )

    async def run(self) -> NoReturn:
        """Read, and watch the line, until cancelled."""
        link = self._reader.status
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reader.run(), name="teleinfo.watch.reader")
            while True:
                now = asyncio.get_running_loop().time()
                self._quality.sample(self._decoder.counts, now=now)
                known = health.Health(
                    mode=link.mode,
                    baudrate=link.baudrate,
                    parity=self._decoder.parity,
                    problem=link.problem(now),
                )
                self._model.set_health(health.complete(known, self._decoder.counts, self._quality))
                self._model.set_note(sentences.port_note(link, now=now))
                await asyncio.sleep(TICK)
        raise AssertionError

    def on_reading(self, reading: Reading) -> None:
        """Add a reading to the model."""
        self._model.add_reading(reading, now=asyncio.get_running_loop().time())
        self._model.changed.set()

    def on_progress(self) -> None:
        """Do nothing: there is no watchdog."""
