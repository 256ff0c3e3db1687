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


class Calm:
    """A line that was opened at the monotonic time `now`, seconds, after `count` bytes in all."""

    def __init__(self, now: float, count: int) -> None:
        self._heard = now
        self._count = count
        self._row = 0

    def frame(self, now: float, count: int, *, parity: bool | None) -> None:
        """Note a sound frame that ended with byte number `count`, with its parity or not."""
        calm = parity is True and count - self._count <= LONGEST
        self._row = self._row + 1 if calm else 0
        self._heard, self._count = now, count

    def holds(self, now: float) -> bool:
        """Whether the line is calm now."""
        if now - self._heard >= PATIENCE:
            self._row = 0
        return self._row >= ROW
