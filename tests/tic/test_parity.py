"""7E1 is undone: parity checked and taken off where it is there, left alone where it was stripped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.encode import with_parity
from teleinfo.tic.parity import DAMAGED, FOREIGN, strip_parity

LINE = b"\x02\nADCO 012345678901 C\r\nPAPP 00750 -\r\x03"


def test_a_line_with_parity_comes_out_as_its_seven_bit_characters() -> None:
    """With parity in bit 7, the characters come out without it."""
    assert strip_parity(with_parity(LINE)) == (LINE, True)


def test_a_line_whose_parity_was_stripped_comes_out_as_it_is() -> None:
    """Without parity, bit 7 is never set, and nothing is checked."""
    assert strip_parity(LINE) == (LINE, False)


@given(st.integers(0, len(LINE) - 1), st.integers(0, 7))
def test_one_wrong_bit_marks_its_byte_and_no_other(position: int, bit: int) -> None:
    """A byte with a parity error becomes DAMAGED."""
    raw = bytearray(with_parity(LINE))
    raw[position] ^= 1 << bit
    expected = bytearray(LINE)
    expected[position] = DAMAGED

    assert strip_parity(bytes(raw)) == (bytes(expected), True)


def test_a_byte_with_bit_7_on_a_stripped_line_is_not_ascii_and_not_called_damaged() -> None:
    """Without parity nobody can say that a byte is damaged, only that no meter sends it."""
    raw = LINE.replace(b"7", b"\xb7")

    assert strip_parity(raw) == (LINE.replace(b"7", bytes([FOREIGN])), False)


@pytest.mark.parametrize("junk", [b"\x00" * 100, b"\xff" * 100, b"\x80" * 100])
def test_junk_that_is_no_character_of_tic_proves_nothing(junk: bytes) -> None:
    """NULs, all ones and the like do not decide whether a line has parity."""
    assert not strip_parity(junk + LINE)[1]
    assert strip_parity(junk + with_parity(LINE))[1]


def test_a_byte_that_tells_nothing_of_the_parity_is_no_parity() -> None:
    assert not strip_parity(b"\x80")[1]
    assert strip_parity(b"\x82")[1]


def test_a_tie_is_decided_for_the_stricter() -> None:
    assert strip_parity(b"\x02\x82")[1]


@given(st.binary())
def test_any_bytes_give_as_many_characters(raw: bytes) -> None:
    """Arbitrary bytes never raise, and none is lost or added."""
    characters, parity = strip_parity(raw)

    assert len(characters) == len(raw)
    assert not parity or all(byte < 0x80 or byte == DAMAGED for byte in characters)
