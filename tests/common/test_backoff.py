"""The delays between two attempts."""

from __future__ import annotations

from itertools import islice
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from teleinfo.common.backoff import delays

seeds = st.integers(min_value=0, max_value=2**32)


@given(seeds)
def test_each_delay_lies_between_the_first_and_a_doubling_ceiling(seed: int) -> None:
    """The ceilings are 1, 2, 4, 8, 16 s and then 30 s for ever; the floor is 1 s."""
    ceilings = [1, 2, 4, 8, 16, 30, 30, 30]

    drawn = list(islice(delays(first=1.0, cap=30.0, rng=Random(seed)), len(ceilings)))

    assert all(1 <= delay <= ceiling for delay, ceiling in zip(drawn, ceilings, strict=True)), drawn


@given(seeds)
def test_what_is_away_for_less_than_2_s_is_tried_again_within_3_s(seed: int) -> None:
    """The second attempt always falls between 2 and 3 s after the loss."""
    first, second = islice(delays(first=1.0, cap=30.0, rng=Random(seed)), 2)

    assert 2 <= first + second <= 3


def test_two_installations_do_not_dial_in_step() -> None:
    """Chance spreads the later delays over the whole range."""
    drawn = [next(islice(delays(first=1.0, cap=30.0, rng=Random(seed)), 9, None)) for seed in range(200)]

    assert min(drawn) < 4
    assert max(drawn) > 27
