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

GAP: Final = 60.0
"""Seconds without a frame after which the measurement starts over."""

_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of the index to `index`, at `time` or up to `uncertainty` seconds earlier."""

    time: float
    index: int
    uncertainty: float


@dataclass(frozen=True, slots=True)
class Measured:
    """
    A measured mean power at the monotonic `time`, to be continued after a restart.

    `reading` is that of the index at `time`, in Wh; `watts` and `is_bound` are the figure. `step_time`,
    `step_index` and `uncertainty` describe the last step, `smallest_step` is the smallest, in Wh.
    """

    time: float
    reading: int
    watts: int
    is_bound: bool
    step_time: float
    step_index: int
    uncertainty: float
    smallest_step: int


class MeanPower:
    """The mean power of one index; `watts` is None while it is unknown."""

    def __init__(self) -> None:
        self.watts: int | None = None
        self._is_bound = True
        self._is_zero = False
        self._flowed: float | None = None  # time of the last frame of the row in which power flowed
        self._since: float | None = None  # time of the first reading of an unbroken row
        self._read: tuple[float, int] | None = None
        self._start: _Step | None = None
        self._last_step: _Step | None = None
        self._smallest_step: int | None = None

    def add(self, index: int, *, now: float, idle: bool = False) -> None:
        """
        Update `watts` with an index in Wh, read at the monotonic time `now`, seconds.

        `idle`: the meter says that no power flows now.
        """
        before, self._read = self._read, (now, index)
        self._update(before, index, now)
        if not idle:
            self._flowed = now
        self._is_zero = idle and (self._flowed is None or now - self._flowed >= MIN_INTERVAL)

    def _update(self, before: tuple[float, int] | None, index: int, now: float) -> None:
        """Continue the measurement after the reading `before`, or start it over."""
        if before is None or now - before[0] > GAP or index < before[1]:
            self.watts = self._start = self._last_step = None
            self._is_bound = True
            self._flowed = None
            self._since = now
            return
        if index == before[1]:
            self._lower()
            return
        step = index - before[1]
        self._smallest_step = step if self._smallest_step is None else min(step, self._smallest_step)
        self._last_step = _Step(now, index, now - before[0])
        self._measure(self._last_step)

    def _measure(self, end: _Step) -> None:
        """Set `watts` to the mean of the interval that ends with this step, if it is long enough."""
        if self._start is None:
            self._start = end
            return
        elapsed = end.time - self._start.time
        if elapsed >= MIN_INTERVAL and max(end.uncertainty, self._start.uncertainty) <= ACCURACY * elapsed:
            self.watts = round((end.index - self._start.index) * _SECONDS_PER_HOUR / elapsed)
            self._is_bound = False
            self._start = end

    def _lower(self) -> None:
        """Lower `watts` to the greatest possible power, if the last step was a minute ago or earlier."""
        most = self._at_most()
        if self.watts is not None and most is not None and most < self.watts:
            self.watts, self._is_bound = most, True
            self._start = self._last_step

    @property
    def measured(self) -> Measured | None:
        """The measurement to be remembered; None while `watts` is unknown."""
        step, read, smallest = self._last_step, self._read, self._smallest_step
        if self.watts is None or step is None or read is None or smallest is None:
            return None
        return Measured(*read, self.watts, self._is_bound, step.time, step.index, step.uncertainty, smallest)

    def resume(self, earlier: Measured) -> None:
        """Continue a measurement of an earlier run, unless this index is lower."""
        if self._read is None or self._read[1] >= earlier.reading:
            self.watts, self._is_bound = earlier.watts, earlier.is_bound
            self._read = earlier.time, earlier.reading
            self._start = self._last_step = _Step(earlier.step_time, earlier.step_index, earlier.uncertainty)
            self._smallest_step = earlier.smallest_step

    @property
    def is_bound(self) -> bool:
        """True if the mean is at most the `reported` power."""
        return self._is_bound and not self._is_zero

    @property
    def reported(self) -> int | None:
        """The figure to publish, W: `watts`, or its bound while no interval has been measured."""
        if self._is_zero:
            return 0
        return self._at_most() if self.watts is None else self.watts

    def _at_most(self) -> int | None:
        """
        Return the power in W that the mean since the last step cannot exceed; None in the first minute.

        Before its first step, an index is assumed to step by 1 Wh.
        """
        since = self._since if self._last_step is None else self._last_step.time
        if since is None or self._read is None or self._read[0] - since < MIN_INTERVAL:
            return None
        return round((self._smallest_step or 1) * _SECONDS_PER_HOUR / (self._read[0] - since))
