"""
What a day of Tempo may be whose colour is unknown. Pure.

A season, from 1 September to 31 August, has 22 red and 43 white days. Red ones are from November to March,
and never on a Saturday or Sunday; no Sunday is white (decree of 30 October 2014).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from teleinfo.contract.days import season_of
from teleinfo.vocabulary.codes import Colour

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

OF_SEASON: Final = {Colour.RED: 22, Colour.WHITE: 43}
"""The days of each colour in a season."""

_BLUE_MONTHS: Final = (7, 8, 9, 10)
"""The months whose days are all blue: in six seasons others were from mid November to mid June."""

_RED_MONTHS: Final = (11, 12, 1, 2, 3)
_SATURDAY = 5
_SUNDAY = 6


def may_be_other_than_blue(day: dt.date) -> bool:
    """True if a day may be white or red."""
    return day.month not in _BLUE_MONTHS and day.weekday() != _SUNDAY


def may_be_red(day: dt.date) -> bool:
    """True if a day may be red."""
    return day.month in _RED_MONTHS and day.weekday() < _SATURDAY


def dearest(
    extra_costs: Mapping[dt.date, Mapping[Colour, float]], colours: Mapping[dt.date, Colour]
) -> float:
    """
    Return the greatest extra cost in € of days whose colour is unknown, compared with blue days.

    `extra_costs` has, for each of these few days, that of a white day and that of a red one. `colours` are
    those of the days that are known, of which each season has only so many.
    """
    left: defaultdict[dt.date, Counter[Colour]] = defaultdict(lambda: Counter(OF_SEASON))  # by season
    for day, colour in colours.items():
        left[season_of(day)][colour] -= 1
    extra_by_season: defaultdict[dt.date, dict[dt.date, Mapping[Colour, float]]] = defaultdict(dict)
    for day, extra_of_day in extra_costs.items():
        extra_by_season[season_of(day)][day] = extra_of_day
    cost = 0.0
    for season, extra_of_season in extra_by_season.items():
        cost += _dearest_of_season(extra_of_season, left[season])
    return cost


def _dearest_of_season(extra_costs: Mapping[dt.date, Mapping[Colour, float]], left: Counter[Colour]) -> float:
    """
    Return the greatest extra cost in € of days of one season, compared with blue days.

    `left` are the red and white days that the season still has.
    """
    most = {(0, 0): 0.0}  # by the numbers of red and white days
    for day, extra_of_day in extra_costs.items():
        with_day = dict(most)  # the day is blue
        for (reds, whites), cost in most.items():
            if whites < left[Colour.WHITE]:
                numbers = reds, whites + 1
                with_day[numbers] = max(with_day.get(numbers, 0.0), cost + extra_of_day[Colour.WHITE])
            if reds < left[Colour.RED] and may_be_red(day):
                numbers = reds + 1, whites
                with_day[numbers] = max(with_day.get(numbers, 0.0), cost + extra_of_day[Colour.RED])
        most = with_day
    return max(most.values())
