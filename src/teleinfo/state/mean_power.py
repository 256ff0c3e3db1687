"""
The mean active power, from an index.

TIC has no active power of the moment: PAPP and SINSTS are apparent. But the meter counts Wh, and between two
steps of its index just so many Wh were drawn, whatever their voltage and cos φ. Honest is then:

- to measure from step to step, so that the Wh are exact, and only the time of each step is uncertain, by
  the time since the frame before it;
- to say a figure only over at least a minute, and over so long that this uncertainty is at most 5 % of it
  (a minute at 2 s a frame is 3 %; an old meter at idle may need ten);
- while no step comes for a minute, to lower the figure to what the next step would make of it: it cannot be
  more;
- to begin anew when frames were missing for a minute: nobody knows when the steps in between were.

What is said is the mean of the last stretch, in W, not the power of this moment. Pure: time comes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEAST: Final = 60.0
"""The shortest stretch, seconds."""

ACCURACY: Final = 0.05
"""The uncertainty of the stretch's length, as a share of it."""

GAP: Final = 60.0
"""Frames missing for so long, seconds, end the stretch."""

_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class _Step:
    """When the index came to be `index`: at `time`, or `uncertainty` seconds before."""

    time: float
    index: int
    uncertainty: float


class MeanPower:
    """
    The mean power of one index; `watts` is None until it can be said.

    `is_bound`: the index stands still, and `watts` is the most that the mean can be.
    """

    def __init__(self) -> None:
        self.watts: int | None = None
        self.is_bound = False
        self._since: float | None = None  # the first reading of an unbroken row
        self._read: tuple[float, int] | None = None
        self._began: _Step | None = None
        self._stepped: _Step | None = None
        self._least_step: int | None = None

    def take(self, index: int, *, now: float) -> None:
        """Note an index in Wh, read at the monotonic time `now` in seconds."""
        before, self._read = self._read, (now, index)
        if before is None or now - before[0] > GAP or index < before[1]:
            self.watts = self._began = self._stepped = None
            self._since = now
            return
        if index == before[1]:
            self._lower(now)
            return
        step = index - before[1]
        self._least_step = step if self._least_step is None else min(step, self._least_step)
        self._stepped = _Step(now, index, now - before[0])
        self._measure(self._stepped)

    def _measure(self, end: _Step) -> None:
        """Say the mean of the stretch that ends with this step, if it is long enough."""
        if self._began is None:
            self._began = end
            return
        lasted = end.time - self._began.time
        if lasted >= LEAST and max(end.uncertainty, self._began.uncertainty) <= ACCURACY * lasted:
            self.watts = round((end.index - self._began.index) * _SECONDS / lasted)
            self.is_bound = False
            self._began = end

    def _lower(self, now: float) -> None:
        """Lower the figure to what it can be at most, from a minute after the last step on."""
        if self._stepped is None or self._least_step is None or self.watts is None:
            return
        lasted = now - self._stepped.time
        most = self._least_step * _SECONDS / lasted
        if lasted >= LEAST and most < self.watts:
            self.watts = round(most)
            self.is_bound = True
            self._began = self._stepped

    def at_most(self) -> int | None:
        """
        Return the W that the mean since the last step cannot exceed; None in the first minute.

        An index that has not stepped yet counts whole Wh.
        """
        since = self._since if self._stepped is None else self._stepped.time
        if since is None or self._read is None or self._read[0] - since < LEAST:
            return None
        return round((self._least_step or 1) * _SECONDS / (self._read[0] - since))
