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
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.moment import DAY

if TYPE_CHECKING:
    from teleinfo.vocabulary.moment import Moment

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

TariffSlot: TypeAlias = tuple[int, str]
"""Minutes since midnight, and the period or the index that then begins to count."""

Slots: TypeAlias = tuple[TariffSlot, ...]
"""The slots of a day in order."""


def fits(slots: Slots, local: datetime, present: object) -> bool:
    """Return True if `present` counts at the time `local`, give or take `LATE`, or there are no slots."""
    if not slots:
        return True
    before = _running(slots, _minute(local - LATE))
    after = _running(slots, _minute(local + LATE))
    return present in {before, after}


def _running(slots: Slots, minute: int) -> str:
    """Return what counts at a minute of the day; before the first slot, the last one of the day before."""
    _start, running = slots[-1]
    for start, what in slots:
        if start > minute:
            break
        running = what
    return running


def next_change(days: tuple[Slots, ...], local: datetime, present: object) -> tuple[datetime, str] | None:
    """Return the next change in the slots of yesterday, today and tomorrow; None if it is not certain."""
    if not fits(days[1], local, present):
        return None
    # True once a slot begins in the hour that the change of the clock skips, or that comes twice.
    has_unclear = False
    for day, slots in zip((-DAY, timedelta(), DAY), days, strict=True):
        midnight = datetime.combine(local.date() + day, time(), PARIS)
        for minute, what in slots:
            at = midnight + timedelta(minutes=minute)
            is_unclear = at.utcoffset() != at.replace(fold=1).utcoffset()
            if is_unclear:
                has_unclear = True
            if what == present or at <= local - LATE:
                continue
            # After the change of the clock, an unclear slot leaves in doubt what counts before this one.
            is_after_clock_change = at.utcoffset() != local.utcoffset()
            if is_unclear or (has_unclear and is_after_clock_change):
                return None
            return at, what
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
    recent = [day for day in dates if today - _MAX_AGE <= day <= today]
    return sorted(recent)[-_MOST_DAYS:]


def learn(changes: tuple[Change, ...], today: date) -> Slots:
    """
    Return the slots of any day that these changes prove, empty if they prove none.

    There must be changes of seven days; the last eight count. A slot needs a change on most of them; a change
    that was seen once may be wrong.
    """
    days = _days(changes, today)
    if len(days) < _ENOUGH_DAYS:
        return ()
    changes_by_slot: Counter[TariffSlot] = Counter()
    for change in reversed(changes):
        if change.at.date() not in days:
            continue
        slot = slot_of(change, tuple(changes_by_slot))
        if slot is None:
            slot = _minute(change.at), change.period
        changes_by_slot[slot] += 1
    slots = []
    for slot, number_of_changes in changes_by_slot.items():
        if 2 * number_of_changes > len(days):
            slots.append(slot)
        elif number_of_changes > 1:
            return ()
    slots.sort()
    for (_start, period), (_next_start, next_period) in pairwise([*slots, *slots[:1]]):
        if period == next_period:
            return ()
    return tuple(slots)


def slot_of(change: Change, slots: Slots) -> TariffSlot | None:
    """Return the slot that a change begins, give or take two minutes, None if it begins none of them."""
    for start, period in slots:
        late = abs(start - _minute(change.at))
        late = min(late, _MINUTES - late)  # across midnight
        if late <= _LATE_MINUTES and period == change.period:
            return start, period
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
        of_other_half = self.remembered(in_summer=not in_summer)
        if _are_shown(of_other_half, changes, today):
            return of_other_half
        # The changes of the last days of the half-year before count too.
        of_both_halves = learn(self.changes, today)
        if _are_shown(of_both_halves, changes, today):
            return of_both_halves
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
        of_other_half = self.remembered(in_summer=not is_summer(today))
        if of_other_half and all(slot_of(change, of_other_half) for change in changes):
            return 1  # a whole day shows that they are still the same
        return max(1, _ENOUGH_DAYS - len(_days(changes, today)))

    def with_change(self, change: Change) -> LearnedHours:
        """Return the hours after another change, with what it proves."""
        day = change.at.date()
        changes = (*self.changes, change)
        learned = replace(self, changes=changes[-_MAX_CHANGES:])
        proved = learn(learned.changes_of(in_summer=is_summer(day)), day)
        if not proved:
            return learned
        hours = {f"{minute // 60:02}:{minute % 60:02}": period for minute, period in proved}
        return learned.with_hours(day, hours)

    def contradicted(self, today: date) -> LearnedHours:
        """
        Return the hours after a contradiction.

        The second day in a row drops the days before, and the slots of this half-year.
        """
        is_second_day = self.doubt == today - DAY and is_summer(self.doubt) == is_summer(today)
        if self.doubt is None or not is_second_day:
            return replace(self, doubt=today)
        changes = tuple(change for change in self.changes if change.at.date() >= self.doubt)
        return replace(self, changes=changes, doubt=None).with_hours(today, {})

    def changes_of(self, *, in_summer: bool) -> tuple[Change, ...]:
        """Return the latest changes of a half-year."""
        return tuple(change for change in self.changes if is_summer(change.at.date()) == in_summer)

    def remembered(self, *, in_summer: bool) -> Slots:
        """Return the slots of a half-year that were proved last, empty if none were."""
        return _slots_of(self.summer if in_summer else self.winter)

    def with_hours(self, day: date, hours: Mapping[str, str]) -> LearnedHours:
        """Return the hours with others for the half-year of a day."""
        if is_summer(day):
            return replace(self, summer=hours)
        return replace(self, winter=hours)


