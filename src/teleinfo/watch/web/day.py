"""What each index counted since midnight, as far as it was heard. Pure."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NEAR_MIDNIGHT: Final = dt.timedelta(minutes=5)
"""A reading that is no older at midnight is that of midnight."""


class Day:
    """
    The day of the last readings, in the local time of whoever gives them.

    `since` is when counting began, None before the first reading; `whole` whether that was midnight.
    """

    def __init__(self) -> None:
        self.since: dt.datetime | None = None
        self.whole = False
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._time: dt.datetime | None = None

    def note(self, counters: Mapping[str, int], *, time: dt.datetime) -> None:
        """Note what the indexes read, in Wh by name, at this local time."""
        if self._time is None or self._time.date() != time.date():
            self._begin(time)
        for name, value in counters.items():
            # One that falls is of another meter.
            self._first[name] = min(self._first.get(name, value), value)
        self._last = dict(counters)
        self._time = time

    def added(self, name: str) -> int | None:
        """Return what this index counted, Wh; None for one that was not heard."""
        return None if name not in self._last else self._last[name] - self._first[name]

    def _begin(self, time: dt.datetime) -> None:
        midnight = time.replace(hour=0, minute=0, second=0, microsecond=0)
        self.whole = self._time is not None and midnight - self._time <= NEAR_MIDNIGHT
        self.since = midnight if self.whole else time
        self._first = self._last if self.whole else {}
