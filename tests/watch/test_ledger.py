"""The known readings of an index: which are needed, and what they count by day."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.watch.ledger import IndexReading, count, local, merge, midnight

DAY = dt.date(2026, 1, 14)
NOON = midnight(DAY) + 43_200
HOUR = 3600


def day(of: dt.date) -> dt.date:
    """Return the day itself."""
    return of


def reading(hour: int, value: int, code: str = "HP") -> IndexReading:
    """Return a reading so many hours after a noon in January."""
    return IndexReading(NOON + hour * HOUR, value, code)


@given(
    steps=st.lists(st.tuples(st.integers(1, 200_000), st.integers(0, 5000)), min_size=2, max_size=40),
    cuts=st.lists(st.integers(1, 10), max_size=10),
)
def test_no_energy_is_lost_or_invented(steps: list[tuple[int, int]], cuts: list[int]) -> None:
    """However the readings come, in batches of any size, all days and gaps sum to what the index counted."""
    times = itertools.accumulate((seconds for seconds, _rise in steps), initial=NOON)
    values = itertools.accumulate((rise for _seconds, rise in steps), initial=0)
    every = [IndexReading(time, value, "HP") for time, value in zip(times, values, strict=True)]
    known: list[IndexReading] = []
    left = every
    for size in [*cuts, len(every)]:
        known, left = merge(known, left[:size], label="HCHP"), left[size:]
    found = count({"HCHP": known}, day)

    counted = [*found.spans.values(), *found.gaps.values()]
    assert sum(energy["HP"] for energy in counted) == every[-1].value
    assert known == merge([], every, label="HCHP")
    assert (known[0], known[-1]) == (every[0], every[-1])


def test_readings_between_two_of_the_same_day_are_not_kept() -> None:
    """Midnight belongs to both days; the readings around a night without readings stay."""
    kept = merge([], [reading(0, 0), reading(3, 3), reading(6, 6), reading(12, 12)], label="X")
    assert kept == [reading(0, 0), reading(12, 12)]
    kept = merge(kept, [reading(15, 15), reading(36, 36)], label="X")
    assert kept == [reading(0, 0), reading(12, 12), reading(36, 36)]
    kept = merge([], [reading(0, 0), reading(6, 6), reading(20, 20), reading(22, 22)], label="X")
    assert kept == [reading(0, 0), reading(6, 6), reading(20, 20), reading(22, 22)]


@pytest.mark.parametrize(("value", "is_believed"), [(4, False), (5, True), (7, True), (9, True), (10, False)])
def test_an_earlier_reading_fits_between_its_neighbours(value: int, *, is_believed: bool) -> None:
    """The index rises: another value is of a wrong clock, or another meter."""
    known = [reading(0, 5), reading(24, 9)]

    assert (reading(12, value) in merge(known, [reading(12, value)], label="X")) is is_believed


def test_an_index_that_begins_anew_counts_from_there() -> None:
    """What it counted between is unknown, so the day is not complete."""
    readings = {"X": merge([], [reading(0, 50), reading(2, 60), reading(3, 0), reading(5, 7)], label="X")}
    found = count(readings, day)

    assert found.spans == {DAY: {"HP": 17}}
    assert found.covered[DAY, "X"] == 4 * HOUR


def test_energy_counts_for_the_code_at_its_end() -> None:
    """An unknown code, with the étiquette in its place, becomes known; another one is kept apart."""
    found = count({"X": merge([], [reading(0, 0, "X"), reading(1, 1, "X"), reading(2, 3)], label="X")}, day)
    assert found.spans == {DAY: {"HP": 3}}
    found = count({"X": merge([], [reading(0, 0), reading(1, 1), reading(2, 3, "HC")], label="X")}, day)
    assert found.spans == {DAY: {"HP": 1, "HC": 2}}


def test_days_are_those_of_france() -> None:
    """23 and 25 hours when the clock changes."""
    hours = {date.month: (midnight(date + dt.timedelta(days=1)) - midnight(date)) / HOUR for date in CHANGES}

    assert hours == {3: 23, 10: 25}
    assert local(midnight(DAY)).isoformat() == "2026-01-14T00:00:00+01:00"


CHANGES = [dt.date(2026, 3, 29), dt.date(2026, 10, 25)]