def _slots_of(hours: Mapping[str, str]) -> Slots:
    """Return the slots that were remembered; none if one of the texts is not a time."""
    slots = []
    for text, period in hours.items():
        match = _SLOT.fullmatch(text)
        if match is None:
            return ()
        minute = 60 * int(match[1]) + int(match[2])
        slots.append((minute, period))
    return tuple(sorted(slots))


def _are_shown(slots: Slots, changes: tuple[Change, ...], today: date) -> bool:
    """True if each change begins one of the slots, and those of a whole day before today begin all."""
    if not slots:
        return False
    shown_by_day: defaultdict[date, set[TariffSlot]] = defaultdict(set)
    for change in changes:
        slot = slot_of(change, slots)
        if slot is None:
            return False
        shown_by_day[change.at.date()].add(slot)
    return any(day < today and len(shown) == len(slots) for day, shown in shown_by_day.items())


class _Sent(NamedTuple):
    """The period of a frame, and the moment at which the frame came."""

    period: str
    moment: Moment


class Learner:
    """Learns the `hours` of one contract of one meter; they are to be remembered."""

    def __init__(self, hours: LearnedHours) -> None:
        self.hours = hours
        self._first: _Sent | None = None  # the first frame with the period that was sent last
        self._last: _Sent | None = None  # the last frame with a period that came twice
        self._slots: dict[tuple[bool, date], Slots] = {}  # by half-year and today
        self._slots_of: LearnedHours | None = None  # the hours of which `_slots` were computed

    def note(self, period: str, now: Moment) -> None:
        """Note the period of a frame that came `now`."""
        if self._first is None or self._first.period != period:
            self._first = _Sent(period, now)
            return  # one frame with another period may be an accident
        first = self._first
        last = self._last or first
        self._last = _Sent(period, now)
        is_change = period != last.period
        if not is_change and now.wall.minute == last.moment.wall.minute:
            return  # the hours are in minutes: there is nothing new to compare
        local = now.wall.astimezone(PARIS)
        today = local.date()
        if self.hours.doubt != today and not self._fits(local, period):
            self.hours = self.hours.contradicted(today)
        if is_change and _is_seen_to_the_minute(last.moment, first.moment):
            at = first.moment.wall.astimezone(PARIS)
            minute = (at + _STEP / 2).replace(second=0, microsecond=0)
            self.hours = self.hours.with_change(Change(minute, period))

    def _fits(self, local: datetime, period: str) -> bool:
        """True if `period` counts at `local`, give or take `LATE`, or if the hours are not known."""
        for late in (-LATE, LATE):
            at = local + late
            slots = self._hours(at.date(), today=local.date())
            if not slots or _running(slots, _minute(at)) == period:
                return True
        return False

    def _hours(self, day: date, *, today: date) -> Slots:
        if self._slots_of is not self.hours:
            self._slots_of = self.hours
            self._slots = {}
        key = is_summer(day), today
        if key not in self._slots:
            self._slots[key] = self.hours.slots(day, today)
        return self._slots[key]

    def days_left(self, today: date) -> int:
        """Return the least number of days until the hours are known, 0 while they are."""
        return self.hours.days_left(today)

    def next(self, local: datetime, present: object) -> tuple[datetime, str] | None:
        """Return the next change and its period; None if it is not certain."""
        today = local.date()
        if self.hours.doubt in {today, today - DAY} or not self.hours.changes:
            return None
        yesterdays_slots = self._hours(today - DAY, today=today)
        slots = self._hours(today, today=today)
        tomorrows_slots = self._hours(today + DAY, today=today)
        if not slots:
            return None
        change = next_change((yesterdays_slots, slots, tomorrows_slots), local, present)
        if change is None:
            return None
        at, _period = change
        if at.date() > today and _running(slots, _MINUTES - 1) != _running(tomorrows_slots, 0):
            return None  # other hours begin at midnight, and with them another period
        # A meter may keep winter time: after a change of the clock, a change of tariff must be seen first.
        last_seen = self.hours.changes[-1].at
        if not last_seen.utcoffset() == local.utcoffset() == at.utcoffset():
            return None
        return change


def _is_seen_to_the_minute(before: Moment, after: Moment) -> bool:
    """True if a change between two frames has a time: they are close, and our clock did not jump between."""
    elapsed = timedelta(seconds=after.monotonic - before.monotonic)
    jump = after.wall - before.wall - elapsed
    return elapsed <= _STEP and abs(jump) <= _JUMP


def _minute(at: datetime) -> int:
    return 60 * at.hour + at.minute
