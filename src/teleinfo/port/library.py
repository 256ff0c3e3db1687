"""Read a meter in your own program: docs/library.md has examples."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final, Literal, NoReturn

from teleinfo.port.reader import Reader
from teleinfo.port.search import SPEEDS, candidates
from teleinfo.port.serial_port import BRIDGE, RFC2217, UNIX
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

MAX_WAITING: Final = 64
"""The most readings that wait for a slow consumer; the oldest are dropped."""


def read(
    url: str | os.PathLike[str],
    *,
    mode: Mode | Literal["auto"] = "auto",
    baudrate: int | None = None,
    decoder: Decoder | None = None,
) -> AsyncGenerator[Reading, None]:
    """
    Yield the readings of the meter at `url`, a device path or a bridge, as its frames come.

    A bridge is `socket://host:port` or `rfc2217://host:port`.

    - `mode`: the mode of the meter; with "auto" the speed is searched.
    - `baudrate`: the speed in bits a second, if it is not that of the mode.
    - `decoder`: a decoder of the caller, who wants its counts.

    A silent port is opened again, with no more than a warning in the log. Until the generator is closed, it
    runs a task and holds the port: use it inside `contextlib.aclosing`.

    Raises ValueError at once for an unknown mode or another kind of address, and PortError, while it is read,
    if the port cannot be opened or is lost: the caller decides what to do then.
    """
    if mode not in SPEEDS:
        raise ValueError(f"{mode!r} is no mode: {', '.join(SPEEDS)}")
    port = os.fspath(url)
    if "://" in port and not port.startswith((BRIDGE, RFC2217, UNIX)):
        raise ValueError(
            f"{port!r} is no port of a meter: give the path of a device, socket://host:port or rfc2217://host:port"
        )
    return _read(port, candidates(mode, baudrate), decoder or Decoder())


async def _read(url: str, baudrates: Sequence[int], decoder: Decoder) -> AsyncGenerator[Reading, None]:
    waiting: asyncio.Queue[Reading | None] = asyncio.Queue(MAX_WAITING)  # with None after the last

    def on_reading(reading: Reading | None) -> None:
        if waiting.full():
            waiting.get_nowait()
        waiting.put_nowait(reading)

    reader = Reader(url=url, baudrates=baudrates, decoder=decoder, on_reading=on_reading)
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
