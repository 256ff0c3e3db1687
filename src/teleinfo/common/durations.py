"""Durations: in words, until the next tick, and between attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_SECONDS_PER_MINUTE: Final = 60
_MINUTES_PER_HOUR: Final = 60

_EARLY: Final = 0.001
"""Seconds by which a timer may end early without causing a second tick."""

TICK: Final = 1.0
"""Seconds between two ticks, of reader, monitor and watchdog."""

STALL_LIMIT: Final = 2.0
"""Delay of a wake-up, in seconds, that shows that the whole process was stopped or swapped out."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """
    The instants at which the tasks of one meter wake up, so that they wake the processor once.

    `phase` is the share of a period, from 0 to 1, by which they are later than those of the first meter: the
    ticks of hundreds of meters at one instant would delay the frames that come meanwhile.
    """

    phase: float = 0.0

    def seconds_to_next(self, now: float, period: float) -> float:
        """Return the seconds from `now` to the next multiple of `period`, plus the phase; never 0."""
        since_tick = (now - self.phase * period + _EARLY) % period
        return period - since_tick + _EARLY


FIRST_TICKS: Final = Ticks()
"""The ticks of the first meter, and of what belongs to no meter."""


def duration(seconds: float) -> str:
    """
    Return a duration in words: "8 s", "12 min", "3 h 05 min".

    Seconds are rounded, and at least 1; above a minute, what exceeds the last whole minute is left out.
    """
    # The rounded seconds decide, since people say "1 min", and not "60 s".
    whole_seconds = max(1, round(seconds))
    if whole_seconds < _SECONDS_PER_MINUTE:
        return f"{whole_seconds} s"
    minutes = max(1, int(seconds // _SECONDS_PER_MINUTE))
    if minutes < _MINUTES_PER_HOUR:
        return f"{minutes} min"
    hours, minutes_past_hour = divmod(minutes, _MINUTES_PER_HOUR)
    return f"{hours} h {minutes_past_hour:02} min"


def delays(*, first: float, cap: float, rng: Random) -> Iterator[float]:
    """
    Yield delays in seconds, each drawn between `first` and a ceiling that doubles from `first` up to `cap`.

    The caller waits for a delay after each failed attempt, and begins anew once a connection has held.
    With `first` = 1 the first two delays together last from 2 to 3 s: a port or broker that was away for less
    than 2 s is found again within 3 s. If drawn from 0, two delays could be short, and the third last 4 s.
    """
    ceiling = first
    while True:
        yield rng.uniform(first, ceiling)
        ceiling = min(2 * ceiling, cap)
