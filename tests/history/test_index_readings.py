"""The readings of an index in the history: which are kept, and what they count by day."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.contract.days import midnight
from teleinfo.history.chronicle import Batch, IndexReading
from teleinfo.history.store import Store
from teleinfo.history.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = dt.date(2026, 1, 14)
NOON = midnight(DAY) + 43_200
HOUR = 3600
STORE = Store(Path("without a file"))


def reading(hour: int, value: int, code: str = "HP") -> IndexReading:
    """Return a reading so many hours after a noon in January."""
    return IndexReading(NOON + hour * HOUR, value, code)


def batches(*groups: Iterable[IndexReading]) -> list[Batch]:
    """Return a batch for each group of readings."""
    made = []
    for readings in map(list, filter(None, map(list, groups))):
        made.append(Batch("1", readings[-1].time))
        for each in readings:
            made[-1].add_reading("X", each)
    return made


def kept(*groups: Iterable[IndexReading]) -> list[IndexReading]:
    """Return the readings that are kept of these groups."""
    with STORE.copy.reading(batches(*groups)) as base:
        return [IndexReading(*row) for row in base.execute("SELECT time, value, code FROM reading")]


def days(*groups: Iterable[IndexReading]) -> dict[str, Any]:
    """Return the table of the days with these groups of readings."""
    found = table(STORE, batches(*groups), "1", "days30", now=NOON + 28 * 24 * HOUR)
    assert found is not None
    return found


@given(
    steps=st.lists(st.tuples(st.integers(1, 60_000), st.integers(0, 5000)), min_size=2, max_size=40),
    cuts=st.lists(st.integers(1, 10), max_size=10),
)
def test_no_energy_is_lost_or_invented(steps: list[tuple[int, int]], cuts: list[int]) -> None:
    """However the readings come, in batches of any size, all days and gaps sum to what the index counted."""
    times = itertools.accumulate((seconds for seconds, _rise in steps), initial=NOON)
    values = itertools.accumulate((rise for _seconds, rise in steps), initial=0)
    every = [IndexReading(time, value, "HP") for time, value in zip(times, values, strict=True)]
    groups: list[list[IndexReading]] = []
    left = every
    for size in [*cuts, len(every)]:
        groups = [*groups, left[:size]]
        left = left[size:]
    found = days(*groups)
    known = kept(*groups)

    energies = [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
    energies += [energy for _begin, _end, energy, _cost in found["gaps"]]
    assert sum(energy["HP"] for energy in energies) == every[-1].value
    assert known == kept(every)
    assert (known[0], known[-1]) == (every[0], every[-1])


def test_readings_between_two_of_the_same_day_are_not_kept() -> None:
    """Midnight belongs to both days; the readings around a night without readings stay."""
    first = [reading(0, 0), reading(3, 3), reading(6, 6), reading(12, 12)]
    assert kept(first) == [reading(0, 0), reading(12, 12)]
    assert kept(first, [reading(15, 15), reading(36, 36)]) == [
        reading(0, 0),
        reading(12, 12),
        reading(36, 36),
    ]
    night = [reading(0, 0), reading(6, 6), reading(20, 20), reading(22, 22)]
    assert kept(night) == night


@pytest.mark.parametrize(("pause", "is_divided"), [(2, True), (330, True), (331, False)])
def test_a_day_ends_with_the_last_reading_before_midnight(pause: int, *, is_divided: bool) -> None:
    """Also if that one is in the database. After a longer pause nobody knows what it was at midnight."""
    before = NOON + 12 * HOUR - 1
    found = days(
        [reading(0, 1000)],
        [IndexReading(before, 2000, "HP")],
        [IndexReading(before + pause, 2030, "HP"), reading(13, 2100)],
    )

    if is_divided:
        assert [row[1] for row in found["rows"]] == [1000, 100]
        assert found["gaps"] == []
    else:
        assert [row[1] for row in found["rows"]] == [1000, 70]
        assert [energy for _begin, _end, energy, _cost in found["gaps"]] == [{"HP": 30}]


@given(at=st.integers(1, 98), off=st.integers(-60, 60), lasts=st.integers(1, 2))
def test_a_clock_that_is_wrong_for_hours_changes_no_sum(at: int, off: int, lasts: int) -> None:
    """In either direction, by up to two days and a half."""
    off = max(-at, min(99 - at - lasts, off))
    hours = range(at, at + lasts)
    wrong = [IndexReading(NOON + (hour + off) * HOUR + 7, 10 * hour, "HP") for hour in hours]
    right = [reading(hour, 10 * hour) for hour in range(101)]
    found = days(right[:at], wrong, *zip(right[at + lasts :], strict=True))
    energies = [row[1] for row in found["rows"]] + [energy["HP"] for _, _, energy, _ in found["gaps"]]

    assert sum(energies) == 1000


def test_an_index_that_begins_anew_counts_from_there() -> None:
    """It has counted for more than a day before, and for more than a day since."""
    before = [reading(hour, 5000 + 10 * hour) for hour in range(0, 33, 6)]
    since = [reading(hour, 10 * (hour - 33)) for hour in range(33, 73, 3)]
    found = days(*([each] for each in before + since))

    assert [row[1] for row in found["rows"]] == [120, 180 + 30, 240, 120]
    assert found["gaps"] == []


def test_an_index_counts_nothing_while_one_of_another_mode_does() -> None:
    """What HCHP rises by while EASF01 counts, from 60 to 90 Wh, is counted by EASF01."""
    batches = []
    for label, hours in (("HCHP", (0, 3, 6)), ("EASF01", (7, 8)), ("EASF02", (8,)), ("HCHP", (9, 10, 11))):
        for hour in hours:
            batch = Batch("1", NOON)
            batch.add_reading(label, reading(hour, 10 * hour))
            batches.append(batch)
    found = table(STORE, batches, "1", "days30", now=NOON + 28 * 24 * HOUR)

    assert found is not None
    assert found["columns"][:2] == ["time", "HP"]
    [[day, energy, *_others]] = found["rows"]
    before = 60  # HCHP, from 0:00 to 6:00
    meanwhile = 10  # EASF01, from 7:00 to 8:00
    afterwards = 20  # HCHP, from 9:00 to 11:00
    assert (day, energy) == ("2026-01-14", before + meanwhile + afterwards)


def test_energy_counts_for_the_code_at_its_end() -> None:
    found = days([reading(0, 0, "X"), reading(1, 1, "X"), reading(2, 3)])
    assert (found["columns"][1:-4], found["rows"][0][1:-4]) == (["HP"], [3])
    found = days([reading(0, 0), reading(1, 1), reading(2, 3, "HC")])
    assert (found["columns"][1:-4], found["rows"][0][1:-4]) == (["HC", "HP"], [2, 1])
