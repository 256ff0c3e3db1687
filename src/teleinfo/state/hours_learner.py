"""
Learns the hours of a contract from the periods of the frames.

Pure. All times are those of Paris.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.state.learned_hours import (
    LATE,
    MINUTES_OF_DAY,
    Change,
    is_summer,
    minute_of_day,
    next_change,
    running_at,
)
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    from teleinfo.state.learned_hours import LearnedHours, Slots
    from teleinfo.vocabulary.moment import Moment

_STEP: Final = timedelta(minutes=1)  # the longest time between the two frames that show a change
_JUMP: Final = timedelta(seconds=30)  # our clock is corrected by less without a jump


class _Sent(NamedTuple):
    """The period of a frame, and the moment at which the frame came."""

    period: str
    moment: Moment


class Learner:
    """Learns the `hours` of one contract of one meter; they are to be remembered."""

    def __init__(self, hours: LearnedHours) -> None:
        self.hours = hours
        self._first: _Sent | None = None  # the first frame with the period that was sent last
        self._last_repeated: _Sent | None = None  # the last frame whose period the frame before it had too
        self._slots: dict[tuple[bool, date], Slots] = {}  # by half-year (True: summer) and today
        self._hours_of_slots: LearnedHours | None = None  # the hours of which `_slots` were computed

    def note(self, period: str, now: Moment) -> None:
        """
        Note the period of a frame that came `now`.

        A period counts from its second frame in a row on, since a single frame may be an accident.
        """
        if self._first is None or self._first.period != period:
            self._first = _Sent(period, now)
            return
        first = self._first
        before = self._last_repeated or first
        self._last_repeated = _Sent(period, now)
        is_change = before.period != period
        is_minute_compared = before.moment.wall.minute == now.wall.minute
        if is_minute_compared and not is_change:
            return  # the hours are in minutes
        local = now.wall.astimezone(PARIS)
        today = local.date()
        if self.hours.doubt != today and not self._fits(local, period):
            self.hours = self.hours.contradicted(today)
        if is_change and _is_seen_to_the_minute(before.moment, first.moment):
            at = first.moment.wall.astimezone(PARIS)
            nearest_minute = (at + timedelta(seconds=30)).replace(second=0, microsecond=0)
            self.hours = self.hours.with_change(Change(nearest_minute, period))

    def _fits(self, local: datetime, period: str) -> bool:
        """True if `period` counts at `local`, give or take `LATE`, or if the hours are not known."""
        today = local.date()
        for at in (local - LATE, local + LATE):
            # The day of `at` may be yesterday or tomorrow, which may have other hours.
            slots = self._slots_on(at.date(), today=today)
            if not slots or running_at(slots, minute_of_day(at)) == period:
                return True
        return False

    def _slots_on(self, day: date, *, today: date) -> Slots:
        """Return `hours.slots`, which is computed once as long as the hours are the same."""
        if self._hours_of_slots is not self.hours:
            self._hours_of_slots = self.hours
            self._slots = {}
        key = is_summer(day), today
        if key not in self._slots:
            self._slots[key] = self.hours.slots(day, today)
        return self._slots[key]

    def days_left(self, today: date) -> int:
        """Return the least number of days until the hours are known, 0 while they are."""
        return self.hours.days_left(today)

    def next(self, local: datetime, present: object) -> tuple[datetime, str] | None:
        """Return the time of the next change after `local`, and its period; None if it is not certain."""
        today = local.date()
        yesterday = today - DAY
        tomorrow = today + DAY
        if self.hours.doubt in {today, yesterday} or not self.hours.changes:
            return None
        slots_yesterday = self._slots_on(yesterday, today=today)
        slots_today = self._slots_on(today, today=today)
        slots_tomorrow = self._slots_on(tomorrow, today=today)
        if not slots_today:
            return None
        change = next_change((slots_yesterday, slots_today, slots_tomorrow), local, present)
        if change is None:
            return None
        at, _period = change
        if at.date() > today:
            before_midnight = running_at(slots_today, MINUTES_OF_DAY - 1)
            after_midnight = running_at(slots_tomorrow, 0)
            if before_midnight != after_midnight:
                return None  # other hours begin at midnight, and with them another period
        # A meter may keep winter time: after a change of the clock, a change of tariff must be seen first.
        offset = local.utcoffset()
        if at.utcoffset() != offset or self.hours.changes[-1].at.utcoffset() != offset:
            return None
        return change


def _is_seen_to_the_minute(before: Moment, after: Moment) -> bool:
    """True if a change between two frames has a time: they are close, and our clock did not jump between."""
    elapsed = timedelta(seconds=after.monotonic - before.monotonic)
    jump = after.wall - before.wall - elapsed
    return elapsed <= _STEP and abs(jump) <= _JUMP
