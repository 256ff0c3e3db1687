"""The line of a simulated meter: a pseudo-terminal with the pace and the faults of a serial line."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import BITS, flip_bits, misread, with_parity
from teleinfo.simulator.pseudo_terminal import PseudoTerminal

if TYPE_CHECKING:
    from pathlib import Path

_POLL = 0.005  # seconds between two polls of the reader
# Polls in a row that must find nothing unread: FIONREAD does not count bytes that are still on their way.
_EMPTY_POLLS = 20
# Seconds: a sender that lags by more does not catch up; the line counts as idle meanwhile.
_MAX_LAG = 1.0


class SerialLine(PseudoTerminal):
    """
    A pseudo-terminal at `baudrate` baud, `speed` times faster; at speed 0 it is as fast as its reader.

    - `parity`: bit 7 has even parity.
    - `noise`: the probability, 0 to 1, with which each bit flips, by `rng`.
    - `strict_speed`: a reader set to another speed receives the bytes that a UART would receive.
    - `dropped`: the number of bytes that nobody read.
    - `elapsed`: seconds since the line began, in its own time: `speed` times that of the clock.
    """

    def __init__(
        self,
        *,
        baudrate: int = 1200,
        link: Path | str | None = None,
        speed: float = 1.0,
        parity: bool = True,
        noise: float = 0.0,
        rng: random.Random | None = None,
        strict_speed: bool = False,
    ) -> None:
        super().__init__(baudrate=baudrate, link=link)
        self.dropped = 0
        self.elapsed = 0.0
        self._speed = speed
        self._parity = parity
        self._noise = noise
        self._rng = rng or random.Random()  # noqa: S311 -- noise, not a secret
        self._strict_speed = strict_speed
        self._start: float | None = None  # on the clock of the event loop

    def write(self, data: bytes) -> None:
        """Send exactly these bytes, at once; bytes that the buffer of the reader cannot hold are lost."""
        self.dropped += len(data) - self.put(data)

    async def send(self, data: bytes, *, encoded: bool = False) -> None:
        """
        Send seven-bit characters at the speed of the line, with its parity and noise.

        `encoded` bytes already have their parity, or lost it before: no parity is added.
        """
        if self._parity and not encoded:
            data = with_parity(data)
        data = flip_bits(data, self._noise, self._rng, width=8 if self._parity or encoded else 7)
        # Bytes to send at once: the FIFO of a UART, or the bytes of 5 ms on a faster line.
        size = max(8, int(self.baudrate / BITS * self._speed * 0.005)) if self._speed else 256
        for start in range(0, len(data), size):
            chunk = data[start : start + size]
            await self.idle(len(chunk) * BITS / self.baudrate)
            received = self.reader_baudrate if self._strict_speed else None
            if received is not None and received != self.baudrate:
                chunk = misread(chunk, sent=self.baudrate, received=received)
            if self._speed:
                self.write(chunk)
            else:
                await self._push(chunk)

    async def idle(self, seconds: float) -> None:
        """
        Leave the line silent for `seconds` of its own time.

        Overlong waits do not add up, since each wait is computed from the start of the line.
        """
        now = asyncio.get_running_loop().time()
        wait = 0.0
        if self._speed:
            if self._start is None:
                self._start = now - self.elapsed / self._speed
            wait = self._start + (self.elapsed + seconds) / self._speed - now
            if wait < -_MAX_LAG:
                self.elapsed -= wait * self._speed
        self.elapsed += seconds
        await asyncio.sleep(max(0.0, wait))

    async def until_attached(self) -> None:
        """Wait until somebody opens the port."""
        while not self.attached:  # noqa: ASYNC110 -- no event reports it
            await asyncio.sleep(_POLL)

    async def until_read(self, *, within: float) -> bool:
        """Wait until the reader has read all or is gone; return False after `within` seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        quiet = 0
        while self.attached and quiet < _EMPTY_POLLS:
            if loop.time() > end:
                return False
            await asyncio.sleep(_POLL)
            quiet = 0 if self.unread() else quiet + 1
        return True

    async def _push(self, data: bytes) -> None:
        """Write all, and wait for a reader and for space as long as it takes."""
        while data := data[self.put(data) :]:  # noqa: ASYNC110 -- no event reports it
            await asyncio.sleep(_POLL)
        await asyncio.sleep(0)
