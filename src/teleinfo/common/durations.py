"""Durations as people say them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a duration as people say it: "8 s", "12 min", "3 h 05 min"."""
    minutes = int(seconds) // 60
    if minutes == 0:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"  # noqa: PLR2004 - minutes in an hour
