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
        """True if the meter has shown them."""
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
        """
        True if a day had the hours of now, so that the registers of the meter counted by them.

        So it is, too, if no hours are known: none contradict the registers.
        """
        if self._present is not None:
            return in_force(self._given, day) is self._present
        shown = self._shown.get(is_summer(day))
        if shown is None:
            return True
        return day >= shown.since


def shown_hours(changes: Iterable[Change]) -> dict[bool, ShownHours]:
    """
    Return the hours that changes of the tariff, in the order of time, prove.

    Those of April to October are under True, those of the other half-year under False; hours that are not
    proved are missing.
    """
    changes_by_half_year: defaultdict[bool, list[Change]] = defaultdict(list)
    for change in changes:
        if change.period in LEARNED:
            in_summer = is_summer(change.at.date())
            changes_by_half_year[in_summer].append(change)
    shown = {}
    for in_summer, of_half_year in changes_by_half_year.items():
        last_day = of_half_year[-1].at.date()
        slots = learn(tuple(of_half_year), last_day)
        if slots:
            shown[in_summer] = ShownHours(_off_peak_hours(slots), _since(slots, of_half_year))
    return shown


def _off_peak_hours(slots: Slots) -> tuple[str, ...]:
    """Return the hours, such as 22:00-06:00, of the slots that are off-peak hours."""
    hours = []
    for number, (begin, period) in enumerate(slots):
        if period == TariffPeriod.HC:
            # A slot ends where the next one begins, the last one where the first one does.
            end, _next_period = slots[(number + 1) % len(slots)]
            hours.append(f"{_time_of(begin)}-{_time_of(end)}")
    return tuple(hours)


def _time_of(minute: int) -> str:
    """Return the time of a minute of the day, such as 01:34."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _since(slots: Slots, changes: list[Change]) -> dt.date:
    """
    Return the first day from which on all changes begin one of the slots.

    A single day with another change does not count; before two of them in a row there were other hours.
    """
    days = {change.at.date() for change in changes}
    odd_days = {change.at.date() for change in changes if slot_of(change, slots) is None}
    since = max(days)
    is_later_day_odd = False
    for day in sorted(days, reverse=True):
        is_odd = day in odd_days
        if is_odd and is_later_day_odd:
            break
        if not is_odd:
            since = day
        is_later_day_odd = is_odd
    return since
