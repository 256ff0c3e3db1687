"""Durations: in words, and until the next tick."""

from __future__ import annotations

from typing import Final

_EARLY: Final = 0.001
"""Seconds by which a timer may end too soon; it must not tick twice."""

STALL_LIMIT: Final = 2.0
"""Seconds: a task that wakes up so late had no processor: the process was stopped or swapped out."""


def until_tick(now: float, period: float) -> float:
    """
    Return the seconds until `now` is a multiple of `period`, seconds on any clock; never 0.

    All ticks of an event loop come at the same instants, and wake the processor once.
    """
    return period - (now + _EARLY) % period + _EARLY


def duration(seconds: float) -> str:
    """Return a duration in words: "8 s", "12 min", "3 h 05 min"."""
    minutes = int(seconds) // 60
    if minutes == 0:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"  # noqa: PLR2004 - minutes in an hour
