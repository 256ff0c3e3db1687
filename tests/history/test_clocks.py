"""A clock that is wrong for a while, before, after or in the middle of a history of any length."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from teleinfo.contract.days import day_of, midnight
from teleinfo.history import energies
from teleinfo.history.chronicle import LONGEST_WAIT, Batch, IndexReading
from teleinfo.history.tables import table
from teleinfo.vocabulary.moment import DAY
from tests.history.test_index_readings import NOON, STORE
from tests.support.parts import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE = 60
HOUR = 3600
A_DAY = 86_400
STEP = 5 * MINUTE
POWERS = (100, 300, 800, 3000)
METER = "1"
LENGTHS = {"hour": HOUR, "six-hours": 6 * HOUR, "day": A_DAY, "three-days": 3 * A_DAY, "week": 7 * A_DAY}


class Error(NamedTuple):
    """A clock that is ahead by some seconds, or behind, from a time on; times are s since NOON."""

    begin: int
    lasts: int
    ahead: int


class Sample(NamedTuple):
    """A reading with the time that the clock said; `is_right` if that was the true one."""

    time: int
    said: int
    value: int
    is_right: bool


def samples(times: list[int], error: Error, seed: int) -> list[Sample]:
    """Return the readings of a household at these times, s since NOON."""
    chance = random.Random(seed)
    value = 1_000_000.0
    found = list[Sample]()
    for before, time in itertools.pairwise([times[0], *times]):
        value += chance.choice(POWERS) * (time - before) / HOUR
        is_wrong = error.begin <= time < error.begin + error.lasts
        said = NOON + time + (error.ahead if is_wrong else 0)
        found.append(Sample(NOON + time, said, int(value), not is_wrong))
    return found


def batches(readings: list[Sample]) -> Iterator[Batch]:
    """Yield what the page writes: a batch an hour, and another one where the clock changes."""
    for _key, each in itertools.groupby(readings, lambda sample: (sample.time // HOUR, sample.is_right)):
        group = [*each]
        batch = Batch(METER, group[-1].said)
        for sample in group:
            batch.add_reading("X", IndexReading(sample.said, sample.value, "HP"))
        yield batch


def judge(readings: list[Sample], error: Error, name: str) -> None:
    """No energy is lost but, at the ends, that of the error; none is there twice; all other days are true."""
    right = [sample for sample in readings if sample.is_right]
    least = right[-1].value - right[0].value
    most = readings[-1].value - readings[0].value
    pending = [*batches(readings)]
    now = readings[-1].time + MINUTE
    found = table(STORE, pending, METER, name, now=now)
    assert found is not None
    days = {row[0]: dict(zip(found["columns"], row, strict=True)) for row in found["rows"]}
    energy = sum(day["HP"] for day in days.values()) + sum(gap[2]["HP"] for gap in found["gaps"])
    assert least <= energy <= most
    with STORE.copy.reading(pending) as base:
        half_hours = energies.energies(base, 1, NOON - 1000 * A_DAY, now).drawn
    assert least - 1 <= sum(sum(each.values()) for each in half_hours.values()) <= most + 1
    if name == "days30":
        judge_days(right, error, days)


def judge_days(right: list[Sample], error: Error, days: dict[str, dict[str, Any]]) -> None:
    """Each whole day around which the clock was right has its energy."""
    day = day_of(right[0].time) + DAY
    while midnight(day + DAY) <= right[-1].time:
        begin = midnight(day)
        end = midnight(day + DAY)
        first = NOON + error.begin - LONGEST_WAIT
        last = NOON + error.begin + error.lasts + LONGEST_WAIT
        if last <= begin or first >= end:
            row = days[day.isoformat()]
            assert (day, row["HP"], row["complete"]) == (
                day,
                index_at(right, end) - index_at(right, begin),
                True,
            )
        day += DAY


def index_at(right: list[Sample], time: int) -> int:
    """Return the last index until a time."""
    return next(sample.value for sample in reversed(right) if sample.time <= time)


@st.composite
def errors(draw: st.DrawFn, length: int) -> Error:
    """
    Return an error of at most two hours, and a sixth of the history.

    The clock is right for twice as long afterwards, and before it unless the history begins with the error:
    else nobody could tell which of the readings are the wrong ones.
    """
    lasts = draw(st.integers(MINUTE, min(2 * HOUR, length // 6)))
    latest = length - 3 * lasts - STEP
    begin = draw(st.sampled_from([0, latest]) | st.integers(2 * lasts, latest))
    size = draw(
        st.sampled_from([10 * MINUTE, HOUR, A_DAY, 60 * A_DAY, 400 * A_DAY]) | st.integers(600, 10**7)
    )
    ahead = draw(st.sampled_from([-1, 1])) * size
    if draw(st.booleans()):
        # The wrong clock passes a midnight before, after or in the history.
        day = day_of(NOON) + draw(st.integers(-2, length // A_DAY + 2)) * DAY
        ahead = midnight(day) - NOON - begin - draw(st.integers(-LONGEST_WAIT, lasts + LONGEST_WAIT))
    # An index has one reading in a second: that of another time would be replaced.
    ahead = ahead + 7 if ahead % STEP == 0 else ahead
    # Behind by less than a day, it may pass the last midnight again, with as many readings around it.
    said = NOON + begin + ahead
    passes_midnight = day_of(said - LONGEST_WAIT) != day_of(said + lasts + LONGEST_WAIT)
    assume(not (passes_midnight and -A_DAY < ahead < 0))
    # A wrong reading behind all others looks like an exchanged meter until the next frame comes.
    first = begin + ahead
    last = begin + ahead + lasts
    assume(last <= length - STEP or first > length + MINUTE)
    return Error(begin, lasts, ahead)


@pytest.mark.parametrize(
    "length", part_of(LENGTHS.values(), played=(LENGTHS["six-hours"], LENGTHS["day"])), ids=LENGTHS
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data(), second=st.integers(1, STEP), seed=st.integers(0, 10**6))
def test_an_error_costs_its_own_time_alone(length: int, data: st.DataObject, second: int, seed: int) -> None:
    error = data.draw(errors(length))
    judge(samples([*range(second, length + 1, STEP)], error, seed), error, "days30")


@pytest.mark.long
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(error=errors(365 * A_DAY), seed=st.integers(0, 10**6))
def test_an_error_in_a_year_costs_its_own_time_alone(error: Error, seed: int) -> None:
    """Readings come around midnight, and around the error."""
    days = [day_of(NOON) + number * DAY for number in range(367)]
    times = {0, *range(max(0, error.begin - HOUR), error.begin + error.lasts + HOUR, STEP)}
    times |= {midnight(day) - NOON + seconds for day in days for seconds in (-120, 60)}
    judge(samples(sorted(time for time in times if 0 <= time <= 365 * A_DAY), error, seed), error, "years10")


def test_ten_minutes_sixty_days_behind_in_the_first_week_lose_no_day() -> None:
    error = Error(4 * A_DAY + 7 * HOUR, 600, -60 * A_DAY - 7)
    judge(samples([*range(0, 7 * A_DAY + 1, STEP)], error, 1), error, "days30")
