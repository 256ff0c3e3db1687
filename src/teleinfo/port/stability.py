"""
Judge whether a line is so calm that one may sleep through its frames (see `doze`).

Pure: a clock comes in, an answer goes out.
"""

from __future__ import annotations

from typing import Final

ROW: Final = 3
"""So many sound frames in a row show that the next one will come."""

LONGEST: Final = 2048
"""Bytes of a frame that may be slept through. The kernel keeps 4095 of a line, and drops what comes then."""

PATIENCE: Final = 5.0
"""Seconds without a frame until every byte is looked at again. The longest frame takes 3.7 s."""

OVERDUE: Final = 1.5
"""
So many times the usual time after the one before, a frame is missing.

Its ETX was damaged: the next frame is behind it in the kernel's buffer, which has room for no third one. Or a
second program reads the port: it takes whole frames from one who sleeps, and single bytes from one who is
awake, which is noticed soon.
"""


class StabilityDetector:
    """A line that was opened at the monotonic time `now`, seconds, after `count` bytes in all."""

    def __init__(self, now: float, count: int) -> None:
        self._heard = now
        self._count = count
        self._row = 0
        self._usual = 0.0  # the longest time from frame to frame in the row

    def frame(self, now: float, count: int, *, parity: bool | None) -> None:
        """Note a sound frame that ended with byte number `count`, with its parity or not."""
        gap, size = now - self._heard, count - self._count
        if parity is not True or size > LONGEST:
            self._row = 0
        else:
            self._row = self._row + 1 if self._in_time(now) else 1
        if self._row <= ROW:
            self._usual = max(self._usual, gap) if self._row > 1 else 0.0
        self._heard, self._count = now, count

    def holds(self, now: float) -> bool:
        """Whether the line is calm now."""
        return self._row >= ROW and self._in_time(now)

    def _in_time(self, now: float) -> bool:
        """Whether it is not too late for another frame of the row."""
        patience = min(PATIENCE, OVERDUE * self._usual) if self._row >= ROW else PATIENCE
        return now - self._heard <= patience
