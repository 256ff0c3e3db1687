"""The clock of the meter against that of the machine: what is seen of it, and what is no news."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from teleinfo.state.meter_clock import MIN_SAMPLES, SAMPLES, MeterClock
from teleinfo.vocabulary.moment import Moment
from tests.state.golden import tracker
from tests.state.test_tracker import STANDARD_FRAME, follow, historique, standard
from tests.support.judged import moment

ZONE = dt.timezone(dt.timedelta(hours=1))
START = dt.datetime(2026, 1, 14, 12, tzinfo=ZONE)


def date(offset: float, second: float, season: str = "H") -> str:
    """Return the DATE of a meter that is `offset` seconds ahead, so many seconds after the start."""
    return f"{START + dt.timedelta(seconds=second + offset):{season}%y%m%d%H%M%S}"


@pytest.mark.parametrize(
    ("gap", "seen", "expected"),
    [
        (3, [0] * 40 + [100] * 11, 100),  # most of the last minute
        (3, [0] * 40 + [100] * 9, 0),
        (50, [0] * 5 + [100] * 3, 0),  # frames may come late
        (3, [0] * 3 + [5] * 17, 0),  # no news
        (3, [0] * 3 + [6] * 17, 6),
    ],
)
def test_the_offset_is_the_median_of_the_last_samples(gap: int, seen: list[int], expected: int) -> None:
    clock = MeterClock()
    for number, offset in enumerate(seen):
        second = gap * number
        clock.add(date(offset, second - 2), Moment(float(second), START + dt.timedelta(seconds=second)))

    assert clock.offset == expected


def test_after_a_silence_the_samples_of_before_are_forgotten() -> None:
    clock = MeterClock()
    for number in range(SAMPLES):
        clock.add(date(0, 3 * number - 2), Moment(3.0 * number, START + dt.timedelta(seconds=3 * number)))
    for number in range(MIN_SAMPLES):
        second = 1000 + 3 * number
        clock.add(date(500, second - 2), Moment(float(second), START + dt.timedelta(seconds=second)))

    assert clock.offset == 500


@pytest.mark.parametrize("text", ["", "H000000000000", "14/01/26 12:02:28", " 260114120000x"])
def test_what_is_no_time_is_no_offset(text: str) -> None:
    """The meter has no clock, or another form of a time."""
    clock = MeterClock()
    for number in range(10):
        clock.add(text, Moment(10.0 * number, START))

    assert clock.offset is None


def meter_of(**values: str) -> Any:  # noqa: ANN401 - JSON
    """Return the `meter` of the state after frames whose DATE stands still."""
    followed = tracker()
    for second in range(0, 12, 2):
        at = (START + dt.timedelta(seconds=second)).isoformat("T", "seconds")
        followed.update(standard(**{"DATE": date(300, second)} | values), moment(float(second), at))
    return followed.state(moment(10.0))["meter"]


def test_the_state_has_the_offset_in_standard_only() -> None:
    """Null in the first seconds; absent for a meter of the islands, whose zone is unknown."""
    assert meter_of()["clock_offset"] == 302
    assert follow(standard())[1]["meter"]["clock_offset"] is None
    assert "clock_offset" not in meter_of(ADSC="041986123456")
    assert "clock_offset" not in follow(historique(ADCO=STANDARD_FRAME["ADSC"]))[1]["meter"]
