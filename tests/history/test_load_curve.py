"""The half-hours of any curve, whatever its step, its gaps and what its times are."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.contract.content import Content
from teleinfo.contract.days import local, midnight
from teleinfo.contract.files import FileReader
from teleinfo.contract.load_curve import CLOSE, HOUR, energies_of, times_of
from teleinfo.contract.local_times import LocalPower, with_offsets
from tests.history import written
from tests.history.written import HALF_HOUR

if TYPE_CHECKING:
    import random

BEGIN = midnight(dt.date(2025, 3, 1))
DAYS = st.dates(dt.date(2005, 1, 1), dt.date(2095, 1, 1))
CHANGES = st.sampled_from(
    [dt.date(2025, 3, 29), dt.date(2025, 3, 30), dt.date(2025, 10, 25), dt.date(2026, 10, 25)]
)
"""Days beside and at both changes of the clocks."""

POWERS = st.lists(st.integers(0, 12_000), min_size=8, max_size=60)


def points_of(powers: list[int], step: int, *, are_begins: bool) -> dict[int, float]:
    """Return the points of a curve that begins at `BEGIN`."""
    first = BEGIN if are_begins else BEGIN + step
    return {first + number * step: float(power) for number, power in enumerate(powers)}


@given(powers=POWERS, step=st.sampled_from([600, 900, 1800, 3600]), begins=st.booleans())
def test_the_energy_of_steps_is_that_of_half_hours(*, powers: list[int], step: int, begins: bool) -> None:
    """All of it, but for a half-hour at the end of which a part is missing."""
    curve = energies_of(points_of(powers, step, are_begins=begins), are_begins=begins)
    parts = max(1, HALF_HOUR // step)
    energy = sum(powers[: len(powers) // parts * parts]) * step / 3600
    assert sum(curve.half_hours.values()) + sum(curve.hours.values()) == pytest.approx(energy)
    assert sum(curve.by_half_hour().values()) == pytest.approx(energy)
    assert (curve.hours == {}) is (step != HOUR)
    assert min(curve.by_half_hour()) == BEGIN


@given(powers=POWERS, missing=st.sets(st.integers(2, 57), max_size=4), begins=st.booleans())
def test_a_missing_step_is_a_missing_half_hour(*, powers: list[int], missing: set[int], begins: bool) -> None:
    """Beside it the length of a step may be unknown."""
    points = points_of(powers, HALF_HOUR, are_begins=begins)
    times = [*points]
    for number in missing & {*range(len(powers))}:
        del points[times[number]]
    curve = energies_of(points, are_begins=begins)
    for number, power in enumerate(powers):
        begin = BEGIN + number * HALF_HOUR
        if number in missing:
            assert begin not in curve.half_hours
        elif not {number - 1, number + 1} & missing:
            assert curve.half_hours[begin] == power / 2


@given(
    energies=st.lists(st.integers(0, 5000), min_size=40, max_size=60, unique=True),
    begins=st.booleans(),
    by_format=st.booleans(),
)
def test_an_index_tells_what_the_times_are(*, energies: list[int], begins: bool, by_format: bool) -> None:
    """Without one, the format does. A curve of another meter is disproved."""
    points = points_of([2 * energy for energy in energies], HALF_HOUR, are_begins=begins)
    references = []
    for number, pair in enumerate(itertools.pairwise(energies[2:-2]), 2):
        begin = BEGIN + number * HALF_HOUR
        references.append((begin, begin + HOUR, float(sum(pair))))
    found = times_of(points, references, by_format=by_format)
    assert found.are_begins is begins
    assert (found.fit, found.is_disproved) == (len(references), False)
    assert times_of(points, [], by_format=by_format).are_begins is by_format
    other = [(begin, end, energy * 1.2 + 3 * CLOSE) for begin, end, energy in references]
    assert times_of(points, other, by_format=by_format).is_disproved


@given(first=DAYS | CHANGES, days=st.integers(1, 3), chance=st.randoms(use_true_random=False))
def test_times_without_an_offset_give_the_same_curve(
    first: dt.date, days: int, chance: random.Random
) -> None:
    """The points may ascend or descend in time, and whole days may come twice."""
    begin = midnight(first)
    end = midnight(first + dt.timedelta(days=days))
    curve = {time: chance.randrange(20, 3000) for time in range(begin, end, HALF_HOUR)}
    plain = written.edf(curve)
    head, *lists = re.split(r"(?m)^(?=../../....;;)", plain.decode("cp1252"))
    upwards = head
    for of_day in lists:
        day, *times = of_day.split()
        upwards += "\n".join([day, *reversed(times), ""])
    for data in (plain, upwards.encode("cp1252"), plain + b"\n" + plain):
        content = content_of(data)
        assert energies_of(content.points, are_begins=False).half_hours == pytest.approx(curve)
        assert content.doubles == 0
    workbook = content_of(written.workbook(curve))
    assert energies_of(workbook.points, are_begins=True).half_hours == pytest.approx(curve)
    assert {local(time).date() for time in curve} == workbook.days


def content_of(data: bytes) -> Content:
    """Return what a file has."""
    [(_name, content)] = FileReader().contents(io.BytesIO(data))
    assert isinstance(content, Content), content.reason
    return content


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (("2026-03-29T01:00", "2026-03-29T02:30"), ("2026-03-29T01:00+01:00", "2026-03-29T03:30+02:00")),
        (("2026-10-25T02:00", "2026-10-25T02:00"), ("2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00")),
    ],
)
def test_times_without_an_offset_at_a_change_of_the_clock(
    local: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """A time that is skipped names the time an hour later; of two equal times the first is in summer."""
    powers = [LocalPower(1, dt.datetime.fromisoformat(time), 500.0) for time in local]
    times = [int(dt.datetime.fromisoformat(time).timestamp()) for time in expected]
    assert list(with_offsets(powers)) == [(time, 500.0) for time in times]
