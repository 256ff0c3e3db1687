"""The cause of damaged groups, told by which bits are wrong."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from teleinfo.doctor.line_cause import ENOUGH, diagnose
from teleinfo.doctor.line_damage import BITS, PARITY, STOP, receive
from teleinfo.simulator.encode import with_parity
from teleinfo.vocabulary.line import LineCause
from tests.doctor.damaged_line import hurt, levels_of, sound_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from teleinfo.doctor.line_damage import Flip

LINE = sound_line(frames=300)
PERIOD = 1200 / 50  # bits


@pytest.mark.parametrize(
    ("cause", "wrong"),
    [
        (LineCause.NOISE, lambda _: True),
        (LineCause.WEAK, lambda one: one.bit.level == 0),
        (LineCause.WEAK, lambda one: one.bit.level == 1),
        (LineCause.SLOW_RISE, lambda one: one.bit.level > one.bit.before),
        (LineCause.SLOW_FALL, lambda one: one.bit.level < one.bit.before),
        (LineCause.SLOW_FALL, lambda one: one.bit.level < one.bit.after),
        (LineCause.CLOCK, lambda one: one.bit.position == PARITY and one.bit.level != one.bit.before),
        (LineCause.CLOCK, lambda one: one.bit.position == PARITY and one.bit.level != one.bit.after),
        (LineCause.HUM, lambda one: (one.at / PERIOD + 0.5 * one.bit.level) % 1 < 0.15),
        (LineCause.HUM, lambda one: (one.at / PERIOD) % 1 < 0.15),
        (LineCause.HUM, lambda one: (2 * one.at / PERIOD) % 1 < 0.2 and one.bit.level == 0),
    ],
)
def test_the_wrong_bits_tell_the_cause(cause: LineCause, wrong: Callable[[Flip], bool]) -> None:
    """One damaged character in 300 is enough."""
    assert diagnose(hurt(LINE, wrong)).cause is cause


def test_a_receiver_that_is_too_slow_misses_start_bits() -> None:
    """It samples a stop bit when the next start bit has begun, and waits until the line rises."""
    rng, levels = random.Random(1), levels_of(LINE)
    for number in rng.sample(range(len(LINE)), 60):
        levels[2 + number * BITS + STOP] = 0

    assert diagnose(receive(levels)[0]).cause is LineCause.CLOCK


def cut(pieces: list[range]) -> bytes:
    """Return the line without these pieces."""
    missing = {at for piece in pieces for at in piece}
    return bytes(byte for at, byte in enumerate(LINE) if at not in missing)


def test_bytes_that_are_missing_here_and_there_were_lost() -> None:
    """A buffer that overflowed."""
    rng = random.Random(1)
    pieces = [range(at, at + 64) for at in rng.sample(range(len(LINE)), 30)]

    assert diagnose(cut(pieces)).cause is LineCause.LOST_BYTES


def test_pieces_that_are_missing_in_rows_went_to_another_program() -> None:
    """While it runs, it takes about half of the pieces of eight bytes."""
    rng = random.Random(1)
    pieces = [
        range(at, at + 8)
        for begin in (9_000, 30_000)
        for at in range(begin, begin + 2_000, 8)
        if rng.random() < 0.5
    ]

    assert diagnose(cut(pieces)).cause is LineCause.SHARED_PORT


def test_too_little_damage_is_not_clear() -> None:
    """Three places."""
    damaged = bytearray(LINE)
    for start in (9_000, 19_000, 29_000):
        damaged[LINE.index(with_parity(b"ADCO"), start)] ^= 1
    diagnosis = diagnose(bytes(damaged))

    assert diagnosis.damage.places == 3 < ENOUGH
    assert diagnosis.cause is None


def test_what_two_causes_explain_is_not_clear() -> None:
    """Four zeros and a one are wrong: noise, or a weak signal and an accident."""
    damaged = bytearray(LINE)
    for start, bit in ((5_000, 2), (10_000, 2), (15_000, 2), (20_000, 2), (25_000, 6)):
        damaged[LINE.index(with_parity(b"ADCO"), start)] ^= 1 << bit
    diagnosis = diagnose(bytes(damaged))

    assert diagnosis.damage.places == ENOUGH
    assert diagnosis.cause is None


def test_without_parity_only_missing_bytes_are_clear() -> None:
    """The checksums show too little of the wrong bits."""
    line = sound_line(frames=300, parity=False)
    damaged = hurt(line, lambda one: one.bit.level > one.bit.before and one.bit.position < PARITY)

    assert diagnose(damaged).damage.flips
    assert diagnose(damaged).cause is None
    assert (
        diagnose(cut([range(at, at + 20) for at in range(700, 40_000, 1_501)])).cause is LineCause.LOST_BYTES
    )
