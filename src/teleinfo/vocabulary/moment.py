"""A moment, on the two clocks of the machine, and the length of a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

DAY: Final = timedelta(days=1)
"""From a date to the next one."""


class Moment(NamedTuple):
    """
    A moment: `monotonic` in seconds, for durations, and `wall`, the time of day with its offset.

    The time of day may leap when somebody sets the clock; the monotonic time counts from any start.
    """

    monotonic: float
    wall: datetime

    @property
    def iso(self) -> str:
        """The time of day in ISO 8601, to the second."""
        return self.wall.isoformat("T", "seconds")
