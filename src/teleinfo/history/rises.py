"""The rises of the indexes of a meter between two readings each, from the tables of the readings."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from teleinfo.contract.days import day_of, midnight
from teleinfo.contract.half_hours import LATE, Rise
from teleinfo.history.chronicle import LONGEST_WAIT, IndexReading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator


class Division(NamedTuple):
    """
    A table of the readings that divide time: `query` yields those of a meter, ordered by étiquette and time.

    Its parameters are the meter, the time until which they are wanted, and the time since which. `is_live` is
    True if the time between two readings was not a pause of the process. If `has_midnights`, one is added at
    each midnight around which the index was read.
    """

    query: str
    is_live: Callable[[int, int], bool]
    has_midnights: bool


def _is_in_a_day(before: int, after: int) -> bool:
    return after - before <= LONGEST_WAIT or day_of(before) == day_of(after - 1)


def _is_in_two_hours(before: int, after: int) -> bool:
    return after - before <= LONGEST_ERROR + LATE


DAYS: Final = Division(
    """
    SELECT label, time, value, code FROM reading JOIN (
        SELECT label, max(time) FILTER (WHERE time <= ?3) - 172800 AS first
        FROM reading WHERE meter = ?1 GROUP BY label
    ) USING (label) WHERE meter = ?1 AND time BETWEEN coalesce(first, 0) AND ?2 ORDER BY label, time
    """,
    _is_in_a_day,
    has_midnights=True,
)
"""The readings that divide days. Between two of a day there may have been a pause, which changes nothing."""

HALF_HOURS: Final = Division(
    """
    SELECT label, time, value, code FROM half_hour
    WHERE meter = ?1 AND time BETWEEN ?3 - 172800 AND ?2 ORDER BY label, time
    """,
    _is_in_two_hours,
    has_midnights=False,
)
"""The readings that divide half-hours; a register at rest has one each two days."""

LONGEST_ERROR: Final = 7200
"""Seconds for which a clock may be wrong. Its readings are somewhere else, and leave a hole that counts."""

MAX_BESIDE: Final = 8
"""The readings before another one from which the index may have counted; those between have wrong times."""

MOST_POWER: Final = 54_000
"""W: the power of the largest connection of a household, half as much again."""

RESTART_COST: Final = 86_400
CONTRACT_COST: Final = 600
"""
Seconds that an index must have counted on both sides of a fall, so that it began anew. Another contract may
set it to zero, and gives it the code of another tariff period; else hardly anything does.
"""


def rises(base: sqlite3.Connection, meter: int, division: Division, since: int, until: int) -> Iterator[Rise]:
    """
    Yield what each index rose between two readings, unless it began anew.

    Nor is it yielded where indexes of another mode or contract counted meanwhile: they counted the same
    energy. Those of one contract begin with the same two letters.
    """
    rows = base.execute(division.query, (meter, until, since)).fetchall()
    by_label = {}
    for label, rows_of_label in itertools.groupby(rows, itemgetter(0)):
        readings = [IndexReading(time, value, code) for _label, time, value, code in rows_of_label]
        rising = _rising(readings, division)
        if division.has_midnights:
            rising = [*_with_midnights(rising)]
        by_label[label] = rising
    for label, readings in by_label.items():
        times_of_others = []
        for other, readings_of_other in by_label.items():
            if other[:2] != label[:2]:
                times_of_others += [reading.time for reading in readings_of_other]
        times_of_others.sort()
        for before, after in itertools.pairwise(readings):
            if after.time <= since:
                continue
            if after.value < before.value:
                continue  # the index began anew
            # No index of another mode or contract may have been read between the two.
            first = bisect_right(times_of_others, before.time)
            if first < bisect_left(times_of_others, after.time):
                continue
            yield Rise(label, after.code, before.time, after.time, after.value - before.value)


def _with_midnights(readings: list[IndexReading]) -> Iterator[IndexReading]:
    """Yield the readings of an index, and one at each midnight around which it was read."""
    yield from readings[:1]
    for before, after in itertools.pairwise(readings):
        begin = _midnight_between(before, after)
        if begin is not None:
            yield IndexReading(begin, before.value, before.code)
        yield after


def _midnight_between(before: IndexReading, after: IndexReading) -> int | None:
    """
    Return the time of the midnight between two readings of which the first one has its value.

    They are at most `LONGEST_WAIT` apart, and the first one may be that of an earlier process.
    """
    if after.time - before.time > LONGEST_WAIT or after.value < before.value:
        return None
    begin = midnight(day_of(after.time))
    return begin if before.time < begin < after.time else None


def _rising(readings: list[IndexReading], division: Division) -> list[IndexReading]:
    """
    Return the readings of an index in the order of their times; leave out those with a wrong time.

    An index rises. Where it falls, a clock was wrong for a while, or the index began anew. Of all rows of
    readings that rise, the one is kept in which the index counted for the longest time: see `_Chain`.
    """
    if all(before.value <= after.value for before, after in itertools.pairwise(readings)):
        return readings
    return _Chain(readings, division).readings()


class _Row(NamedTuple):
    """A row of readings that rise: its weight, s, and the number of its last reading, None if it is empty."""

    weight: int
    last: int | None


class _Chain:
    """
    The best row of readings that rise, but for falls where the index began anew, each at a cost.

    The weight of a row is the time, in s, in which the index was seen to count: between two of its readings
    without a pause and with a possible rise; and a second for each reading. So the few readings of a clock
    that was wrong for minutes give way to those of hours, wherever they come to stand.

    For each reading, `_weights` has the weight of the best row that ends with it, and `_before` the number of
    the reading before it in that row.
    """

    def __init__(self, readings: list[IndexReading], division: Division) -> None:
        self._readings = readings
        self._is_live = division.is_live
        self._weights: list[int] = []
        self._before: list[int | None] = []
        self._best = _Row(0, None)
        # The readings whose rows are heavier than those of all readings of a lower value, by value.
        self._values: list[int] = []
        self._ends: list[int] = []
        for at in range(len(readings)):
            self._add(at)

    def readings(self) -> list[IndexReading]:
        """Return the readings of the best row."""
        row: list[IndexReading] = []
        at = self._best.last
        while at is not None:
            row.append(self._readings[at])
            at = self._before[at]
        return row[::-1]

    def _add(self, at: int) -> None:
        """Find the best row that ends with a reading, of the rows of the readings before it."""
        reading = self._readings[at]
        place = bisect_right(self._values, reading.value)
        # Either it begins a row, or the index began anew, or it follows the best row of a lower value.
        rows = [_Row(0, None)]
        if self._best.last is not None:
            is_other_code = self._readings[self._best.last].code != reading.code
            cost = CONTRACT_COST if is_other_code else RESTART_COST
            rows.append(_Row(self._best.weight - cost, self._best.last))
        if place:
            end = self._ends[place - 1]
            rows.append(_Row(self._weights[end], end))
        for earlier in range(max(0, at - MAX_BESIDE), at):
            if self._is_counting(earlier, at):
                seconds = reading.time - self._readings[earlier].time
                rows.append(_Row(self._weights[earlier] + seconds, earlier))
        heaviest = max(rows, key=itemgetter(0))
        weight = heaviest.weight + 1
        self._weights.append(weight)
        self._before.append(heaviest.last)
        self._note_end(place, at)
        if weight > self._best.weight:
            self._best = _Row(weight, at)

    def _is_counting(self, at_before: int, at_after: int) -> bool:
        """
        True if the index was seen to count between two readings, and the rise is possible.

        Readings between the two would have wrong times. They do not if the row before has only counted for as
        long as a clock may be wrong: then it is that row whose times may be.
        """
        before = self._readings[at_before]
        after = self._readings[at_after]
        is_beside = at_before == at_after - 1
        if not is_beside and self._weights[at_before] < LONGEST_ERROR:
            return False
        greatest_rise = MOST_POWER * (after.time - before.time) / 3600 + 1  # Wh
        rise = after.value - before.value
        return 0 <= rise <= greatest_rise and self._is_live(before.time, after.time)

    def _note_end(self, place: int, at: int) -> None:
        """
        Note a reading if its row is heavier than those of all readings of a lower value.

        Readings of a higher value whose rows are not heavier are of no use any more, and are dropped.
        """
        weight = self._weights[at]
        if place and self._weights[self._ends[place - 1]] >= weight:
            return
        until = place
        while until < len(self._ends) and self._weights[self._ends[until]] <= weight:
            until += 1
        self._values[place:until] = [self._readings[at].value]
        self._ends[place:until] = [at]
