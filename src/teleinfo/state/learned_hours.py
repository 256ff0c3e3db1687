"""
The slots of a day, and how the hours of a contract are learned from the changes of PTEC.

Pure. In mode historique no meter sends its off-peak hours. All times are those of Paris.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from teleinfo.tic.horodate import PARIS

if TYPE_CHECKING:
    from teleinfo.vocabulary.moment import Moment

DAY: Final = timedelta(days=1)
LATE: Final = timedelta(minutes=2)
"""The most by which a change may be early or late."""

_STEP: Final = timedelta(minutes=1)  # the longest time between the two frames that show a change
_JUMP: Final = timedelta(seconds=30)  # our clock is corrected by less without a jump
_ENOUGH_DAYS: Final = 7
_MOST_DAYS: Final = 8
_MAX_AGE: Final = 14 * DAY
_MAX_CHANGES: Final = 64
LEARNED: Final = frozenset({"HC", "HP"})
"""The values of PTEC whose hours are learned."""

Slots: TypeAlias = tuple[tuple[int, str], ...]
"""A day: minutes since midnight in order, each with the period or the index that then begins to count."""


def fits(slots: Slots, local: datetime, present: object) -> bool:
    """Return True if `present` counts at the time `local`, or there are no slots."""
    return not slots or present in {_running(slots, _minute(local + late)) for late in (-LATE, LATE)}


def _running(slots: Slots, minute: int) -> str:
    """Return what counts at a minute of the day; before the first slot it is what counts at its end."""
    begun = [what for start, what in slots if start <= minute]
    return (begun or [what for _start, what in slots])[-1]


def next_change(days: tuple[Slots, ...], local: datetime, present: object) -> tuple[datetime, str] | None:
    """Return the next change in the slots of yesterday, today and tomorrow; None if it is not certain."""
    if not fits(days[1], local, present):
        return None
    is_uncertain = False  # as is a time in the hour that is skipped or comes twice, and what depends on it
    for day, slots in zip((-DAY, timedelta(), DAY), days, strict=True):
        midnight = datetime.combine(local.date() + day, time(), PARIS)
        for minute, what in slots:
            at = midnight + timedelta(minutes=minute)
            is_unclear = at.utcoffset() != at.replace(fold=1).utcoffset()
            is_uncertain |= is_unclear
            if what != present and at > local - LATE:
                is_uncertain &= is_unclear or at.utcoffset() != local.utcoffset()
                return None if is_uncertain else (at, what)
    return None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of PTEC to `period`, seen to the minute."""

    at: datetime
    period: str


def _days(changes: tuple[Change, ...], today: date) -> list[date]:
    """Return the recent days with changes, at most the last eight."""
    dates = {change.at.date() for change in changes}
    return sorted(day for day in dates if timedelta() <= today - day <= _MAX_AGE)[-_MOST_DAYS:]


def learn(changes: tuple[Change, ...], today: date) -> Slots:
    """
    Return the slots of any day that these changes prove, empty if they prove none.

    There must be changes of seven days; the last eight count. A slot needs a change on most of them; a change
    that was seen once may be wrong.
    """
    days = _days(changes, today)
    recent = [change for change in changes if change.at.date() in days]
    seen: Counter[tuple[int, str]] = Counter()
    for change in reversed(recent):
        near = {_minute(change.at + timedelta(minutes=late)) for late in range(-2, 3)}
        slot = next((slot for slot in seen if slot[0] in near and slot[1] == change.period), None)
        seen[slot or (_minute(change.at), change.period)] += 1
    slots = tuple(sorted(slot for slot, times in seen.items() if 2 * times > len(days)))
    is_clear = all(slot in slots or times == 1 for slot, times in seen.items())
    alternate = all(before[1] != after[1] for before, after in pairwise([*slots, *slots[:1]]))
    return slots if len(days) >= _ENOUGH_DAYS and is_clear and alternate else ()


@dataclass(frozen=True, slots=True)
class LearnedHours:
    """
    Memory of the latest `changes`.

    `doubt` is the last day on which the meter contradicted the learned hours.
    """

    changes: tuple[Change, ...] = ()
    doubt: date | None = None

    def contradicted(self, today: date) -> LearnedHours:
        """Return the hours after a contradiction; the second day in a row drops the days before."""
        if self.doubt is None or today - self.doubt != DAY:
            return replace(self, doubt=today)
        return LearnedHours(tuple(change for change in self.changes if change.at.date() >= self.doubt))


class Learner:
    """Learns the hours of one contract of one meter; `known` is to be remembered."""

    def __init__(self, known: LearnedHours) -> None:
        self.known = known
        self._first: tuple[str, Moment] | None = None  # frame with the period that was sent last
        self._last: tuple[str, Moment] | None = None  # the last frame with a period that came twice
        self._slots: tuple[date, LearnedHours, Slots] | None = None

    def note(self, period: str, now: Moment) -> None:
        """Note the period of a frame that came `now`."""
        if self._first is None or self._first[0] != period:
            self._first = period, now
            return  # one frame with another period may be an accident
        first = self._first[1]
        before, last = self._last or self._first
        self._last = period, now
        if period == before and now.wall.minute == last.wall.minute:
            return  # the hours are in minutes: there is nothing new to compare
        gap, local = timedelta(seconds=first.monotonic - last.monotonic), now.wall.astimezone(PARIS)
        today, slots = local.date(), self._hours(local.date())
        if self.known.doubt != today and not fits(slots, local, period):
            self.known = self.known.contradicted(today)
        if period != before and gap <= _STEP and abs(first.wall - last.wall - gap) <= _JUMP:
            minute = (first.wall.astimezone(PARIS) + _STEP / 2).replace(second=0, microsecond=0)
            changes = *self.known.changes, Change(minute, period)
            self.known = replace(self.known, changes=changes[-_MAX_CHANGES:])

    def _hours(self, today: date) -> Slots:
        if self._slots is None or self._slots[0] != today or self._slots[1] is not self.known:
            self._slots = today, self.known, learn(self.known.changes, today)
        return self._slots[2]

    def days_left(self, today: date) -> int:
        """Return the least number of days until the hours are known, 0 while they are."""
        if self.known.doubt in {today, today - DAY}:
            return 2 if self.known.doubt == today else 1
        if self._hours(today):
            return 0
        return max(1, _ENOUGH_DAYS - len(_days(self.known.changes, today)))

    def next(self, local: datetime, present: object) -> tuple[datetime, str] | None:
        """Return the next change and its period; None if it is not certain."""
        today, slots = local.date(), self._hours(local.date())
        change = next_change((slots, slots, slots), local, present)
        if change is None or self.known.doubt in {today, today - DAY}:
            return None
        # A meter may keep winter time: after a change of the clock, a change of tariff must be seen first.
        offsets = {at.utcoffset() for at in (self.known.changes[-1].at, local, change[0])}
        return change if len(offsets) == 1 else None


def _minute(at: datetime) -> int:
    return 60 * at.hour + at.minute
