"""Off-peak hours of two half-years are never predicted wrong, and are known at once in the next year."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from teleinfo.state.hours_learner import Learner
from teleinfo.state.learned_hours import LearnedHours
from teleinfo.tic.horodate import PARIS
from teleinfo.vocabulary import typed_json
from teleinfo.vocabulary.moment import Moment
from tests.support.parts import part_of

if TYPE_CHECKING:
    from collections.abc import Callable

DAY: Final = dt.timedelta(days=1)
Spans = tuple[tuple[int, int], ...]
"""Off-peak hours: the minutes of the day at which each begins and ends."""

NIGHT: Final[Spans] = ((94, 454), (754, 874))
MIDDAY: Final[Spans] = ((124, 424), (664, 844))


@cache
def periods_of(spans: Spans, hour: int) -> list[str]:
    """Return the period in each minute of an hour of a day with these off-peak hours."""
    periods = []
    for minute in range(60 * hour, 60 * hour + 60):
        is_off_peak = any(begin <= minute < end for begin, end in spans)
        periods.append("HC" if is_off_peak else "HP")
    return periods


@dataclass
class Year:
    """Hours in which a learner was wrong, and days on which it knew nothing at some hour."""

    wrong: list[dt.datetime] = field(default_factory=list)
    unknown: set[dt.date] = field(default_factory=set)


class Meter:
    """
    A meter that keeps the time of France, and takes other hours at the midnight at which they begin.

    `periods` has its period in each minute from the first day on, `changes` the minute of the next change.
    """

    def __init__(self, first: dt.date, days: int, spans_of: Callable[[dt.date], Spans]) -> None:
        self.start = int(dt.datetime.combine(first, dt.time(), PARIS).timestamp())
        end = int(dt.datetime.combine(first + (days + 2) * DAY, dt.time(), PARIS).timestamp())
        self.periods: list[str] = []
        for hour in range(self.start, end, 3600):
            at = dt.datetime.fromtimestamp(hour, PARIS)
            self.periods += periods_of(spans_of(at.date()), at.hour)
        self.changes = [len(self.periods)] * len(self.periods)
        for minute in range(len(self.periods) - 2, -1, -1):
            is_same = self.periods[minute] == self.periods[minute + 1]
            self.changes[minute] = self.changes[minute + 1] if is_same else minute + 1
        self.minutes = range(1, len(self.periods) - 2 * 1440 - 60)

    def at(self, seconds: int) -> dt.datetime:
        """Return the time so many seconds after the start."""
        return dt.datetime.fromtimestamp(self.start + seconds, PARIS)


RESTART_INTERVAL = 20 * 1440  # minutes
RESTART_MINUTE = 777


def live(meter: Meter, *, restarts: bool = False) -> tuple[Year, Learner]:
    """Let a learner follow a meter: each hour a frame, and frames around each change."""
    year = Year()
    learner = Learner(LearnedHours())
    for minute in meter.minutes:
        change = 60 * minute  # s, if the period changes
        if meter.periods[minute] != meter.periods[minute - 1]:
            # Two frames with each period: a period counts from its second frame in a row on.
            for seconds in (change - 21, change - 20, change, change + 1):
                learner.note(meter.periods[seconds // 60], Moment(seconds, meter.at(seconds)))
        if minute % 60 == 30:
            now = Moment(60 * minute + 30, meter.at(60 * minute + 30))
            for _frame in range(2):
                learner.note(meter.periods[minute], now)
            _judge(year, learner, meter, minute)
        if restarts and minute % RESTART_INTERVAL == RESTART_MINUTE:
            known = typed_json.from_json(LearnedHours, typed_json.to_json(learner.hours))
            assert (known.winter, known.summer) == (learner.hours.winter, learner.hours.summer)
            learner = Learner(known)
    return year, learner


def _judge(year: Year, learner: Learner, meter: Meter, minute: int) -> None:
    """Compare the next change that the learner names with the true one."""
    at = meter.at(60 * minute + 30)
    said = learner.next(at, meter.periods[minute])
    change = meter.changes[minute]
    if said is None:
        year.unknown.add(at.date())
    elif said != (meter.at(60 * change), meter.periods[change]):
        year.wrong.append(at)


def seasonal(winter: Spans, summer: Spans) -> Callable[[dt.date], Spans]:
    """Return the hours of a day with others from April to October."""
    return lambda day: summer if 4 <= day.month <= 10 else winter


CHANGES_OF_CLOCKS: Final = (
    dt.date(2026, 3, 29),
    dt.date(2026, 10, 25),
    dt.date(2027, 3, 28),
    dt.date(2027, 10, 31),
    dt.date(2028, 3, 26),
)
AROUND_CLOCKS: Final = {day + number * DAY for day in CHANGES_OF_CLOCKS for number in (-1, 0, 1)}
"""
The days on which the hours are unknown for a time because of the clocks.

