"""
The damage of a line: noise, and a receiver at the wrong speed.

That the encoder writes what real meters write is tested with the decoder, in test_meters.py and tests/tic.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.encode import flip_bits, lose_bytes, misread, with_parity
from teleinfo.tic.decoder import Decoder


@pytest.mark.parametrize("width", [7, 8])
def test_noise_flips_its_share_of_bits_and_no_bit_above_the_width(width: int) -> None:
    size = 200_000
    rate = 0.01
    noisy = flip_bits(bytes(size), rate, random.Random(5), width=width)
    flips = [sum(byte >> bit & 1 for byte in noisy) for bit in range(8)]

    assert all(0.9 < count / (size * rate) < 1.1 for count in flips[:width])
    assert not any(flips[width:])


def test_no_noise_changes_nothing_and_full_noise_changes_every_bit() -> None:
    """At rate 0 all arrives as it was sent, at rate 1 inverted."""
    data = bytes(range(256))

    assert flip_bits(data, 0, random.Random(1)) == data
    assert flip_bits(data, 1, random.Random(1)) == bytes(byte ^ 0xFF for byte in data)
    assert flip_bits(data, 1, random.Random(1), width=7) == bytes(byte ^ 0x7F for byte in data)


def test_a_share_of_the_bytes_is_lost_eight_at_a_time() -> None:
    data = b"".join(bytes([number]) * 8 for number in range(256))
    left = lose_bytes(data, 0.1, random.Random(1))

    assert 0.85 < len(left) / len(data) < 0.95
    assert {left.count(byte) for byte in left} == {8}
    assert lose_bytes(data, 0.0, random.Random(1)) == data


@given(st.binary(), st.sampled_from([9600, 9792]))
def test_a_difference_of_two_percent_is_received(data: bytes, received: int) -> None:
    """A UART tolerates what real clocks differ by, since each start bit sets it right."""
    assert data == misread(data, sent=9600, received=received)


@pytest.mark.parametrize(("sent", "received"), [(1200, 9600), (9600, 1200), (1200, 2400), (9600, 4800)])
def test_no_frame_is_ever_received_at_the_wrong_speed(sent: int, received: int) -> None:
    rng = random.Random(1)
    body = b"".join(b"\nPAPP %05d X\r" % rng.randrange(100_000) for _ in range(2000))
    decoder = Decoder()

    assert decoder.feed(misread(with_parity(b"\x02" + body + b"\x03"), sent=sent, received=received)) == []
    assert decoder.counts.groups == 0
