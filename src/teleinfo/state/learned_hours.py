"""
The slots of a day, and how the hours of a contract are learned from the changes of PTEC.

Pure. In mode historique no meter sends its off-peak hours. All times are those of Paris. The hours may differ
between the half-year from April to October and the other one: those of each half are learned while it lasts,
and remembered for the next year.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping  # noqa: TC003 - `typed_json` reads the types
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from teleinfo.tic.horodate import PARIS

if TYPE_CHECKING:
    from teleinfo.vocabulary.moment import Moment

DAY: Final = timedelta(days=1)
LATE: Final = timedelta(minutes=2)
"""The most by which a change may be early or late."""

_MINUTES: Final = 24 * 60  # of a day
_LATE_MINUTES: Final = LATE // timedelta(minutes=1)
_STEP: Final = timedelta(minutes=1)  # the longest time between the two frames that show a change
_JUMP: Final = timedelta(seconds=30)  # our clock is corrected by less without a jump
_ENOUGH_DAYS: Final = 7
_MOST_DAYS: Final = 8
_MAX_AGE: Final = 14 * DAY
_MAX_CHANGES: Final = 64
LEARNED: Final = frozenset({"HC", "HP"})
"""The values of PTEC whose hours are learned."""

SUMMER: Final = range(4, 11)
"""The months of the half-year from April to October."""

_SLOT: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")

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


def is_summer(day: date) -> bool:
    """True for a day of the half-year from April to October."""
    return day.month in SUMMER


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
    if len(days) < _ENOUGH_DAYS:
        return ()
    seen: Counter[tuple[int, str]] = Counter()
    for change in reversed(changes):
        if change.at.date() in days:
            slot = slot_of(change, tuple(seen)) or (_minute(change.at), change.period)
            seen[slot] += 1
    slots = []
    for slot, times in seen.items():
        if 2 * times > len(days):
            slots.append(slot)
        elif times > 1:
            return ()
    slots.sort()
    for before, after in pairwise([*slots, *slots[:1]]):
        if before[1] == after[1]:
            return ()
    return tuple(slots)


def slot_of(change: Change, slots: Slots) -> tuple[int, str] | None:
    """Return the slot that a change begins, give or take two minutes, None if it begins none of them."""
    minute = _minute(change.at)
    for slot in slots:
        late = abs(slot[0] - minute)
        if min(late, _MINUTES - late) <= _LATE_MINUTES and slot[1] == change.period:
            return slot
    return None


@dataclass(frozen=True, slots=True)
class LearnedHours:
    """
    Memory of the latest `changes`, and of the slots that were proved last in each half-year.

    `winter` and `summer` have the period by the time at which its slot begins, such as 01:34.
    `doubt` is the last day on which the meter contradicted the learned hours.
    """

    changes: tuple[Change, ...] = ()
    doubt: date | None = None
    winter: Mapping[str, str] = field(default_factory=dict)
    summer: Mapping[str, str] = field(default_factory=dict)

    def slots(self, day: date, today: date) -> Slots:
        """
        Return the slots of a day by what is known `today`, empty if they are not known.

        Those of a half-year without a memory are those of the time before, once a whole day has shown them.
        """
        in_summer = is_summer(day)
        changes = self.changes_of(in_summer=in_summer)
        proved = learn(changes, today)
        if proved:
            return proved
        remembered = self.remembered(in_summer=in_summer)
        if remembered:
            return remembered
        for slots in (self.remembered(in_summer=not in_summer), learn(self.changes, today)):
            if slots and _are_shown(slots, changes, today):
                return slots
        return ()

    def days_left(self, today: date) -> int:
        """Return the least number of days until the hours of today are known, 0 while they are."""
        if self.doubt == today:
            return 2
        if self.doubt == today - DAY:
            return 1
        if self.slots(today, today):
            return 0
        changes = self.changes_of(in_summer=is_summer(today))
        other = self.remembered(in_summer=not is_summer(today))
        if other and all(slot_of(change, other) for change in changes):
            return 1
        return max(1, _ENOUGH_DAYS - len(_days(changes, today)))

    def with_change(self, change: Change) -> LearnedHours:
        """Return the hours after another change, with what it proves."""
        day = change.at.date()
        known = replace(self, changes=(*self.changes, change)[-_MAX_CHANGES:])
        proved = learn(known.changes_of(in_summer=is_summer(day)), day)
        if not proved:
            return known
        hours = {f"{minute // 60:02}:{minute % 60:02}": period for minute, period in proved}
        return known.with_hours(day, hours)

    def contradicted(self, today: date) -> LearnedHours:
        """
        Return the hours after a contradiction.

        The second day in a row drops the days before, and the slots of this half-year.
        """
        if self.doubt is None or today - self.doubt != DAY or is_summer(today) != is_summer(self.doubt):
            return replace(self, doubt=today)
        changes = tuple(change for change in self.changes if change.at.date() >= self.doubt)
        return replace(self, changes=changes, doubt=None).with_hours(today, {})

    def changes_of(self, *, in_summer: bool) -> tuple[Change, ...]:
        """Return the latest changes of a half-year."""
        return tuple(change for change in self.changes if is_summer(change.at.date()) is in_summer)

    def remembered(self, *, in_summer: bool) -> Slots:
        """Return the slots of a half-year that were proved last, empty if none were."""
        return _slots_of(self.summer if in_summer else self.winter)

    def with_hours(self, day: date, hours: Mapping[str, str]) -> LearnedHours:
        """Return the hours with others for the half-year of a day."""
        return replace(self, summer=hours) if is_summer(day) else replace(self, winter=hours)


def _slots_of(hours: Mapping[str, str]) -> Slots:
    """Return the slots that were remembered; none if a time is none."""
    slots = []
    for text, period in hours.items():
        match = _SLOT.fullmatch(text)
        if match is None:
            return ()
        slots.append((60 * int(match[1]) + int(match[2]), period))
    return tuple(sorted(slots))


def _are_shown(slots: Slots, changes: tuple[Change, ...], today: date) -> bool:
    """True if each change begins one of the slots, and those of a whole day before today begin all."""
    shown: defaultdict[date, set[tuple[int, str]]] = defaultdict(set)
    for change in changes:
        slot = slot_of(change, slots)
        if slot is None:
            return False
        shown[change.at.date()].add(slot)
    return any(day < today and len(of_day) == len(slots) for day, of_day in shown.items())


class Learner:
    """Learns the hours of one contract of one meter; `known` is to be remembered."""

    def __init__(self, known: LearnedHours) -> None:
        self.known = known
        self._first: tuple[str, Moment] | None = None  # frame with the period that was sent last
        self._last: tuple[str, Moment] | None = None  # the last frame with a period that came twice
        self._slots: dict[tuple[bool, date], Slots] = {}  # by half-year and today
        self._slots_known: LearnedHours | None = None

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
        local = now.wall.astimezone(PARIS)
        today = local.date()
        if self.known.doubt != today and not self._fits(local, period):
            self.known = self.known.contradicted(today)
        gap = timedelta(seconds=first.monotonic - last.monotonic)
        if period != before and gap <= _STEP and abs(first.wall - last.wall - gap) <= _JUMP:
            minute = (first.wall.astimezone(PARIS) + _STEP / 2).replace(second=0, microsecond=0)
            self.known = self.known.with_change(Change(minute, period))

    def _fits(self, local: datetime, period: str) -> bool:
        """True if `period` may count at the time `local`: the clock of the meter may be a little off."""
        for late in (-LATE, LATE):
            at = local + late
            slots = self._hours(at.date(), local.date())
            if not slots or _running(slots, _minute(at)) == period:
                return True
        return False

    def _hours(self, day: date, today: date) -> Slots:
        if self._slots_known is not self.known:
            self._slots, self._slots_known = {}, self.known
        key = is_summer(day), today
        if key not in self._slots:
            self._slots[key] = self.known.slots(day, today)
        return self._slots[key]

    def days_left(self, today: date) -> int:
        """Return the least number of days until the hours are known, 0 while they are."""
        return self.known.days_left(today)

    def next(self, local: datetime, present: object) -> tuple[datetime, str] | None:
        """Return the next change and its period; None if it is not certain."""
        today = local.date()
        if self.known.doubt in {today, today - DAY} or not self.known.changes:
            return None
        slots = self._hours(today, today)
        if not slots:
            return None
        tomorrow = self._hours(today + DAY, today)
        change = next_change((self._hours(today - DAY, today), slots, tomorrow), local, present)
        if change is None:
            return None
        if change[0].date() > today and _running(slots, _MINUTES - 1) != _running(tomorrow, 0):
            return None  # other hours begin at midnight, and with them another period
        # A meter may keep winter time: after a change of the clock, a change of tariff must be seen first.
        offsets = {at.utcoffset() for at in (self.known.changes[-1].at, local, change[0])}
        return change if len(offsets) == 1 else None


def _minute(at: datetime) -> int:
    return 60 * at.hour + at.minute
