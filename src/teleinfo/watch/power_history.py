"""The power of the last hour, in points of a few seconds each. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

BIN: Final = 5.0
"""Seconds of one point."""

REACH: Final = 90.0
"""Seconds for which a point is repeated while no reading comes: messages may come once a minute."""

LONGEST: Final = 720
"""Points that are kept: an hour."""


class PowerHistory:
    """The mean power of each `BIN` seconds, the last `LONGEST` of them."""

    def __init__(self) -> None:
        self._bins: deque[tuple[int, int, int]] = deque(maxlen=LONGEST)  # number, sum, readings

    def add(self, power: int, *, now: float) -> None:
        """Note a power, VA, of the monotonic time `now`."""
        number, total, readings = int(now // BIN), 0, 0
        if self._bins and self._bins[-1][0] == number:
            _, total, readings = self._bins.pop()
        self._bins.append((number, total + power, readings + 1))

    def means(self, points: int, *, now: float) -> list[float | None]:
        """
        Return the mean power in VA of each of the last `points` times `BIN` seconds, the newest last.

        A point without a reading is as the one before, for `REACH` at most. None: nothing is known.
        """
        means = {number: total / readings for number, total, readings in self._bins}
        last = int(now // BIN)
        reach = int(REACH // BIN)
        found: list[float | None] = []
        for number in range(last - points + 1, last + 1):
            near = (means[n] for n in range(number, number - reach - 1, -1) if n in means)
            found.append(next(near, None))
        return found
