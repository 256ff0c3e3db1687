"""
The off-peak hours of a household: those of its file, or those that the meter has shown. Pure.

Hours that the meter has shown hold for the half-year in which they were seen, from April to October or from
November to March. Those of the other half-year are not known.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from teleinfo.contract.offers import begun, in_force
from teleinfo.state.learned_hours import LEARNED, Change, is_summer, learn, slot_of
from teleinfo.vocabulary.codes import TariffPeriod

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from teleinfo.contract.offers import OffPeak
    from teleinfo.state.learned_hours import Slots


class ShownHours(NamedTuple):
    """Off-peak hours that the meter has shown on each day of a half-year since a day."""

    hours: tuple[str, ...]
    since: dt.date


class OffPeakHours:
    """
    The off-peak hours by day: those `given` in the household's file, else those `shown` by the meter.

    Entries of the file that begin after `today` do not count yet. `shown` has the hours of the half-year from
    April to October under True, those of the other half-year under False.
    """

    def __init__(self, given: Iterable[OffPeak], shown: Mapping[bool, ShownHours], today: dt.date) -> None:
        self._given = tuple(entry for entry in given if entry.since <= today)
        self._shown = {} if self._given else shown
        self._present = begun(self._given, today)

    @property
    def are_shown(self) -> bool:
        """True if they are known from the meter."""
        return bool(self._shown)

    def of_half_year(self, *, in_summer: bool) -> tuple[str, ...]:
        """Return the present hours of a half-year, none if they are not known."""
        if self._present is not None:
            return self._present.hours_in(in_summer=in_summer)
        if in_summer in self._shown:
            return self._shown[in_summer].hours
        return ()

    def at_the_time(self, day: dt.date) -> tuple[str, ...]:
        """Return the hours that counted on a day, or else the present ones, none if none are known."""
        entry = in_force(self._given, day)
        if entry is not None:
            return entry.hours_in(in_summer=is_summer(day))
        return self.of_half_year(in_summer=is_summer(day))

    def present(self, day: dt.date) -> tuple[str, ...]:
        """Return the hours that a day would have now, none if they are not known."""
        return self.of_half_year(in_summer=is_summer(day))

    def are_present(self, day: dt.date) -> bool:
        """True unless a day had, or may have had, other hours than now: the meter then counted by those."""
        if self._present is not None:
            return in_force(self._given, day) is self._present
        shown = self._shown.get(is_summer(day))
        return shown is None or day >= shown.since


def shown_hours(changes: Iterable[Change]) -> dict[bool, ShownHours]:
    """Return the hours that changes of the tariff prove, in the order of time: True for April to October."""
    by_half_year: defaultdict[bool, list[Change]] = defaultdict(list)
    for change in changes:
        if change.period in LEARNED:
            by_half_year[is_summer(change.at.date())].append(change)
    found = {}
    for in_summer, of_half_year in by_half_year.items():
        slots = learn(tuple(of_half_year), of_half_year[-1].at.date())
        if slots:
            found[in_summer] = ShownHours(_hours_of(slots), _since(slots, of_half_year))
    return found


def _hours_of(slots: Slots) -> tuple[str, ...]:
    times = [f"{minute // 60:02}:{minute % 60:02}" for minute, _period in (*slots, *slots[:1])]
    hours = []
    for number, (_minute, period) in enumerate(slots):
        if period == TariffPeriod.HC:
            hours.append(f"{times[number]}-{times[number + 1]}")
    return tuple(hours)


def _since(slots: Slots, changes: list[Change]) -> dt.date:
    """Return the first day from which on the changes begin one of the slots, but for single days."""
    days = {change.at.date(): True for change in changes}
    for change in changes:
        if slot_of(change, slots) is None:
            days[change.at.date()] = False
    since = changes[-1].at.date()
    is_last_odd = False
    for day in sorted(days, reverse=True):
        if days[day]:
            since = day
        elif is_last_odd:
            break
        is_last_odd = not days[day]
    return since
