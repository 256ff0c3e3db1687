"""
Windows between steps of the index, for `active_power`, and the bounds of the mean power factor within them.

Pure. S is the apparent power.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MAX_WINDOW: Final = 600.0  # s
SPACING: Final = 2.0  # greatest ratio between the ages of two neighbours
_WS_PER_WH: Final = 3600


class Bar(NamedTuple):
    """Bounds of an active power in W, or of a power factor."""

    lower: float
    upper: float

    def scaled(self, apparent: float) -> Bar:
        """Return the bounds of the power for these bounds of the power factor."""
        return Bar(self.lower * apparent, self.upper * apparent)

    def is_better(self, other: Bar | None, margin: float = 0.0) -> bool:
        """True if this bar is narrower than another, or contradicts it by more than `margin`."""
        if other is None or self.upper - self.lower < other.upper - other.lower:
            return True
        return self.lower - margin > other.upper or self.upper + margin < other.lower


class Point(NamedTuple):
    """A frame: time, index in Wh, the integrals of S and S² until then, and the error of that of S."""

    time: float
    energy: int
    apparent: float = 0.0
    square: float = 0.0
    error: float = 0.0


class Step(NamedTuple):
    """The last frame before a step of the index, and the first frame after it."""

    before: Point
    after: Point


def factor_since(first: Step, last: Step, now: Point) -> Bar:
    """Return the bounds of the mean power factor since the step `first`; `last` is the latest step."""
    upper = 1.0
    for end in (last.before, now):
        shown = end.apparent - first.after.apparent - (end.error - first.before.error)
        if shown > 0:
            upper = min(upper, (end.energy - first.after.energy + 1) * _WS_PER_WH / shown)
    shown = last.after.apparent - first.before.apparent + last.after.error - first.before.error
    lower = (last.after.energy - first.before.energy - 1) * _WS_PER_WH / shown if shown > 0 else 0.0
    return Bar(lower, max(lower, upper))


def thinned(steps: list[Step], now: float) -> list[Step]:
    """Return the newest step, the oldest, and as few between them as `SPACING` allows."""
    kept = [steps[-1]]
    for earlier, step in zip(steps[-3::-1], steps[-2:0:-1], strict=True):
        if now - earlier.after.time >= SPACING * (now - kept[-1].after.time):
            kept.append(step)
    kept += steps[:-1][:1]
    return [step for step in reversed(kept) if now - step.after.time <= MAX_WINDOW]
