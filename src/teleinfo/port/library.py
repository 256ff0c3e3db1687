"""
Read a meter in your own program.

>>> from teleinfo.port.library import read
>>> async def show() -> None:
...     async with contextlib.aclosing(read("/dev/ttyUSB0")) as readings:
...         async for reading in readings:
...             print(reading.values)
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.port.baud_detector import SPEEDS, candidates
from teleinfo.port.reader import Reader
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from teleinfo.tic.reading import Reading

MAX_WAITING: Final = 64
"""Readings that wait for a slow consumer: of more than these the oldest are dropped."""


async def read(
    url: str, *, mode: str = "auto", baudrate: int | None = None, decoder: Decoder | None = None
) -> AsyncGenerator[Reading, None]:
    """
    Yield the readings of the meter at `url`, a device path or `socket://host:port`, as its frames come.

    `mode` is "auto" (the speed is found), "historique" or "standard"; `baudrate`, in bits a second, is
    another speed than that of the mode; a `decoder` of the caller's shows its counts. A silent port is opened
    again, with a warning in the log and nothing else; what is to be done about a port that is lost is the
    caller's decision.

    Raises PortError where the port cannot be opened, or is lost, and ValueError for an unknown mode. It runs
    a task and holds the port until it is closed: break out of the loop inside `contextlib.aclosing`.
    """
    if mode not in SPEEDS:
        raise ValueError(f"{mode!r} is no mode: {', '.join(SPEEDS)}")
    waiting: deque[Reading] = deque(maxlen=MAX_WAITING)
    news = asyncio.Event()

    def on_reading(reading: Reading) -> None:
        waiting.append(reading)
        news.set()

    reader = Reader(
        url=url,
        baudrates=candidates(mode, baudrate),
        decoder=decoder or Decoder(),
        on_reading=on_reading,
        heartbeat=_no_watchdog,
        rng=random.Random(),  # noqa: S311 - spreads retries, guards nothing
    )
    listening = asyncio.create_task(_listen(reader), name="teleinfo.read")
    listening.add_done_callback(lambda _: news.set())
    try:
        while True:
            await news.wait()
            news.clear()
            while waiting:
                yield waiting.popleft()
            if listening.done():
                listening.result()
    finally:
        listening.cancel()
        await asyncio.wait({listening})
        if not listening.cancelled():
            listening.exception()  # seen, also where nobody asks for the next reading


async def _listen(reader: Reader) -> NoReturn:
    while True:
        await reader.listen()


def _no_watchdog() -> None:
    """Nobody watches the reader."""
