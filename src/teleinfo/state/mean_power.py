"""
The mean active power, from an index.

TIC has no instantaneous active power: PAPP and SINSTS are apparent. But the meter counts Wh, and the energy
between two steps of its index is exact, whatever the voltage and cos φ. So:

- the power is measured from step to step: only the times of the steps are uncertain, each by the time since
  the frame before it;
- an interval lasts at least a minute, and so long that this uncertainty is at most 5 % of it (with a frame
  every 2 s, a minute gives 3 %; an old meter under little load may need ten minutes);
- when no step has come for a minute, the figure falls to the power that a step at this moment would give: the
  power cannot be greater;
- when the meter has said for a minute, or since the start, that no power flows, the figure is 0;
- after a minute without frames the measurement starts over: the times of the steps in between are unknown.

The figure is the mean of the last interval, in W. Pure: times are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIN_INTERVAL: Final = 60.0
"""The shortest interval, seconds."""

ACCURACY: Final = 0.05
"""The greatest uncertainty of an interval, as a share of its length."""

RESTART_AFTER: Final = 60.0
"""Seconds without a frame after which the measurement starts over."""


@dataclass(frozen=True, slots=True)
class IndexStep:
    """A step of the index to `index`, Wh, at the monotonic `time` or up to `uncertainty` seconds earlier."""

    time: float
    index: int
    uncertainty: float = 0.0


@dataclass(slots=True)
class MeanPower:
    """
    The mean power of one index; `watts` is None while it is unknown.

    A copy is remembered through a restart. `read` is the last reading, `start` the step that began the
    interval, `smallest_step` is in Wh. `since` is the time of the first reading of an unbroken row, `flowed`
    the time of its last frame in which power flowed.
    """

    watts: int | None = None
    is_lowered: bool = True
    is_zero: bool = False
    flowed: float | None = None
    since: float | None = None
    read: IndexStep | None = None
    start: IndexStep | None = None
    last_step: IndexStep | None = None
    smallest_step: int | None = None

    def add(self, index: int, *, now: float, idle: bool = False) -> None:
        """
        Update `watts` with an index in Wh, read at the monotonic time `now`, seconds.

        `idle`: the meter says that no power flows now.
        """
        before = self.read
        self.read = IndexStep(now, index)
        if before is None or now - before.time > RESTART_AFTER or index < before.index:
            self.watts = None
            self.start = None
            self.last_step = None
            self.flowed = None
            self.is_lowered = True
            self.since = now
        elif index > before.index:
            self._add_step(index, before, now)
        else:
            self._lower()
        if not idle:
            self.flowed = now
        self.is_zero = idle and (self.flowed is None or now - self.flowed >= MIN_INTERVAL)

    def _add_step(self, index: int, before: IndexStep, now: float) -> None:
        """Add a step of the index between the frame `before` and `now`; it may end the interval."""
        rise = index - before.index
        if not self.smallest_step or rise < self.smallest_step:
            self.smallest_step = rise
        end = IndexStep(now, index, uncertainty=now - before.time)
        self.last_step = end
        start = self.start or end
        # After a gap the start may be so uncertain that an interval which begins now is exact enough sooner.
        if start.uncertainty - end.uncertainty > ACCURACY * (now - start.time):
            start = end
        self.start = start
        elapsed = now - start.time
        uncertainty = max(start.uncertainty, end.uncertainty)
        if elapsed >= MIN_INTERVAL and uncertainty <= ACCURACY * elapsed:
            self.watts = round((index - start.index) * 3600 / elapsed)
            self.is_lowered = False
            self.start = end

    def _lower(self) -> None:
        """Lower `watts` to the power that a step at this moment would give, if that is less."""
        if self.watts is None:
            return
        most = self._at_most()
        if most is None or most >= self.watts:
            return
        self.watts = most
        self.is_lowered = True
        self.start = self.last_step

    @property
    def is_bound(self) -> bool:
        """True if the mean is at most the `reported` power."""
        return self.is_lowered and not self.is_zero

    @property
    def reported(self) -> int | None:
        """The figure to publish, W: `watts`, or its bound while no interval has been measured."""
        if self.is_zero:
            return 0
        if self.watts is None:
            return self._at_most()
        return self.watts

    def _at_most(self) -> int | None:
        """
        Return the power in W that the mean since the last step cannot exceed; None in the first minute.

        Before its first step, an index is assumed to step by 1 Wh.
        """
        since = self.since if self.last_step is None else self.last_step.time
        if since is None or self.read is None:
            return None
        elapsed = self.read.time - since
        if elapsed < MIN_INTERVAL:
            return None
        next_step = self.smallest_step or 1  # Wh
        return round(next_step * 3600 / elapsed)
