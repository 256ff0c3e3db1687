"""Feed of the live model from the serial port, with the same reader as the daemon. It publishes nothing."""

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
    from teleinfo.watch.live_model import LiveModel

TICK: Final = 1.0


async def read_port(settings: Settings, model: LiveModel, *, rng: Random) -> NoReturn:
    """Feed `model` from the meter at the serial port of `settings`, until cancelled."""
    decoder, quality = Decoder(plausibility=settings.plausibility), health.Quality()
    reader = Reader(
        url=settings.serial_port,
        baudrates=candidates(settings.serial_mode, settings.serial_baudrate),
        decoder=decoder,
        sink=model,
        rng=rng,
    )
    link = reader.status
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reader.run(), name="teleinfo.watch.reader")
        while True:
            now = asyncio.get_running_loop().time()
            quality.sample(decoder.counts, now=now)
            known = health.Health(
                mode=link.mode, baudrate=link.baudrate, parity=decoder.parity, problem=link.problem(now)
            )
            model.set_health(health.complete(known, decoder.counts, quality))
            model.set_note(sentences.port_note(link, now=now))
            await asyncio.sleep(TICK)
    raise AssertionError
