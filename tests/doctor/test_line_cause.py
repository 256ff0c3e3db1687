"""The cause of damaged groups, told by which bits are wrong."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.line_damage import ENOUGH, PARITY, Bit, Damage, diagnose, likelihoods
from teleinfo.simulator.encode import with_parity
from teleinfo.vocabulary.line import LineCause
from tests.doctor.damaged_line import hurt, sound_line

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = sound_line(frames=120)


@pytest.mark.parametrize(
    ("cause", "wrong"),
    [
        (LineCause.NOISE, lambda _: True),
        (LineCause.WEAK, lambda bit: bit.level == 0),
        (LineCause.WEAK, lambda bit: bit.level == 1),
        (LineCause.WEAK, lambda bit: bit.level < bit.after),
        (LineCause.SLOW_RISE, lambda bit: bit.level > bit.before),
        (LineCause.CLOCK, lambda bit: bit.position == PARITY and bit.level != bit.before),
        (LineCause.CLOCK, lambda bit: bit.position == PARITY and bit.level != bit.after),
    ],
)
def test_the_wrong_bits_tell_the_cause(cause: LineCause, wrong: Callable[[Bit], bool]) -> None:
    """One damaged character in 80 is enough, in three minutes."""
    assert diagnose(hurt(LINE, wrong, every=80)).cause is cause


@pytest.mark.parametrize("parity", [True, False])
def test_bytes_that_are_missing_were_lost(parity: bool) -> None:  # noqa: FBT001 - a column of the table
    """A buffer that overflowed, or another program; only without parity are missing bytes no hole."""
    line = sound_line(frames=120, parity=parity)
    starts = random.Random(1).sample(range(len(line)), 20)
    missing = {at for start in starts for at in range(start, start + 64)}
    damage = diagnose(bytes(byte for at, byte in enumerate(line) if at not in missing))

    assert damage.cause is (LineCause.LOST_BYTES if parity else None)


def test_too_little_damage_is_not_clear() -> None:
    """Three places."""
    damaged = bytearray(LINE)
    for start in (4_000, 9_000, 14_000):
        damaged[LINE.index(with_parity(b"ADCO"), start)] ^= 1
    damage = diagnose(bytes(damaged))

    assert damage.places == 3 < ENOUGH
    assert damage.cause is None


def test_what_two_causes_explain_is_not_clear() -> None:
    """Four zeros and a one are wrong: noise, or a weak signal and an accident."""
    damaged = bytearray(LINE)
    for start, bit in ((3_000, 2), (6_000, 2), (9_000, 2), (12_000, 2), (15_000, 6)):
        damaged[LINE.index(with_parity(b"ADCO"), start)] ^= 1 << bit
    damage = diagnose(bytes(damaged))

    assert len(damage.flips) == ENOUGH
    assert damage.cause is None


def test_without_parity_wrong_bits_have_no_cause() -> None:
    """The checksums show too little of them."""
    line = sound_line(frames=120, parity=False)
    damage = diagnose(hurt(line, lambda bit: bit.level > bit.before and bit.position < PARITY))

    assert damage.flips
    assert damage.cause is None


def test_a_cause_that_hurts_none_of_the_bits_leaves_them_to_other_causes() -> None:
    """No bit rises: by a slow rise, a wrong one is one of the 5 % of others, spread over the ten bits."""
    flat = Bit(position=1, level=1, before=1, after=1)
    damage = Damage(parity=True, flips=[flat], chances=Counter({flat: 10}))

    assert likelihoods(damage)[LineCause.SLOW_RISE] == pytest.approx(math.log(0.05 / 10))
