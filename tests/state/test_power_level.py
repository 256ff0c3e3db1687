"""The bounds of the power factor of a level, in figures that can be checked by hand."""

from __future__ import annotations

import pytest

from teleinfo.state.power_level import Bar, Level


def level(*energies: int, apparent: float = 1000) -> Level:
    """Return a level with a frame each second, and these indexes."""
    found = Level(0, apparent, energies[0])
    for now, energy in enumerate(energies[1:], start=1):
        found.add(now, apparent, energy)
    return found


@pytest.mark.parametrize(
    ("energies", "lower", "upper"),
    [
        ([10, 10, 10, 10, 10, 10], 0, 3.6 / 4.7),
        ([10, 10, 10, 11], 0, 1),
        # 1 Wh between 2 s and 7 s.
        ([10, 10, 10, 11, 11, 11, 11, 12], 3.6 / 5.3, 1),
        # Later less than 2 Wh since 3 s, and less than 1 Wh since 7 s.
        ([10, 10, 10, 11, 11, 11, 11, 12, 12, 12, 12], 3.6 / 5.3, 1),
        ([10, 10, 10, 11, 11, 11, 11, 12, 12, 12, 12, 12], 3.6 / 5.3, 7.2 / 7.7),
        # 1 Wh within 5 s, then less than 1 Wh in 7 s: S does not show what changed.
        ([9, 10, 10, 10, 10, 11, 11, 11, 11, 11, 11, 11, 11, 12, 12], 3.6 / 5.3, 3.6 / 6.7),
        # Lost frames: two steps in one second.
        ([10, 10, 12], 3.6 / 2.3, 1),
    ],
)
def test_the_slopes_between_two_frames_bound_the_power_factor(
    energies: list[int], lower: float, upper: float
) -> None:
    """
    A step of the index is between two frames, each 0.15 s earlier or later.

    The bounds contradict each other where S misses energy.
    """
    assert level(*energies).factor == pytest.approx((lower, upper))


def test_means_of_the_apparent_power() -> None:
    """Between frames S is the mean of both: 100 VA for a second, then 150 VA; the present S is 200 VA."""
    found = Level(5, 100, 0)
    found.add(6, 100, 0)
    found.add(7, 200, 0)

    assert found.area == 250
    assert found.means() == pytest.approx((200 - (6250**0.5 + 75) / 2, 200 + (6250**0.5 - 75) / 2))


def test_a_bar_is_better_if_it_is_narrower_or_contradicts_the_other_one() -> None:
    """A contradiction counts from a margin of 2 W."""
    bars = [Bar(0, 9), Bar(0, 11), Bar(12, 33), Bar(13, 33), Bar(-23, -3)]

    assert [bar.is_better(Bar(0, 10), 2) for bar in bars] == [True, False, False, True, True]
    assert Bar(0, 9).is_better(None, 2)


def test_two_frames_closer_than_their_timing_prove_nothing() -> None:
    """Each frame may be 0.15 s earlier or later: of two with 0.1 s between them, either may be the first."""
    found = Level(0, 1000, 10)
    found.add(0.1, 1000, 10)

    assert found.factor == Bar(0, 1)
