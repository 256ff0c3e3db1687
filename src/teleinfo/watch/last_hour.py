"""The power of the last hour, for the chart of the screen."""

from __future__ import annotations

from statistics import fmean
from typing import Final

BIN: Final = 5.0
"""Seconds between two points of the chart on the screen."""


class RecentPower:
    """The mean of the powers in each interval of `BIN` seconds of the last hour."""

    def __init__(self) -> None:
        self._bins: dict[int, list[int]] = {}  # powers by the number of their interval

    def add(self, power: int, *, now: float) -> None:
        """Add the power in VA at the monotonic time `now`."""
        self._bins.setdefault(int(now // BIN), []).append(power)
        if len(self._bins) > 3600 / BIN:
            del self._bins[min(self._bins)]

    def means(self, points: int, *, now: float) -> list[float | None]:
        """Return the mean power of each of the last `points` intervals, VA, the newest last; None: unknown"""
        last = int(now // BIN)
        bins = (self._bins.get(number) for number in range(last - points + 1, last + 1))
        return [None if powers is None else fmean(powers) for powers in bins]
