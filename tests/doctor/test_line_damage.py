"""The damage of a line: wrong bits and missing bytes, found by what the frames around them say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.doctor.line_damage import PARITY, STOP, diagnose, find_damage
from teleinfo.simulator.encode import with_parity
from tests.doctor.damaged_line import sound_line

LINE = sound_line(frames=12)
AT = LINE.index(with_parity(b"ISOUSC"), 900) + 5
"""Place of a character that never changes."""


def test_a_sound_line_has_no_damage() -> None:
    damage = find_damage(LINE)

    assert damage.groups == 12 * 11
    assert (damage.places, damage.flips, damage.holes) == (0, [], 0)
    assert diagnose(LINE).cause is None


@pytest.mark.parametrize("parity", [True, False])
@pytest.mark.parametrize("position", range(1, PARITY))
def test_a_wrong_bit_is_found_where_it_is(position: int, parity: bool) -> None:  # noqa: FBT001 - a column
    """Its level and those beside it are as they were sent; the frames around are enough without parity."""
    line = bytearray(sound_line(frames=12, parity=parity))
    start_bit, stop_bit = 0, 1
    bits = [(line[AT] >> bit) & 1 for bit in range(8)]
    sent = [start_bit, *bits, stop_bit]
    line[AT] ^= 1 << (position - 1)
    damage = find_damage(bytes(line))
    [bit] = damage.flips

    assert (damage.places, damage.parity) == (1, parity)
    assert bit.position == position
    assert (bit.before, bit.level, bit.after) == tuple(sent[position - 1 : position + 2])
    assert damage.chances[bit] > 0


@pytest.mark.parametrize("lost", [1, 6, 40, 170 * 3 + 7])
def test_missing_bytes_are_no_wrong_bits(lost: int) -> None:
    damage = find_damage(LINE[:AT] + LINE[AT + lost :])

    assert (damage.places, damage.holes, damage.flips) == (1, 1, [])


def test_a_value_that_changes_proves_nothing() -> None:
    """The wrong bit of the étiquette is found, that of the value is not: the frames around differ."""
    damaged = bytearray(LINE)
    begins = [match.start() for match in re.finditer(re.escape(with_parity(b"PAPP")), LINE)]
    digit = 9  # the place of the last digit whose value changes in the frames around
    while len({LINE[begin + digit] for begin in begins[3:9]}) == 1:
        digit -= 1
    begin = begins[5]
    damaged[begin] ^= 2
    damaged[begin + digit] ^= 2

    assert len(find_damage(bytes(damaged)).flips) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        LINE[:30],
        # The étiquettes behind the damage are unknown, or more is wrong than single bits.
        LINE[: AT + 2] + b"\xff" + LINE[AT + 2 : AT + 40],
        LINE[:AT] + b"\x01\x80" * 200 + LINE[AT:],
        LINE[:AT] + bytes(byte ^ 6 for byte in LINE[AT : AT + 2]) + b"\x01" + LINE[AT + 3 :],
    ],
)
def test_what_cannot_be_explained_has_no_bits(data: bytes) -> None:
    """Too few frames, or too much damage."""
    assert find_damage(data).flips == []


@given(st.binary(max_size=600), st.integers(0, len(LINE)))
def test_no_bytes_raise_an_exception(noise: bytes, at: int) -> None:
    """The bytes come alone, and in the middle of a line."""
    diagnose(noise)
    found = diagnose(LINE[:at] + noise + LINE[at:])

    assert all(0 < bit.position < STOP for bit in found.flips)
