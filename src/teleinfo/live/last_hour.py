"""The power of the last hour, for the chart of the screen."""

from __future__ import annotations

from statistics import fmean
from typing import Final

BIN: Final = 5.0
"""Seconds between two points of the chart on the screen."""

REACH: Final = 90.0
"""Seconds for which a power is repeated while no reading comes: a message may come once a minute."""


class RecentPower:
    """The mean power in each interval of `BIN` seconds of the last hour, for the chart of the screen."""

    def __init__(self) -> None:
        self._bins: dict[int, list[int]] = {}  # powers by the number of their interval

    def add(self, power: int, *, now: float) -> None:
        """Add a power in VA, measured at the monotonic time `now`."""
        self._bins.setdefault(int(now // BIN), []).append(power)
        if len(self._bins) > 3600 / BIN:
            del self._bins[min(self._bins)]

    def means(self, points: int, *, now: float) -> list[float | None]:
        """
        Return the mean power in each of the last `points` intervals of `BIN` seconds, VA, the newest last.

        An interval without a reading repeats the last power for up to `REACH` seconds. None: unknown.
        """
        means = {number: fmean(powers) for number, powers in self._bins.items()}
        last, reach = int(now // BIN), int(REACH // BIN)
        return [
            next((means[near] for near in range(number, number - reach - 1, -1) if near in means), None)
            for number in range(last - points + 1, last + 1)
        ]
