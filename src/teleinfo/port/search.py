"""
Search for the speed of the meter: open the port at one speed after another until the meter is heard.

Evidence of the meter is a frame, or at least three sound groups of one mode in the frame in progress: at a
wrong speed a UART still delivers bytes, of which a few pass a check now and then. The search never ends, and
finds the meter within 15 s, whatever it was sending.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from teleinfo.port.serial_port import LineProtocol, OnData, is_bridge, open_port

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from teleinfo.tic.decoder import Decoder
    from teleinfo.tic.labels import Mode
    from teleinfo.tic.reading import Reading

SPEEDS: Final = {"auto": (1200, 9600), "historique": (1200,), "standard": (9600,)}
"""The speeds of each mode setting, baud, in the order in which they are tried."""

ENOUGH_GROUPS: Final = 3
"""Sound groups of one frame that cannot be an accident."""

DWELL = 6.0
"""
Seconds without evidence after which the next speed is tried.

The longest frame lasts 3.7 s at 1200 baud, 1.8 s at 9600 (Enedis-NOI-CPT_02E and 54E, lengths of the label
tables). At worst a whole frame passes until the next STX, and three groups after it. A meter that was heard
may also interrupt a frame (EOT), which is no change of its mode.
"""

FRAME_CHECK_INTERVAL: Final = 0.5
"""Seconds between two checks of the frame in progress, in `is_heard`."""


def candidates(mode: str, baudrate: int | None) -> tuple[int, ...]:
    """Return the speeds to try, baud: `baudrate` if given, else those of `mode` (KeyError if unknown)."""
    return SPEEDS[mode] if baudrate is None else (baudrate,)


def speeds_at(url: str, baudrates: Sequence[int]) -> Sequence[int]:
    """Return the speeds to try at `url`, baud: only the first for a bridge, whose far end sets the speed."""
    return baudrates[:1] if is_bridge(url) else baudrates


class SpeedSearch:
    """
    Search for the speed of the meter at `url` among `baudrates`, beginning with the first.

    The caller passes the bytes to `feed`, which decodes them with `decoder`. `mode` is the mode of the meter,
    None until it is heard at the present speed. A single speed, or the speed of a bridge, is never changed.
    """

    def __init__(self, url: str, baudrates: Sequence[int], decoder: Decoder) -> None:
        self.decoder = decoder
        self.mode: Mode | None = None
        self.url = url
        self._baudrates = speeds_at(url, baudrates)
        self._position = 0
        self._pending: tuple[Mode | None, int] = (None, 0)

    @property
    def baudrate(self) -> int:
        """The speed to listen at now, baud."""
        return self._baudrates[self._position]

    @property
    def fixed(self) -> bool:
        """True if there is nothing to choose."""
        return len(self._baudrates) == 1

    def open(self, on_data: OnData) -> AbstractAsyncContextManager[LineProtocol]:
        """Open the port at the present speed, as `open_port` does; forget any frame in progress."""
        self.decoder.reset()
        self._pending = (None, 0)
        return open_port(self.url, self.baudrate, on_data)

    def feed(self, data: bytes, *, now: float | None = None) -> list[Reading]:
        """Decode bytes and return the readings."""
        readings = self.decoder.feed(data, now=now)
        if readings:
            self.mode = readings[-1].mode
        return readings

    def check_pending(self) -> bool:
        """True if the frame in progress has shown more of the meter since the last call; costs a parse."""
        before = self._pending
        self._pending = self.decoder.pending()
        mode, groups = self._pending
        if groups < ENOUGH_GROUPS or self._pending == before:
            return False
        self.mode = mode
        return True

    def should_switch(self, silent_for: float) -> bool:
        """True if it is time for the next speed, after `silent_for` seconds without evidence."""
        return not self.fixed and silent_for >= DWELL

    def next_speed(self) -> None:
        """Move to the next speed: no meter was heard at the present speed, or the port refuses it."""
        self._position = (self._position + 1) % len(self._baudrates)
        self.mode = None

    async def is_heard(self, port: LineProtocol) -> bool:
        """Listen until the meter is heard, for `DWELL` seconds at most; raise PortError."""
        loop = asyncio.get_running_loop()
        end = loop.time() + DWELL
        while self.mode is None and (left := end - loop.time()) > 0:
            await port.wait(min(left, FRAME_CHECK_INTERVAL))
            self.check_pending()
        return self.mode is not None
