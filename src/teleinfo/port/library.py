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


class _Buffer:
    """The readings that wait for the consumer."""

    def __init__(self) -> None:
        self.waiting: deque[Reading] = deque(maxlen=MAX_WAITING)
        self.news = asyncio.Event()

    def on_reading(self, reading: Reading) -> None:
        self.waiting.append(reading)
        self.news.set()

    def on_progress(self) -> None:
        """Do nothing: no watchdog is fed."""


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
    sink = _Buffer()
    reader = Reader(
        url=url,
        baudrates=candidates(mode, baudrate),
        decoder=decoder or Decoder(),
        sink=sink,
        rng=random.Random(),  # noqa: S311 - spreads retries, guards nothing
    )
    listening = asyncio.create_task(_listen(reader), name="teleinfo.read")
    listening.add_done_callback(lambda _: sink.news.set())
    try:
        while True:
            await sink.news.wait()
            sink.news.clear()
            while sink.waiting:
                yield sink.waiting.popleft()
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
