"""What a port hears at the wrong speed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.encode import with_parity
from teleinfo.simulator.wrong_speed import misread
from teleinfo.tic.decoder import Decoder


@given(st.binary())
def test_at_the_right_speed_all_bytes_are_heard(data: bytes) -> None:
    """The model of the receiver is sound: with equal speeds it changes nothing."""
    assert data == misread(data, sent=9600, heard=9600)


@given(st.binary(min_size=1))
def test_a_difference_of_two_percent_is_heard(data: bytes) -> None:
    """A UART tolerates what real clocks differ by, since each start bit sets it right."""
    assert data == misread(data, sent=1200, heard=1224)


def test_a_fast_port_hears_several_bytes_in_place_of_one() -> None:
    """At eight times the speed each run of zeros is a start bit and noise: NUL has nine zeros, 7.5 ms."""
    heard = misread(b"\0", sent=1200, heard=9600)

    # 72 zero samples: a start bit and eight zeros, then no stop bit until the line is high.
    assert heard == b"\0"
    assert misread(b"U", sent=1200, heard=9600) == b"\x80" * 5


def test_a_slow_port_hears_fewer_bytes() -> None:
    """At an eighth of the speed ten characters pass in the time of one and a quarter."""
    data = with_parity(b"\nSINSTS\t00360\tO\r" * 100)

    assert len(data) / 12 < len(misread(data, sent=9600, heard=1200)) < len(data) / 6


@pytest.mark.parametrize(("sent", "heard"), [(1200, 9600), (9600, 1200), (1200, 2400), (9600, 4800)])
def test_no_frame_is_ever_heard_at_the_wrong_speed(sent: int, heard: int) -> None:
    """What comes out of it is no reading."""
    rng = random.Random(1)
    body = b"".join(b"\nPAPP %05d X\r" % rng.randrange(100_000) for _ in range(2000))
    decoder = Decoder()

    assert decoder.feed(misread(with_parity(b"\x02" + body + b"\x03"), sent=sent, heard=heard)) == []
    assert decoder.counts.groups == 0
