"""The port side of `teleinfo record`: find the speed of the meter, copy the bytes, show the progress."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_, _
from teleinfo.port.errors import PortError
from teleinfo.port.serial_port import Port, open_port
from teleinfo.tic.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.port.baud_detector import BaudDetector

SEARCH_TIMEOUT: Final = 30.0
"""Seconds after which the speed is not found: a meter is found in 15 at worst."""

TICK: Final = 0.5
"""Seconds between two checks of `stop`, and between two lines of progress."""

NO_BYTE: Final = N_("No byte came: check the wires (terminals I1 and I2) and the adapter")


class RecordError(Exception):
    """There is no recording; the message is in the language of the user."""


@dataclass(slots=True)
class Recording:
    """A recording in progress: `count` bytes of the line, and `frames` sound frames in them."""

    count: int = 0
    frames: int = 0
    seconds: float = 0.0
    baudrate: int = 0


class BufferedPort:
    """A port, and the bytes that it received and that were not taken yet."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._port: Port | None = None

    async def open(self, stack: contextlib.AsyncExitStack, url: str, baudrate: int) -> None:
        """Open the port `url` until `stack` closes; raise PortError."""
        self._port = await stack.enter_async_context(open_port(url, baudrate, self._received.extend))

    async def take(self, *, limit: float = TICK) -> bytes:
        """Return the bytes of the next `limit` seconds, TICK at most; raise PortError once all were taken."""
        try:
            if self._port is not None and not self._received:
                await self._port.wait(min(limit, TICK))
        except PortError:
            if not self._received:
                raise
        data = bytes(self._received)
        self._received.clear()
        return data


async def open_at_meter_speed(
    stack: contextlib.AsyncExitStack, url: str, detector: BaudDetector, stop: asyncio.Event
) -> BufferedPort:
    """Open the port `url` at the speed of the meter, until `stack` closes; raise PortError or RecordError."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SEARCH_TIMEOUT
    decoder = Decoder()
    while loop.time() < end and not stop.is_set():
        async with contextlib.AsyncExitStack() as attempt:
            port = BufferedPort()
            await port.open(attempt, url, detector.baudrate)
            if detector.fixed or await _is_heard(port, detector, decoder, stop):
                await stack.enter_async_context(attempt.pop_all())
                return port
        detector.next_rate()
    if stop.is_set():
        raise RecordError(_("It was stopped before the speed of the meter was found"))
    if not decoder.counts.bytes_:
        raise RecordError(_(NO_BYTE))
    raise RecordError(
        _(
            "Nothing that came made sense, at any speed. To record it all the same, say at which speed: "
            "--baudrate 1200 (mode historique) or --baudrate 9600 (mode standard)"
        )
    )


async def _is_heard(
    port: BufferedPort, detector: BaudDetector, decoder: Decoder, stop: asyncio.Event
) -> bool:
    """Listen until the meter is heard, which is True, or until it is time for another speed."""
    loop = asyncio.get_running_loop()
    decoder.reset()
    detector.reset()
    opened = loop.time()
    while not detector.should_switch(loop.time() - opened) and not stop.is_set():
        show(_("Listening at {baudrate} baud").format(baudrate=detector.baudrate))
        for reading in decoder.feed(await port.take()):
            if detector.frame(reading.mode, len(reading.values)):
                return True
        if detector.partial_frame(*decoder.pending()):
            return True
    return False


async def copy(
    port: BufferedPort,
    recording: Recording,
    write: Callable[[bytes], object],
    *,
    seconds: float,
    most: int,
    stop: asyncio.Event,
) -> None:
    """Pass the bytes of the line to `write` for some `seconds`, until there are `most`, or until `stop`."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    decoder = Decoder()
    while recording.count < most and not stop.is_set():
        recording.seconds = loop.time() - began
        if recording.seconds >= seconds:
            break
        data = (await port.take(limit=seconds - recording.seconds))[: most - recording.count]
        recording.count += len(data)
        decoder.feed(data)
        recording.frames = decoder.counts.frames
        write(data)
        show(progress(seconds=recording.seconds, of=seconds, count=recording.count))


def show(text: str) -> None:
    """Replace the line of progress on standard error, where that is a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def progress(*, seconds: float, of: float, count: int, width: int = 30) -> str:
    """Return a bar of `width` characters, how many `of` the seconds have passed, and the bytes so far."""
    filled = int(width * min(1.0, seconds / of))
    return f"[{'#' * filled}{'.' * (width - filled)}] {seconds:.0f}/{of:.0f} s, {count} B"
