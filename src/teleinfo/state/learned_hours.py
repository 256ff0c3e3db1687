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
from typing import Final, TypeAlias

from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary.moment import DAY

LATE: Final = timedelta(minutes=2)
"""The most by which a change may be early or late."""

MINUTES_OF_DAY: Final = 24 * 60  # of a day
_LATEMINUTES_OF_DAY: Final = LATE // timedelta(minutes=1)
_ENOUGH_DAYS: Final = 7  # days with changes, from which hours are learned
_MOST_DAYS: Final = 8  # days with changes that count at most: with more, other hours would be seen too late
_MAX_AGE: Final = 14 * DAY  # of a change that counts
_MAX_CHANGES: Final = 64  # remembered at most: eight a day for eight days
LEARNED: Final = frozenset({"HC", "HP"})
"""The values of PTEC whose hours are learned."""

SUMMER: Final = range(4, 11)
"""The months of the half-year from April to October."""

_SLOT: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")

TariffSlot: TypeAlias = tuple[int, str]
"""
Minutes since midnight, and what counts from then on: the code of a period, or the étiquette of an index.
"""

Slots: TypeAlias = tuple[TariffSlot, ...]
"""The slots of a day in order."""


def fits(slots: Slots, local: datetime, present: object) -> bool:
    """Return True if `present` counts at the time `local`, give or take `LATE`, or there are no slots."""
    if not slots:
        return True
    earlier = running_at(slots, minute_of_day(local - LATE))
    later = running_at(slots, minute_of_day(local + LATE))
    return present in {earlier, later}


def running_at(slots: Slots, minute: int) -> str:
    """Return the code that counts at a minute of the day."""
    _start, running = slots[-1]  # of the day before: it goes on until the first slot
    for start, code in slots:
        if start > minute:
            break
        running = code
    return running


def next_change(days: tuple[Slots, ...], local: datetime, present: object) -> tuple[datetime, str] | None:
    """
    Return the time of the next change after `local`, and the code that counts from then on.

    `days` are the slots of yesterday, today and tomorrow, `present` is the code that the meter sends now. It
    is None if the meter contradicts the slots, if they show no change, or if the change of the clock makes
    its time uncertain.
    """
    if not fits(days[1], local, present):
        return None
    # True once a slot begins in the hour that the change of the clock skips, or that comes twice.
    has_unclear = False
    for distance, slots in zip((-DAY, timedelta(), DAY), days, strict=True):
        midnight = datetime.combine(local.date() + distance, time(), PARIS)
        for minute, code in slots:
            at = midnight + timedelta(minutes=minute)  # by the clock on the wall
            is_unclear = at.utcoffset() != at.replace(fold=1).utcoffset()
            if is_unclear:
                has_unclear = True
            # A change of the last minutes may still be to come, as long as `present` is the code before it.
            is_over = at <= local - LATE
            if is_over or code == present:
                continue
            if is_unclear:
                return None
            # After the change of the clock, an unclear slot leaves in doubt what counts before this one.
            is_after_clock_change = at.utcoffset() != local.utcoffset()
            if has_unclear and is_after_clock_change:
                return None
            return at, code
    return None


def is_summer(day: date) -> bool:
    """True for a day of the half-year from April to October."""
    return day.month in SUMMER


@dataclass(frozen=True, slots=True)
class Change:
    """A change of PTEC to `period`, seen to the minute."""

    at: datetime
    period: str


def _recent_days(changes: tuple[Change, ...], today: date) -> list[date]:
    """Return the days with changes of the last two weeks, the latest eight at most, in order."""
    days = {change.at.date() for change in changes}
    recent = [day for day in days if today - _MAX_AGE <= day <= today]
    recent.sort()
    return recent[-_MOST_DAYS:]


def learn(changes: tuple[Change, ...], today: date) -> Slots:
    """
    Return the slots of any day that these changes prove, empty if they prove none.

    There must be changes of seven days; the last eight count. A slot needs a change on more than half of
    them; a change that was seen once may be wrong, and is left out. The hours are not proved if a change came
    more often than once, but not on more than half of the days, or if two slots in a row have one period.
    """
    days = _recent_days(changes, today)
    if len(days) < _ENOUGH_DAYS:
        return ()
    changes_by_slot: Counter[TariffSlot] = Counter()
    # The latest first: the others are compared with it, and the slot begins at its minute.
    for change in reversed(changes):
        if change.at.date() not in days:
            continue
        slot = slot_of(change, tuple(changes_by_slot))
        if slot is None:
            slot = minute_of_day(change.at), change.period
        changes_by_slot[slot] += 1
    slots = []
    for slot, number_of_changes in changes_by_slot.items():
        if 2 * number_of_changes > len(days):
            slots.append(slot)
        elif number_of_changes > 1:
            return ()
    if not slots:
        return ()
    slots.sort()
    _start, period_before = slots[-1]  # of the day before
    for _start, period in slots:
        if period == period_before:
            return ()
        period_before = period
    return tuple(slots)


