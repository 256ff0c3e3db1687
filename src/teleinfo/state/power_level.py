"""
A level of the apparent power, and the bounds of the power factor within it.

While the apparent power S stays at a level, the index bounds the mean power factor: part 1 of the method of
`active_power`. Pure. Powers are positive in either direction.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

MEASURED: Final = 1.0  # s over which S is measured
WS_PER_WH: Final = 3600
_TIMING: Final = 0.3  # s by which a frame may be earlier or later behind its index than another


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
        """Return the power factor between this corner and a `later` corner; infinity if it is not later."""
        area = later.area - self.area
        if area <= 0:
            return math.inf
        return (later.energy - self.energy) * WS_PER_WH / area


class Level:
    """
    Frames with about the same S, the bounds of their power factor (`factor`), and the last frame.

    `start` and `first` are the time and the S of its first frame. `area` and `square` are the integrals of S
    (VAs) and of S² over the time.
    """

    def __init__(self, now: float, apparent: float, energy: int) -> None:
        self.start = now
        self.first = apparent
        self.now = now
        self.apparent = apparent
        self.energy = energy
        self.area = 0.0
        self.square = 0.0
        self.unseen = 0.0  # square of what the area may lack between the seconds of two frames, VAs
        self.factor = Bar(0.0, 1.0)
        self._timing = apparent * _TIMING / 2  # VAs by which a point may be elsewhere
        self._below = [_Corner(self._timing, energy)]  # points below the line of the energy
        self._above = [_Corner(-self._timing, energy + 1)]

    def means(self) -> tuple[float, float]:
        """
        Return a mean of S that is not above the present S, and a mean that is not below it.

        With the distance d of S from the present S, max(0, d) has the mean (mean of |d| + mean of d) / 2, and
        max(0, −d) the mean (mean of |d| − mean of d) / 2. The mean of |d| is unknown, but it is at most the
        root of the mean of d², the `spread`.
        """
        length = self.now - self.start
        distance = self.area / length - self.apparent
        square_distance = self.square / length - self.apparent * (2 * distance + self.apparent)
        spread = math.sqrt(max(0.0, square_distance))
        lower = self.apparent - (spread - distance) / 2
        upper = self.apparent + (spread + distance) / 2
        return max(0.0, lower), upper

    def add(self, now: float, apparent: float, energy: int) -> None:
        """Add a frame."""
        above_last = _Corner(self.area - self._timing, self.energy + 1)
        elapsed = now - self.now
        mean = (apparent + self.apparent) / 2
        self.area += elapsed * mean
        self.square += elapsed * mean * mean
        unmeasured = max(0.0, elapsed - MEASURED)
        change = apparent - self.apparent
        self.unseen += (unmeasured * change) ** 2
        if mean:
            lower, upper = self.factor
            # The line of the energy rises less than from a point below it to a later point above it.
            above = _Corner(self.area - self._timing, energy + 1)
            slopes = [corner.slope(above) for corner in self._below]
            upper = min(upper, *slopes)
            # Only a step of the index raises the lower bound, and adds corners.
            if energy > self.energy:
                below = _Corner(self.area + self._timing, energy)
                slopes = [corner.slope(below) for corner in self._above]
                lower = max(lower, *slopes)
                _extend(self._below, below, side=1)
                if above_last.area > self._above[0].area:
                    _extend(self._above, above_last, side=-1)
            self.factor = Bar(lower, upper)
        self.now = now
        self.apparent = apparent
        self.energy = energy


def _extend(hull: list[_Corner], corner: _Corner, *, side: int) -> None:
    """Add a corner to the upper (`side` 1) or lower (-1) half of a hull, without those that it covers."""
    while len(hull) > 1:
        slope = hull[-2].slope(corner)
        slope_of_last = hull[-2].slope(hull[-1])
        # Of the upper half: the last corner lies below the line to the new one. Of two infinite slopes the
        # difference is nan, and nothing is covered.
        is_last_covered = side * (slope - slope_of_last) >= 0
        if not is_last_covered:
            break
        hull.pop()
    hull.append(corner)
