"""
Bounds of the power factor while the apparent power S stays at a level, for `active_power`.

In each frame, the energy lies between the index and the next Wh. While the power factor is constant, the
energy is a straight line over the integral of S, and the power factor is its slope. The slopes between any
two frames bound it; the corners of the convex hulls of these points are enough.

Pure.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

_WS_PER_WH: Final = 3600


class Bar(NamedTuple):
    """Bounds of an active power in W, or of a power factor."""

    lower: float
    upper: float

    def is_better(self, other: Bar | None, margin: float) -> bool:
        """True if this bar is narrower than another, or contradicts it by more than `margin`."""
        if other is None or self.upper - self.lower < other.upper - other.lower:
            return True
        return self.lower - margin > other.upper or self.upper + margin < other.lower


class _Corner(NamedTuple):
    """A corner of a hull: an integral of S in VAs, and an energy in Wh."""

    area: float
    energy: int

    def slope(self, later: _Corner) -> float:
        """Return the power factor between this corner and a `later` corner."""
        return (later.energy - self.energy) * _WS_PER_WH / (later.area - self.area)


class Level:
    """Frames with about the same S, the bounds of their power factor (`factor`), and the last frame."""

    def __init__(self, now: float, apparent: float, energy: int) -> None:
        self.start, self.first = now, apparent
        self.now, self.apparent, self.energy = now, apparent, energy
        self.area = self.square = 0.0
        self.factor = Bar(0.0, 1.0)
        self._below = [_Corner(0.0, energy)]  # points below the line of the energy
        self._above = [_Corner(0.0, energy + 1)]

    def means(self) -> tuple[float, float]:
        """Return a mean of S that is not above the present S, and a mean that is not below it."""
        length, apparent = self.now - self.start, self.apparent
        offset = self.area / length - apparent
        square = self.square / length - apparent * (2 * offset + apparent)
        spread = math.sqrt(max(0.0, square))  # at least the mean distance between S and the present S
        return max(0.0, apparent - (spread - offset) / 2), apparent + (spread + offset) / 2

    def add(self, now: float, apparent: float, energy: int) -> None:
        """Add a frame."""
        before = _Corner(self.area, self.energy + 1)
        elapsed, mean = now - self.now, (apparent + self.apparent) / 2
        self.area += elapsed * mean
        self.square += elapsed * mean * mean
        if self.area > before.area:
            lower, upper = self.factor
            above = _Corner(self.area, energy + 1)
            upper = min(upper, *(corner.slope(above) for corner in self._below))
            if energy > self.energy:
                below = _Corner(self.area, energy)
                lower = max(lower, *(corner.slope(below) for corner in self._above))
                _extend(self._below, below, side=1)
                if before.area > 0:
                    _extend(self._above, before, side=-1)
            self.factor = Bar(lower, upper)
        self.now, self.apparent, self.energy = now, apparent, energy


def _extend(hull: list[_Corner], corner: _Corner, *, side: int) -> None:
    """Add a corner to the upper (`side` 1) or lower (-1) half of a hull, without those that it covers."""
    while len(hull) > 1 and side * (hull[-2].slope(corner) - hull[-2].slope(hull[-1])) >= 0:
        hull.pop()
    hull.append(corner)
