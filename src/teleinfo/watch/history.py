"""The power drawn in the last minutes, for the screen. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

BIN: Final = 5.0
"""Length of a point, seconds."""

REACH: Final = 90.0
"""Seconds for which a point is repeated while no reading comes: a message may come once a minute."""

LONGEST: Final = 720
"""Number of points that are kept: an hour."""


class History:
    """The mean power in each of the last `LONGEST` intervals of `BIN` seconds."""

    def __init__(self) -> None:
        self._bins: deque[tuple[int, int, int]] = deque(maxlen=LONGEST)  # number, sum, readings

    def add(self, power: int, *, now: float) -> None:
        """Add a power in VA, measured at the monotonic time `now`."""
        number, total, readings = int(now // BIN), 0, 0
        if self._bins and self._bins[-1][0] == number:
            _, total, readings = self._bins.pop()
        self._bins.append((number, total + power, readings + 1))

    def means(self, points: int, *, now: float) -> list[float | None]:
        """
        Return the mean power in each of the last `points` intervals of `BIN` seconds, VA, the newest last.

        An interval without a reading repeats the last power for up to `REACH` seconds. None: unknown.
        """
        means = {number: total / readings for number, total, readings in self._bins}
        last, reach = int(now // BIN), int(REACH // BIN)
        return [
            next((means[near] for near in range(number, number - reach - 1, -1) if near in means), None)
            for number in range(last - points + 1, last + 1)
        ]
