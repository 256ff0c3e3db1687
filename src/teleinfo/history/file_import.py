"""
Add the files of a household to the database, unless it proves that they are from another meter.

Every function blocks, and may raise `sqlite3.Error`. Times are seconds since 1970.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from teleinfo.common.i18n import N_
from teleinfo.contract.content import CURVE, HOURS, Content, FileError
from teleinfo.contract.half_hours import HALF_HOUR, HalfHours, of_meter
from teleinfo.contract.load_curve import HOUR, Energies, energies_of, times_of
from teleinfo.history.chronicle import EXPORTED_KEY, MAX_AGE
from teleinfo.history.energies import of_files
from teleinfo.history.rises import HALF_HOURS, rises
from teleinfo.vocabulary.words import Message

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

NEAR: Final = 10
"""Seconds to the nearest reading up to which the energy until the bound of an hour is known."""

LONGEST: Final = 86_400
"""Seconds of the longest time that is compared."""

_OUTSIDE: Final = Message(N_("all its days are older than ten years, or to come"))

FEWEST: Final = 48
"""Half-hours that a file and earlier ones both have, from which on most of them must be the same."""


@dataclass
class Added:
    """
    What came of a file: numbers of half-hours, and of maxima and colours.

    Of its half-hours `new` were added, of which `hourly` have half of the energy of their hour; `own` ones
    the meter itself gave; `same` are in earlier files; `different` ones have another energy there, the first
    of them at the time `example`; `outside` are to come, or older than ten years. Of the maxima and colours,
    `others` were added, and `same_others` are in earlier files.
    """

    new: int = 0
    hourly: int = 0
    own: int = 0
    same: int = 0
    different: int = 0
    example: int = 0
    outside: int = 0
    others: int = 0
    same_others: int = 0


class FileImport:
    """
    An import of files, within a transaction of `base`.

    `indexes` are the total of the meter at midnights by the files, Wh. The `number` of an import is its time
    in ms, so that it is the same in a copy of the history. With `allow_other_site` the files may be from
    another place than earlier ones.
    """

    def __init__(
        self,
        base: sqlite3.Connection,
        meter: int,
        indexes: Mapping[int, int],
        number: int,
        *,
        allow_other_site: bool = False,
    ) -> None:
        self._base = base
        self._meter = meter
        self._number = number
        self._allow_other_site = allow_other_site
        own = of_meter(rises(base, meter, HALF_HOURS, 0, number // 1000), EXPORTED_KEY)
        self._own = own.exact
        self._references = [*_references_of_meter(own), *_days_of_indexes(indexes)]
        self._imported = dict(of_files(base, meter, CURVE))

    def add(self, content: Content) -> Added:
        """
        Add the content of a file.

        Raise FileError if it has no half-hour of the last ten years, or if an index, or most of what was
        imported before, proves that it is not from this meter.
        """
        times = times_of(content.points, self._references, by_format=content.are_begins)
        if times.is_disproved:
            template = N_(
                "it is from another meter, or damaged; its energy is that of the index "
                "{fit} of {compared} times"
            )
            raise FileError(Message(template, fit=times.fit, compared=times.compared))
        curve = energies_of(content.points, are_begins=times.are_begins)
        now = self._number // 1000
        past = range(now - MAX_AGE, now)
        half_hours = {begin: energy for begin, energy in curve.half_hours.items() if begin in past}
        hours = {begin: energy for begin, energy in curve.hours.items() if begin in past}
        until_tomorrow = range(now - MAX_AGE, now + LONGEST)  # the colour of tomorrow is known
        others = {}
        for (kind, time), value in content.others.items():
            if time in until_tomorrow:
                others[kind, time] = value
        if content.points and not half_hours and not hours:
            raise FileError(_why_none(curve))
        if content.others and not others and not content.points and not content.indexes:
            raise FileError(_OUTSIDE)
        new = {begin: energy for begin, energy in half_hours.items() if begin not in self._own}
        different = self._different(new)
        new_others = self._insert((kind, time, value) for (kind, time), value in others.items())
        added = Added(
            own=len(half_hours) - len(new),
            different=len(different),
            example=min(different, default=0),
            outside=_count(curve) - _count(Energies(half_hours, hours)),
            others=new_others,
            same_others=len(others) - new_others,
        )
        added.new = self._insert((CURVE, begin, energy) for begin, energy in new.items())
        added.same = len(new) - added.new - added.different
        self._imported = new | self._imported
        self._add_hours(hours, added)
        return added

    def _different(self, new: Mapping[int, float]) -> list[int]:
        """
        Return the half-hours that have another energy in earlier files, in Wh.

        Raise FileError if they are most of those that both have.
        """
        both = new.keys() & self._imported.keys()
        different = [begin for begin in both if abs(self._imported[begin] - new[begin]) > 1]
        are_most_different = len(both) >= FEWEST and 2 * len(different) > len(both)
        if are_most_different and not self._allow_other_site:
            template = N_(
                "{different} of its half-hours have another energy in earlier files, {same} the same one; "
                "one of these files is from another meter"
            )
            raise FileError(Message(template, different=len(different), same=len(both) - len(different)))
        return different

    def _add_hours(self, hours: Mapping[int, float], added: Added) -> None:
        """Add the energies of hours of which a half-hour is unknown."""
        new = {}
        for begin, energy in hours.items():
            known = [time in self._own or time in self._imported for time in (begin, begin + HALF_HOUR)]
            if not all(known):
                new[begin] = energy
        count = self._insert((HOURS, begin, energy) for begin, energy in new.items())
        added.new += 2 * count
        added.hourly = 2 * count
        added.same += 2 * (len(hours) - count)

    def _insert(self, rows: Iterable[tuple[str, int, object]]) -> int:
        """Add rows that are not there, and return their number."""
        query = "INSERT INTO imported VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        return self._base.executemany(query, [(self._meter, *row, self._number) for row in rows]).rowcount


def _why_none(curve: Energies) -> Message:
    """Return the reason why nothing of a curve can be added."""
    if _count(curve) == 0:
        return Message(N_("it has no whole half-hour"))
    return _OUTSIDE


def _count(curve: Energies) -> int:
    """Return the number of half-hours."""
    return len(curve.half_hours) + 2 * len(curve.hours)


def _references_of_meter(own: HalfHours) -> Iterator[tuple[int, int, float]]:
    """
    Yield begin, end and energy of each time between two bounds of hours near which the meter was read.

    They are hours since a step of a file may be one. With an interval between the readings, what was drawn
    around a bound may belong to either side of it, and the next bound with a reading may be hours away.
    """
    exact = sorted(own.exact)
    begin, energy, following = 0, 0.0, 0
    for time in exact:
        is_bound = time % HOUR == 0 and own.distances.get(time, 0) <= NEAR
        if time != following:  # after a gap
            begin = 0
        elif is_bound and begin and time - begin <= LONGEST:
            yield begin, time, energy
        if is_bound:
            begin, energy = time, 0.0
        energy += own.energy(time)
        following = time + HALF_HOUR


def _days_of_indexes(indexes: Mapping[int, int]) -> Iterator[tuple[int, int, float]]:
    """Yield two times of readings in a row and the energy between them, unless the index began anew."""
    for begin, end in itertools.pairwise(sorted(indexes)):
        if indexes[end] >= indexes[begin]:
            yield begin, end, float(indexes[end] - indexes[begin])
