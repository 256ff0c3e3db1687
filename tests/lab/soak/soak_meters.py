"""The meters on their lines, one after the other, and an account of what they sent."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from random import Random
from typing import TYPE_CHECKING

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import BITS, encode_frame
from teleinfo.simulator.households import SimulatedHousehold
from teleinfo.simulator.play import SILENCE
from teleinfo.simulator.serial_line import SerialLine

if TYPE_CHECKING:
    from pathlib import Path

    from teleinfo.simulator.meter import SimulatedMeter

DAY = dt.datetime(2026, 1, 15)  # noqa: DTZ001 - a meter knows local time only


class SoakMeters:
    """
    One meter at a time on its `line` behind `link`, `speed` times faster than real.

    `elapsed` is in simulated seconds. `sent` counts the frames that went out whole to somebody who listened
    at their speed.
    """

    def __init__(self, link: Path, *, speed: float) -> None:
        self.sent = self.hang_ups = 0
        self._speed = speed
        self._before = 0.0
        self._began = time.monotonic()
        self._meter: SimulatedMeter
        self.line = SerialLine(link=link)

    @property
    def elapsed(self) -> float:
        """Simulated seconds since the beginning."""
        return self._before + self.line.elapsed

    @property
    def is_heard(self) -> bool:
        """True if a reader listens at the speed of the meter."""
        return self.line.attached and self.line.reader_baudrate == self.line.baudrate

    def change(self, name: str) -> None:
        """Put up the meter `name` in place of the one before, behind the same link."""
        self._before = self.elapsed
        self.line.close()
        household = SimulatedHousehold("usual", rng=Random(1))
        self._meter = build(
            name,
            start=self._now(),
            rng=Random(1),
            # As much energy in a real second as a household draws: the daemon withholds an index that rises
            # faster than a meter can carry.
            load_profile=lambda now: tuple(power / self._speed for power in household.power(now)),
        )
        # At speed 0 a line waits for its reader. The pace is kept here.
        self.line = SerialLine(baudrate=self._meter.baudrate, link=self.line.link, speed=0, strict_speed=True)
        self.line.open()

    async def play(self, *, until: float) -> None:
        """Send frames until the simulated time `until`."""
        while self.elapsed < until:
            frame = encode_frame(self._meter.frame(self._now()))
            heard = self.is_heard
            if self.line.attached:
                await self.line.send(frame)
            else:
                await self.line.idle(len(frame) * BITS / self.line.baudrate)
            self.sent += heard
            await self.line.idle(SILENCE)
            due = self._began + self.elapsed / self._speed
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def hang_up(self) -> None:
        """Pull the plug in mid-frame, and put it back with another number."""
        frame = encode_frame(self._meter.frame(self._now()))
        # A counted frame must have arrived: without the plug unread bytes are lost.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.line.until_read(), 1.0)
        await self.line.send(frame[: len(frame) // 2])
        self.line.open()
        self.hang_ups += 1

    def _now(self) -> dt.datetime:
        return DAY + dt.timedelta(seconds=self.elapsed)
