"""Durations are as people say them, ticks are at the same instant for all, and attempts are spread."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.durations import FIRST_TICKS, Ticks, delays, duration

seeds = st.integers(min_value=0, max_value=2**32)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0.0, "1 s"), (7.6, "8 s"), (59.4, "59 s"), (59.5, "1 min"), (60, "1 min"), (119, "1 min")),
        *((3599.9, "59 min"), (3600, "1 h 00 min"), (3660, "1 h 01 min"), (11_100, "3 h 05 min")),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    """Seconds below a minute, minutes below an hour, then hours and minutes; 60 s are a minute."""
    assert words == duration(seconds)


@given(st.floats(0, 1e9), st.sampled_from([0.02, 1.0, 10.0]), st.integers(0, 399))
def test_the_ticks_of_several_meters_are_spread(now: float, period: float, number: int) -> None:
    """Those of the first are at multiples of the period."""
    phase = number / 400
    pause = Ticks(phase).seconds_to_next(now, period)
    off = (now + pause - phase * period) % period

    assert 0 < pause <= period + 0.001
    assert min(off, period - off) < 1e-5


@given(seeds)
def test_each_delay_lies_between_the_first_and_a_doubling_ceiling(seed: int) -> None:
    """
    The ceilings are 1, 2, 4, 8, 16 s and then 30 s for ever; the floor is 1 s.

    The second attempt falls between 2 and 3 s after the loss.
    """
    ceilings = [1, 2, 4, 8, 16, 30, 30, 30]

    drawn = list(islice(delays(first=1.0, cap=30.0, rng=Random(seed)), len(ceilings)))

    assert all(1 <= delay <= ceiling for delay, ceiling in zip(drawn, ceilings, strict=True)), drawn
    assert 2 <= drawn[0] + drawn[1] <= 3


def test_two_installations_do_not_dial_in_step() -> None:
    """Chance spreads the later delays over the whole range."""
    drawn = [next(islice(delays(first=1.0, cap=30.0, rng=Random(seed)), 9, None)) for seed in range(200)]

    assert min(drawn) < 4
    assert max(drawn) > 27


@pytest.mark.parametrize(
    ("now", "pause"), [(10.0, 1.0), (10.25, 0.75), (10.9985, 0.0015), (10.9995, 1.0005), (11.0001, 0.9999)]
)
def test_a_tick_is_at_a_multiple_of_the_period(now: float, pause: float) -> None:
    """A timer that ended just before its instant does not tick twice."""
    assert FIRST_TICKS.seconds_to_next(now, 1.0) == pytest.approx(pause)
