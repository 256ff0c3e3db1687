"""Read a meter in your own program: docs/library.md has examples."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NoReturn

from teleinfo.port.reader import Reader
from teleinfo.port.search import SPEEDS, candidates
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from teleinfo.tic.reading import Reading

MAX_WAITING: Final = 64
"""The most readings that wait for a slow consumer; the oldest are dropped."""


async def read(
    url: str, *, mode: str = "auto", baudrate: int | None = None, decoder: Decoder | None = None
) -> AsyncGenerator[Reading, None]:
    """
    Yield the readings of the meter at `url`, a device path or a bridge, as its frames come.

    A bridge is `socket://host:port` or `rfc2217://host:port`.

    - `mode`: "auto" (the speed is searched), "historique" or "standard".
    - `baudrate`: the speed in bits a second, if it is not that of the mode.
    - `decoder`: a decoder of the caller, who wants its counts.

    A silent port is opened again, with no more than a warning in the log. Raises ValueError for an unknown
    mode, and PortError if the port cannot be opened or is lost: the caller decides what to do then. Until the
    generator is closed, it runs a task and holds the port: use it inside `contextlib.aclosing`.
    """
    if mode not in SPEEDS:
        raise ValueError(f"{mode!r} is no mode: {', '.join(SPEEDS)}")
    waiting: asyncio.Queue[Reading | None] = asyncio.Queue(MAX_WAITING)  # with None after the last

    def on_reading(reading: Reading | None) -> None:
        if waiting.full():
            waiting.get_nowait()
        waiting.put_nowait(reading)

    baudrates = candidates(mode, baudrate)
    reader = Reader(url=url, baudrates=baudrates, decoder=decoder or Decoder(), on_reading=on_reading)
    listening = asyncio.create_task(_listen(reader), name="teleinfo.read")
    listening.add_done_callback(lambda _: on_reading(None))
    try:
        while (reading := await waiting.get()) is not None:
            yield reading
        listening.result()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(reader: Reader) -> NoReturn:
    while True:
        await reader.listen()
