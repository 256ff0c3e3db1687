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

DAY_SECONDS: Final = 86_400

LONGEST: Final = DAY_SECONDS
"""Seconds of the longest time that is compared."""

_OUTSIDE: Final = Message(N_("all its days are older than ten years, or to come"))

FEWEST: Final = 48
"""Half-hours that a file and earlier ones both have, from which on most of them must be the same."""


@dataclass
class Added:
    """What came of a file: numbers of half-hours, and of maxima and colours (`others`)."""

    new: int = 0
    """Half-hours that were added."""
    hourly: int = 0
    """Those of the new ones that have half of the energy of their hour."""
    own: int = 0
    """Half-hours that the meter itself gave, which stay."""
    same: int = 0
    """Half-hours that are in earlier files."""
    different: int = 0
    """Half-hours that have another energy in earlier files, which stays."""
    example: int = 0
    """The begin of the first different half-hour; 0 if there is none."""
    outside: int = 0
    """Half-hours that are to come, or older than ten years."""
    others: int = 0
    """Maxima and colours that were added."""
    same_others: int = 0
    """Maxima and colours that are in earlier files."""


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
        now = number // 1000
        own = of_meter(rises(base, meter, HALF_HOURS, 0, now), EXPORTED_KEY)
        self._own = own.exact
        self._references = [*_references_of_meter(own), *_days_of_indexes(indexes)]
        self._imported = dict(of_files(base, meter, CURVE))  # Wh, by the begin of the half-hour

    def add(self, content: Content) -> Added:
        """
        Add the content of a file.

        Raise FileError if it has no half-hour of the last ten years, or if an index, or most of what was
        imported before, proves that it is not from this meter.
        """
        curve = self._curve_of(content)
        now = self._number // 1000
        oldest = now - MAX_AGE
        past = range(oldest, now)
        half_hours = {begin: energy for begin, energy in curve.half_hours.items() if begin in past}
        hours = {begin: energy for begin, energy in curve.hours.items() if begin in past}
        if content.points and not half_hours and not hours:
            raise FileError(_why_none(curve))
        until_tomorrow = range(oldest, now + DAY_SECONDS)  # the colour of tomorrow is known
        others = [
            (kind, time, value) for (kind, time), value in content.others.items() if time in until_tomorrow
        ]
        has_only_others = not content.points and not content.indexes
        if content.others and not others and has_only_others:
            raise FileError(_OUTSIDE)

        wanted = {begin: energy for begin, energy in half_hours.items() if begin not in self._own}
        different = self._different(wanted)
        # Nothing is inserted before the last reason to refuse the file.
        added = Added()
        added.own = len(half_hours) - len(wanted)
        added.different = len(different)
        added.example = min(different, default=0)
        added.outside = _count(curve) - _count(Energies(half_hours, hours))
        added.new = self._insert([(CURVE, begin, energy) for begin, energy in wanted.items()])
        added.same = len(wanted) - added.new - added.different
        added.others = self._insert(others)
        added.same_others = len(others) - added.others
        for begin, energy in wanted.items():
            self._imported.setdefault(begin, energy)
        self._add_hours(hours, added)
        return added

    def _curve_of(self, content: Content) -> Energies:
        """Return the energies of the load curve of a file; raise FileError if the indexes disprove it."""
        times = times_of(content.points, self._references, by_format=content.are_begins)
        if times.is_disproved:
            template = N_(
                "it is from another meter, or damaged; its energy is that of the index "
                "{fit} of {compared} times"
            )
            raise FileError(Message(template, fit=times.fit, compared=times.compared))
        return energies_of(content.points, are_begins=times.are_begins)

    def _different(self, new: Mapping[int, float]) -> list[int]:
        """
        Return the begins of the half-hours that have another energy, by more than 1 Wh, in earlier files.

        `new` are the energies of the file, Wh. Raise FileError if most of those that both have are different.
        """
        both = new.keys() & self._imported.keys()
        different = [begin for begin in both if abs(self._imported[begin] - new[begin]) > 1]
        are_enough = len(both) >= FEWEST
        are_most_different = len(different) > len(both) / 2
        if are_enough and are_most_different and not self._allow_other_site:
            template = N_(
                "{different} of its half-hours have another energy in earlier files, {same} the same one; "
                "one of these files is from another meter"
            )
            raise FileError(Message(template, different=len(different), same=len(both) - len(different)))
        return different

    def _add_hours(self, hours: Mapping[int, float], added: Added) -> None:
        """Add the energies of hours of which a half-hour is unknown; count their half-hours in `added`."""
        known = self._own | self._imported.keys()
        rows = []
        for begin, energy in hours.items():
            is_known = begin in known and begin + HALF_HOUR in known
            if not is_known:
                rows.append((HOURS, begin, energy))
        count = self._insert(rows)
        added.new += 2 * count
        added.hourly = 2 * count
        added.same += 2 * (len(hours) - count)

    def _insert(self, rows: Iterable[tuple[str, int, object]]) -> int:
        """Add rows of kind, time and value that are not there; return the number of those that were added."""
        query = "INSERT INTO imported VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        rows_of_meter = [(self._meter, *row, self._number) for row in rows]
        return self._base.executemany(query, rows_of_meter).rowcount


def _why_none(curve: Energies) -> Message:
    """Return the reason why nothing of a curve can be added."""
    if _count(curve) == 0:
        return Message(N_("it has no whole half-hour"))
    return _OUTSIDE


def _count(curve: Energies) -> int:
    """Return the number of half-hours; an hour is two."""
    return len(curve.half_hours) + 2 * len(curve.hours)


def _references_of_meter(own: HalfHours) -> Iterator[tuple[int, int, float]]:
    """
    Yield begin, end and energy of each time between two bounds of hours near which the meter was read.

    They are hours since a step of a file may be one. With an interval between the readings, what was drawn
    around a bound may belong to either side of it, and the next bound with a reading may be hours away.
    """
    bound: int | None = None  # the last one, unless a gap came after it
    energy = 0.0  # since that bound, Wh
    end_before = 0  # of the half-hour before
    for begin in sorted(own.exact):
        is_after_gap = begin != end_before
        if is_after_gap:
            bound = None
        is_bound = begin % HOUR == 0 and own.distances.get(begin, 0) <= NEAR
        if is_bound:
            if bound is not None and begin - bound <= LONGEST:
                yield bound, begin, energy
            bound = begin
            energy = 0.0
        energy += own.energy(begin)
        end_before = begin + HALF_HOUR


def _days_of_indexes(indexes: Mapping[int, int]) -> Iterator[tuple[int, int, float]]:
    """Yield two midnights in a row and the energy between them, Wh, unless the index began anew meanwhile."""
    for begin, end in itertools.pairwise(sorted(indexes)):
        energy = indexes[end] - indexes[begin]
        if energy >= 0:
            yield begin, end, float(energy)
