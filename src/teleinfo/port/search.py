"""Search for the speed of the meter: open the port at one speed after another until the meter is heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from teleinfo.port.baud_detector import BaudDetector
from teleinfo.port.serial_port import open_port
from teleinfo.port.tcp_bridge import is_bridge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from teleinfo.port.protocol import DataSink, LineProtocol
    from teleinfo.tic.decoder import Decoder
    from teleinfo.tic.reading import Reading

TRY_SECONDS = 6.0
"""Seconds that `is_heard` listens at one speed: a frame may last 3.7 s, and have begun before."""

TICK: Final = 0.5
"""Seconds between two checks of the frame in progress, in `is_heard`."""


def speeds_at(url: str, baudrates: Sequence[int]) -> Sequence[int]:
    """Return the speeds to try at `url`, baud: only the first for a bridge, whose far end sets the speed."""
    return baudrates[:1] if is_bridge(url) else baudrates


class SpeedSearch(BaudDetector):
    """
    Search for the speed of the meter at `url` among `baudrates`; a bridge has a speed of its own.

    The sink of the caller passes the bytes to `feed`, which decodes them with `decoder`.
    """

    def __init__(self, url: str, baudrates: Sequence[int], decoder: Decoder) -> None:
        super().__init__(speeds_at(url, baudrates))
        self._url = url
        self.decoder = decoder

    def open(self, sink: DataSink) -> AbstractAsyncContextManager[LineProtocol]:
        """Open the port at the present speed, as `open_port` does; forget any frame in progress."""
        self.decoder.reset()
        self.reset()
        return open_port(self._url, self.baudrate, sink)

    def feed(self, data: bytes, *, now: float | None = None) -> list[Reading]:
        """Decode bytes and return the readings."""
        readings = self.decoder.feed(data, now=now)
        if readings:
            self.mode = readings[-1].mode
        return readings

    def check_pending(self) -> bool:
        """True if the frame in progress has shown more of the meter since the last call; costs a parse."""
        return self.note_partial_frame(*self.decoder.pending())

    async def is_heard(self, port: LineProtocol) -> bool:
        """Listen until the meter is heard, for `TRY_SECONDS` at most; raise PortError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + TRY_SECONDS
        while self.mode is None and (left := end - loop.time()) > 0:
            await port.wait(min(left, TICK))
            self.check_pending()
        return self.mode is not None
