"""
The offset of the clock of the meter against the clock of the machine (standard, `DATE`).

A frame takes 0.9 to 1.8 s, and a value is at most one frame old when it is sent (54E): `DATE` arrives about
`DELAY` seconds late. The median of a minute ignores a frame that was delayed, and a time that was damaged.
Pure: times are arguments.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

from teleinfo.tic.horodate import moment

if TYPE_CHECKING:
    from teleinfo.vocabulary.moment import Moment

DELAY: Final = 2
"""Seconds by which DATE is late when its frame has come."""

SAMPLE_INTERVAL: Final = 3.0
"""Seconds between two samples; a minute has `SAMPLES` of them."""

SAMPLES: Final = 20
MIN_SAMPLES: Final = 3

STEP: Final = 5
"""Seconds by which the offset must differ from the last one: drift and delays are no news."""

TOLERANCE: Final = 120
"""Seconds of an offset up to which the clocks agree."""


class MeterClock:
    """The clock of a meter; `offset` is in seconds, positive if it is ahead of ours, None while unknown."""

    def __init__(self) -> None:
        self.offset: int | None = None
        self._samples: deque[int] = deque(maxlen=SAMPLES)
        self._sampled = -math.inf  # seconds of the monotonic clock, at the last sample

    def add(self, date: str, now: Moment) -> None:
        """Update `offset` with a DATE that came `now`; ignore one that comes too soon, or that is no time."""
        gap = now.monotonic - self._sampled
        if gap < SAMPLE_INTERVAL:
            return
        sent = moment(date)
        if sent is None:
            return
        # After a minute without a sample, the samples of before say nothing of the present offset.
        if gap > SAMPLES * SAMPLE_INTERVAL:
            self._samples.clear()
        self._sampled = now.monotonic
        ahead = (sent - now.wall).total_seconds()
        self._samples.append(round(ahead) + DELAY)
        if len(self._samples) < MIN_SAMPLES:
            return
        median = sorted(self._samples)[len(self._samples) // 2]
        if self.offset is None or abs(median - self.offset) > STEP:
            self.offset = median
