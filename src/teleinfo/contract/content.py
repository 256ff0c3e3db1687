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

CURVE, HOURS, PEAK, COLOUR = "curve", "hour", "peak", "colour"
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
        late = 0 if self.are_begins else 1  # the step that ends at midnight is of the day before
        days = {day_of(time - late) for time in self.points}
        days.update(day_of(time) for time in self.indexes)
        days.update(day_of(time) for _kind, time in self.others)
        days.update(price.since for price in self.prices)
        return days

    def add_point(self, time: int, power: float) -> None:
        """Add a mean power unless its time ends no step. If a time comes twice, the first power counts."""
        if time % STEP != 0:
            return
        before = self.points.setdefault(time, power)
        if not math.isclose(before, power):
            self.doubles += 1


def check_seasons(content: Content) -> None:
    """Raise FileError unless each whole season has its red and its white days."""
    seasons: defaultdict[dt.date, Counter[object]] = defaultdict(Counter)
    for (kind, time), colour in content.others.items():
        if kind == COLOUR:
            seasons[season_of(day_of(time))][colour] += 1
    for first, colours in seasons.items():
        length = first.replace(year=first.year + 1) - first
        if colours.total() != length.days:
            continue
        for colour, right in OF_SEASON.items():
            if colours[colour] != right:
                text = N_("the season {year} has {count} days of {colour}, and not {right}")
                fields = {"count": colours[colour], "colour": colour.words, "right": right}
                raise FileError(Message(text, year=f"{first.year}-{first.year + 1}", **fields))
