"""
The limit of writes to the memory of a meter: 20 in any 24 hours, whatever happens.

A bucket holds `CAPACITY` tokens at most; each write takes a token, and every six hours a token is added. The
number of tokens is kept in the file, so that restarts do not add any. Pure: times are arguments.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

CAPACITY: Final = 16
REFILL_SECONDS: Final = 6 * 3600.0
"""Four tokens a day: with a full bucket that is 20 writes in 24 hours."""

RESERVE: Final = 4
"""Tokens that are kept for urgent writes, without which the total would be wrong."""


class WriteBudget:
    """The tokens that are left. Times are monotonic, in seconds, except those of `to_json` and `restore`."""

    def __init__(self, *, now: float) -> None:
        self._tokens = float(CAPACITY)
        self._since = now

    def allows(self, now: float, *, urgent: bool) -> bool:
        """Return True if there is a token for a write; the reserve is only for `urgent` writes."""
        self._refill(now - self._since)
        self._since = now
        return self._tokens >= (1 if urgent else 1 + RESERVE)

    def spend(self) -> None:
        """Remove the token of a write that was allowed."""
        self._tokens -= 1

    def to_json(self, at: datetime) -> dict[str, object]:
        """Return the content for `restore`; `at` is the present time of day."""
        return {"left": round(self._tokens, 3), "time": at.isoformat()}

    def restore(self, content: object, *, at: datetime) -> None:
        """
        Continue with the tokens of an earlier run, or with a full bucket if `content` is unreadable.

        `at` is the present time of day. A clock that was set forward refills the bucket; a clock that was set
        back adds nothing.
        """
        left, time = (content.get("left"), content.get("time")) if isinstance(content, dict) else (None, None)
        if not isinstance(left, int | float) or not 0 <= left <= CAPACITY or not isinstance(time, str):
            return
        try:
            elapsed = (at - datetime.fromisoformat(time)).total_seconds()
        except (ValueError, TypeError):  # no time, or a time without its offset
            return
        self._tokens = float(left)
        self._refill(elapsed)

    def _refill(self, seconds: float) -> None:
        self._tokens = min(float(CAPACITY), self._tokens + max(0.0, seconds) / REFILL_SECONDS)