What comes after a change of the clocks is known once the tariff has changed: the meter may keep winter time.
"""


def test_the_first_year_is_learned_and_the_second_one_known() -> None:
    """Learning takes a week each time at first; then only the evening before the change is not certain."""
    year, learner = live(Meter(dt.date(2026, 1, 5), 700, seasonal(NIGHT, MIDDAY)), restarts=True)
    assert year.wrong == []
    first = {day for day in year.unknown if day < dt.date(2027, 1, 1)}
    assert first > {dt.date(2026, 1, 6), dt.date(2026, 4, 3)}
    assert max(first - AROUND_CLOCKS) <= dt.date(2026, 11, 8)
    assert {day for day in year.unknown if day >= dt.date(2027, 1, 1)} <= AROUND_CLOCKS
    assert learner.hours.winter == {"01:34": "HC", "07:34": "HP", "12:34": "HC", "14:34": "HP"}
    assert learner.hours.summer == {"02:04": "HC", "07:04": "HP", "11:04": "HC", "14:04": "HP"}


def test_the_same_hours_all_year_are_unknown_for_a_day() -> None:
    """That is the first of April of the first year: the hours may be others."""
    year, learner = live(Meter(dt.date(2026, 3, 2), 260, seasonal(NIGHT, NIGHT)))
    assert year.wrong == []
    unknown = {day for day in year.unknown if day >= dt.date(2026, 3, 12)} - AROUND_CLOCKS
    assert unknown <= {
        dt.date(2026, 3, 31),
        dt.date(2026, 4, 1),
        dt.date(2026, 10, 26),
        dt.date(2026, 10, 31),
    }
    assert learner.hours.winter == learner.hours.summer


SPANS: Final = st.lists(
    st.integers(1, 47).map(lambda half: 30 * half + 4), min_size=4, max_size=4, unique=True
).map(lambda minutes: (tuple(sorted(minutes)[:2]), tuple(sorted(minutes)[2:])))


@pytest.mark.long
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate])  # shrinking takes minutes
@given(SPANS, SPANS, st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
def test_whatever_the_hours_they_are_never_predicted_wrong(
    winter: Spans, summer: Spans, first: dt.date
) -> None:
    """From the second year on they are known in every hour but those around a change of hours or clocks."""
    year, _learner = live(Meter(first, 560, seasonal(winter, summer)))
    assert year.wrong == []
    late = {day for day in year.unknown if day >= first + 400 * DAY} - AROUND_CLOCKS
    boundaries = {dt.date(2027, month, 1) for month in (4, 11)} | {dt.date(2028, 4, 1)}
    assert late <= {day - DAY for day in boundaries}


@pytest.mark.parametrize(
    "moved", part_of((dt.date(2027, 2, 10), dt.date(2027, 7, 1)), played=(dt.date(2027, 2, 10),))
)
def test_hours_that_are_moved_are_noticed_within_hours_and_learned_in_a_week(moved: dt.date) -> None:
    """Those of the other half-year stay."""
    other: Spans = ((184, 484), (784, 964))

    def spans_of(day: dt.date) -> Spans:
        if day >= moved and (4 <= day.month <= 10) == (4 <= moved.month <= 10):
            return other
        return seasonal(NIGHT, MIDDAY)(day)

    year, _learner = live(Meter(dt.date(2026, 1, 5), 700, spans_of))
    assert all(moved - DAY <= at.date() <= moved for at in year.wrong)
    assert len(year.wrong) <= 24
    unknown = {day for day in year.unknown if day > dt.date(2026, 11, 10)} - AROUND_CLOCKS
    assert unknown <= {moved + number * DAY for number in range(8)}
