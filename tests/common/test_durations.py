"""Lengths of time are said as people say them, and ticks are at the same instant for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.durations import duration, until_tick


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0.0, "1 s"), (7.6, "8 s"), (59.9, "60 s"), (60, "1 min"), (3599, "59 min")),
        *((3600, "1 h 00 min"), (3660, "1 h 01 min"), (11_100, "3 h 05 min")),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    """Seconds below a minute, minutes below an hour, then hours and minutes."""
    assert words == duration(seconds)


@pytest.mark.parametrize(
    ("now", "pause"), [(10.0, 1.0), (10.25, 0.75), (10.9985, 0.0015), (10.9995, 1.0005), (11.0001, 0.9999)]
)
def test_a_tick_is_at_a_multiple_of_the_period(now: float, pause: float) -> None:
    """A timer that ended just before its instant does not tick twice."""
    assert until_tick(now, 1.0) == pytest.approx(pause)


@given(st.floats(0, 1e9), st.sampled_from([0.02, 1.0]))
def test_ticks_of_all_meet(now: float, period: float) -> None:
    """Whenever it is asked: a pause that is never 0, and little longer than the period."""
    pause = until_tick(now, period)
    off = (now + pause) % period

    assert 0 < pause <= period + 0.001
    assert min(off, period - off) < 1e-5
