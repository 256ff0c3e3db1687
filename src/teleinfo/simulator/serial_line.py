"""
The line from a simulated meter: what it sends arrives at the speed of a serial line, with its faults.

Bytes that nobody reads are lost, and nothing waits for the reader (but at speed 0). Waits are told against
the line's beginning, so that it does not drift.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Self

from teleinfo.simulator.encode import flip_bits, misread, with_parity
from teleinfo.simulator.pseudo_terminal import PseudoTerminal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

_POLL = 0.005  # seconds between two looks at the reader
# So many looks must find nothing unread: bytes that the system has yet to hand over are not counted.
_QUIET = 20
_BITS = 10  # of each character: start, eight, stop
# A sender that is later than this does not catch up: the line was idle meanwhile.
_PATIENCE = 1.0


class SerialLine(PseudoTerminal):
    """
    A pseudo-terminal at `baudrate` baud, `speed` times faster; at speed 0 as fast as the reader reads.

    `parity` puts even parity into bit 7. `noise` is the probability, 0 to 1, with which each bit flips, by
    `rng`. With `strict_speed` a reader set to another speed receives what a UART would. `dropped` counts the
    bytes that nobody read. Use it as a context manager, plain or asynchronous; see `PseudoTerminal` for
    the rest.
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
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(baudrate=baudrate, link=link)
        self.dropped = 0
        self._speed = speed
        self._parity = parity
        self._noise = noise
        self._rng = rng or random.Random()  # noqa: S311 -- noise, not a secret
        self._strict_speed = strict_speed
        self._clock = clock
        self._sleep = sleep
        self._pacer = Pacer(baudrate=baudrate, speed=speed)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.close()

    @property
    def elapsed(self) -> float:
        """Seconds on the line since it began: `speed` times those on the clock."""
        return self._pacer.elapsed

    def write(self, data: bytes) -> None:
        """Put exactly these bytes on the line, at once; those that the reader has no room for are lost."""
        self.dropped += len(data) - self.put(data)

    async def send(self, data: bytes, *, encoded: bool = False) -> None:
        """
        Send seven-bit characters at the line's speed, with parity and noise as the line is made.

        `encoded` bytes have their parity already, or were stripped of it: bit 7 is left alone.
        """
        if self._parity and not encoded:
            data = with_parity(data)
        data = flip_bits(data, self._noise, self._rng, width=8 if self._parity or encoded else 7)
        size = self._pacer.chunk
        for start in range(0, len(data), size):
            chunk = data[start : start + size]
            await self._sleep(self._pacer.send(len(chunk), self._clock()))
            heard = self.reader_baudrate if self._strict_speed else None
            if heard is not None and heard != self.baudrate:
                chunk = misread(chunk, sent=self.baudrate, heard=heard)
            if self._speed:
                self.write(chunk)
            else:
                await self._push(chunk)

    async def idle(self, seconds: float) -> None:
        """Leave the line silent for `seconds` of its own time."""
        await self._sleep(self._pacer.idle(seconds, self._clock()))

    async def until_attached(self) -> None:
        """Wait until somebody opens the port."""
        while not self.attached:  # noqa: ASYNC110 -- the system does not tell it, it must be asked
            await asyncio.sleep(_POLL)

    async def until_read(self, *, within: float) -> bool:
        """Wait at most `within` seconds until the reader has taken all or left; return whether it did."""
        end = time.monotonic() + within
        quiet = 0
        while self.attached and quiet < _QUIET:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(_POLL)
            quiet = 0 if self.unread() else quiet + 1
        return True

    async def _push(self, data: bytes) -> None:
        """Write all, waiting for room and for a reader as long as it takes."""
        while data := data[self.put(data) :]:  # noqa: ASYNC110 -- the same
            await asyncio.sleep(_POLL)
        await asyncio.sleep(0)


class Pacer:
    """
    A line at `baudrate` baud, `speed` times faster; at speed 0 nothing ever waits.

    `elapsed` is the time on the line in seconds since it began, as a meter that sends over it lives it.
    """

    def __init__(self, *, baudrate: int, speed: float = 1.0) -> None:
        self.elapsed = 0.0
        self._baudrate = baudrate
        self._speed = speed
        self._start: float | None = None

    @property
    def chunk(self) -> int:
        """So many bytes at once: a UART's FIFO, but not less than 5 ms, which is what waits are worth."""
        return max(8, int(self._baudrate / _BITS * self._speed * 0.005)) if self._speed else 256

    def send(self, count: int, now: float) -> float:
        """Take `count` bytes at `now` and return after how many seconds they have gone, at least 0."""
        return self.idle(count * _BITS / self._baudrate, now)

    def idle(self, seconds: float, now: float) -> float:
        """Let `seconds` of the line's time pass from `now` and return how many to wait, at least 0."""
        self.elapsed += seconds
        if not self._speed:
            return 0.0
        if self._start is None:
            self._start = now - (self.elapsed - seconds) / self._speed
        wait = self._start + self.elapsed / self._speed - now
        if wait < -_PATIENCE:
            self.elapsed -= wait * self._speed
        return max(0.0, wait)
