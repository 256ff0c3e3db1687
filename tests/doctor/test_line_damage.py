"""The damage of a line: wrong bits and missing bytes, found by what the frames around them say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.doctor.line_cause import diagnose
from teleinfo.doctor.line_damage import BITS, PARITY, STOP, Bit, find_damage, receive
from teleinfo.simulator.encode import encode_group, with_parity
from teleinfo.tic.labels import Group, Mode
from tests.doctor.damaged_line import bit_of, levels_of, sound_line

LINE = sound_line(frames=12)
AT = LINE.index(with_parity(b"ISOUSC"), 900) + 5
"""Place of a character that never changes."""


def received(at: int, *positions: int) -> bytes:
    """Return what a UART receives of the line if these bits of the character `at` are wrong."""
    levels = levels_of(LINE)
    for position in positions:
        levels[2 + at * BITS + position] ^= 1
    return receive(levels)[0]


def test_a_sound_line_has_no_damage() -> None:
    damage = find_damage(LINE)

    assert damage.groups == 12 * 11
    assert (damage.places, damage.flips, damage.holes) == (0, [], [])
    assert diagnose(LINE).cause is None
    assert receive(levels_of(LINE))[0] == LINE


@pytest.mark.parametrize("position", range(STOP))
def test_a_wrong_bit_is_found_where_it_is(position: int) -> None:
    damage = find_damage(received(AT, position))

    assert damage.places == 1
    assert damage.flips[0].bit == bit_of(levels_of(LINE), AT, position)
    assert (damage.flips[0].frame, damage.flips[0].at // BITS) == (LINE[:AT].count(b"\x03"), AT)
    assert damage.chances[damage.flips[0].bit] > 0


def test_a_wrong_stop_bit_is_found_if_the_next_start_bit_is_missed() -> None:
    """The line must rise before the next character, and the first bit of that is 0 as well."""
    assert LINE[AT + 1] & 1 == 0

    assert find_damage(received(AT, STOP)).flips[0].bit == Bit(STOP, 1, LINE[AT] >> 7, 0)


@pytest.mark.parametrize(("lost", "holes"), [(1, 1), (6, 1), (40, 2), (170 * 3 + 7, 1)])
def test_missing_bytes_are_no_wrong_bits(lost: int, holes: int) -> None:
    damage = find_damage(LINE[:AT] + LINE[AT + lost :])

    assert (damage.places, damage.flips) == (1, [])
    assert 1 <= len(damage.holes) <= holes


def test_a_value_that_changes_proves_nothing() -> None:
    at = LINE.index(with_parity(b"PAPP"), 900)
    damage = find_damage(received(at, 2))

    assert [flip.at // BITS for flip in damage.flips] == [at]


def test_without_parity_the_frames_around_are_enough_to_see_a_wrong_bit() -> None:
    line = bytearray(sound_line(frames=12, parity=False))
    line[AT] ^= 4
    damage = find_damage(bytes(line))

    assert not damage.parity
    assert [flip.bit.position for flip in damage.flips] == [3]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        LINE[:30],
        # The étiquettes behind the damage are unknown, or it has no end.
        LINE[: AT + 2] + b"\xff" + LINE[AT + 2 : AT + 40],
        LINE[:AT] + b"\x01\x80" * 500 + LINE[AT:],
        LINE[:AT] + b"\x01\x80" * 200 + LINE[AT:],
        LINE[:AT] + b"\x01" * 20 + LINE[AT:],
    ],
)
def test_what_cannot_be_explained_has_no_bits(data: bytes) -> None:
    """Too few frames, or too much damage."""
    assert len(find_damage(data).flips) <= 30


def group(label: str, value: str) -> bytes:
    """Return a group as it arrives."""
    return with_parity(encode_group(Group(label, value, None, Mode.HISTORIQUE)))


@pytest.mark.parametrize("other", [group("ISOUSC", "030"), group("ISOUSC", "30") + group("ADPS", "031")])
def test_a_place_whose_content_is_not_known_has_no_bits(other: bytes) -> None:
    start = LINE.index(b"\n", AT) - len(group("ISOUSC", "30"))
    assert LINE[start : start + len(group("ISOUSC", "30"))] == group("ISOUSC", "30")
    damaged = bytearray(LINE[:start] + other + LINE[start:].replace(group("ISOUSC", "30"), other))
    damaged[AT] ^= 1
    damage = find_damage(bytes(damaged))

    assert (damage.places, damage.flips) == (1, [])


@given(st.binary(max_size=600), st.integers(0, len(LINE)))
def test_no_bytes_raise_an_exception(noise: bytes, at: int) -> None:
    """Alone, and in the middle of a line."""
    diagnose(noise)
    found = diagnose(LINE[:at] + noise + LINE[at:]).damage

    assert all(flip.bit.position in range(PARITY + 2) for flip in found.flips)
