"""The content of the files that a household can bring, and why a file cannot be read."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_
from teleinfo.contract.days import day_of, season_of
from teleinfo.contract.tempo import OF_SEASON
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    import datetime as dt

    from teleinfo.contract.offers import ImportedPrice

STEP: Final = 300
"""Seconds into which all steps of curves can be divided."""

CURVE = "curve"
HOURS = "hour"
PEAK = "peak"
COLOUR = "colour"
"""
The kinds of what files have of a meter.

`HOURS` are energies of hours of which the half-hours are not known.
"""


@dataclass(eq=False)
class FileError(ValueError):
    """
    A file cannot be read, for a `reason`.

    `is_other` is True if it is sound, but of another kind than those that are wanted.
    """

    reason: Message
    is_other: bool = False


@dataclass
class Content:
    """
    The content of a file; `forms` are the names of the formats of its parts, in their order.

    `sites` are the numbers of the places whose meter it is. `points` are the mean powers of a load curve, W;
    their times are the ends of the steps by the document of the format, unless `are_begins`. `indexes` are
    the total of a meter at midnights, Wh. `others` are, by kind and time, a greatest power or a colour.
    `prices` are those of regulated tariffs, without the number of their import. `faults` are the numbers of
    the lines that are not understood, and `doubles` is the number of times that come again with another
    power. All times are in the years 2000 to 2100, and all numbers finite.
    """

    forms: dict[Message, None] = field(default_factory=dict)
    sites: set[str] = field(default_factory=set)
    points: dict[int, float] = field(default_factory=dict)
    are_begins: bool = False
    indexes: dict[int, int] = field(default_factory=dict)
    others: dict[tuple[str, int], int | str] = field(default_factory=dict)
    prices: list[ImportedPrice] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    doubles: int = 0

    @property
    def days(self) -> set[dt.date]:
        """The days for which the content has data."""
        days = set()
        for time in self.points:
            # The step that ends at midnight is of the day before.
            second_in_step = time if self.are_begins else time - 1
            days.add(day_of(second_in_step))
        days.update(day_of(time) for time in self.indexes)
        days.update(day_of(time) for _kind, time in self.others)
        days.update(price.since for price in self.prices)
        return days

    def add_point(self, time: int, power: float) -> None:
        """Add a mean power, W, unless no step ends at its time; of two for one time, the first one counts."""
        if time % STEP != 0:
            return
        power_before = self.points.setdefault(time, power)
        if not math.isclose(power_before, power):
            self.doubles += 1


def check_seasons(content: Content) -> None:
    """Raise FileError if a season, all of whose days are there, has not its red and its white days."""
    counts_by_season: defaultdict[dt.date, Counter[object]] = defaultdict(Counter)  # days of each colour
    for (kind, time), colour in content.others.items():
        if kind == COLOUR:
            season = season_of(day_of(time))
            counts_by_season[season][colour] += 1
    for season, counts in counts_by_season.items():
        next_year = season.year + 1
        length = season.replace(year=next_year) - season
        if counts.total() != length.days:
            continue
        for colour, right_count in OF_SEASON.items():
            count = counts[colour]
            if count != right_count:
                template = N_("the season {year} has {count} days of {colour}, and not {right}")
                years = f"{season.year}-{next_year}"
                fields = {"count": count, "colour": colour.words, "right": right_count}
                raise FileError(Message(template, year=years, **fields))