def slot_of(change: Change, slots: Slots) -> TariffSlot | None:
    """Return the slot that a change begins, give or take two minutes; None if it begins none of them."""
    for start, period in slots:
        if period != change.period:
            continue
        distance = abs(start - minute_of_day(change.at))
        distance = min(distance, MINUTES_OF_DAY - distance)  # 23:59 and 00:01 are two minutes apart
        if distance <= _LATEMINUTES_OF_DAY:
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
        # A doubt is over when a day has passed without another one.
        if self.doubt == today:
            return 2
        if self.doubt == today - DAY:
            return 1
        if self.slots(today, today):
            return 0
        in_summer = is_summer(today)
        changes = self.changes_of(in_summer=in_summer)
        of_other_half = self.remembered(in_summer=not in_summer)
        if of_other_half and _agree(changes, of_other_half):
            return 1  # a whole day can show that the hours are still the same
        return max(1, _ENOUGH_DAYS - len(_recent_days(changes, today)))

    def with_change(self, change: Change) -> LearnedHours:
        """Return the hours after another change, with the slots that it proves for its half-year."""
        day = change.at.date()
        changes = (*self.changes, change)
        learned = replace(self, changes=changes[-_MAX_CHANGES:])
        proved = learn(learned.changes_of(in_summer=is_summer(day)), day)
        if not proved:
            return learned
        hours = {}
        for start, period in proved:
            hour, minute = divmod(start, 60)
            hours[f"{hour:02}:{minute:02}"] = period
        return learned.with_hours(day, hours)

    def contradicted(self, today: date) -> LearnedHours:
        """
        Return the hours after the meter contradicted them `today`.

        The first day in doubt is only noted. On the second day in a row, the changes before these two days
        are dropped, and so are the slots of this half-year.
        """
        yesterday = today - DAY
        is_same_half_year = is_summer(yesterday) == is_summer(today)
        if self.doubt != yesterday or not is_same_half_year:
            return replace(self, doubt=today)
        changes = tuple(change for change in self.changes if change.at.date() >= yesterday)
        return replace(self, changes=changes, doubt=None).with_hours(today, {})

    def changes_of(self, *, in_summer: bool) -> tuple[Change, ...]:
        """Return the latest changes of a half-year."""
        return tuple(change for change in self.changes if is_summer(change.at.date()) == in_summer)

    def remembered(self, *, in_summer: bool) -> Slots:
        """Return the slots of a half-year that were proved last, empty if none were."""
        hours = self.summer if in_summer else self.winter
        return _slots_of(hours)

    def with_hours(self, day: date, hours: Mapping[str, str]) -> LearnedHours:
        """Return these hours, with `hours` as the remembered slots of the half-year of `day`."""
        if is_summer(day):
            return replace(self, summer=hours)
        return replace(self, winter=hours)


def _slots_of(hours: Mapping[str, str]) -> Slots:
    """Return the slots of a memory, in order; none if one of its texts is not a time, such as 01:34."""
    slots = []
    for text, period in hours.items():
        match = _SLOT.fullmatch(text)
        if match is None:
            return ()
        minute = 60 * int(match[1]) + int(match[2])
        slots.append((minute, period))
    return tuple(sorted(slots))


def _agree(changes: tuple[Change, ...], slots: Slots) -> bool:
    """True if each change begins one of the slots."""
    return all(slot_of(change, slots) is not None for change in changes)


def _are_shown(slots: Slots, changes: tuple[Change, ...], today: date) -> bool:
    """True if each change begins one of the slots, and those of one day before today begin all of them."""
    if not slots or not _agree(changes, slots):
        return False
    shown_by_day: defaultdict[date, set[TariffSlot | None]] = defaultdict(set)
    for change in changes:
        day = change.at.date()
        if day < today:
            shown_by_day[day].add(slot_of(change, slots))
    return any(len(shown) == len(slots) for shown in shown_by_day.values())


def minute_of_day(at: datetime) -> int:
    """Return the minutes since midnight."""
    return 60 * at.hour + at.minute
