"""The encoder writes what real meters write: sums, separators, parity, noise."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.encode import EOT, encode_frame, encode_group, flip_bits, misread, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode

UNUSED = " ".join(["NONUTILE"] * 8)
SUMS = [
    ("ADCO 021900123456 ", "8"),
    ("OPTARIF BBR( ", "S"),
    ("ISOUSC 60 ", "<"),
    ("BASE 010151175 ", " "),
    ("PTEC HN.. ", "^"),
    ("PTEC HPJR ", " "),
    ("DEMAIN ---- ", '"'),
    ("PAPP 00540 ", "*"),
    ("HHPHC A ", ","),
    ("MOTDETAT 000000 ", "B"),
    ("EAP_s2 9649kWh ", " "),
    ("TGPHI_s -0,39 ", "C"),
    ("MESURES1 BT 4 SUP36 ", "@"),
    ("VTIC\t02\t", "J"),
    ("DATE\tH230301091834\t\t", "C"),
    ("NGTF\t   PRODUCTEUR   \t", "."),
    ("EAST\t011887649\t", ";"),
    ("PCOUP\t12\t", "\\"),
    ("SMAXSN-1\tH200213085118\t09562\t", " "),
    ("SMAXSN3\tE210718001320\t03250\t", " "),
    ("STGE\t463A0800\t", "K"),
    ("DPM2\t 240108060000\t00\t", "#"),
    ("MSG1\tPAS DE          MESSAGE         \t", "<"),
    (f"PPOINTE\t00004005 06004006 22004005 {UNUSED}\t", "'"),
]
"""Groups of documents and of real meters: all up to the sum, and the sum."""


@pytest.mark.parametrize(("text", "control"), SUMS)
def test_a_group_ends_with_the_sum_of_the_reference(text: str, control: str) -> None:
    """In historique it covers étiquette, space and valeur; in standard also the tab before itself."""
    mode, separator = (Mode.STANDARD, "\t") if "\t" in text else (Mode.HISTORIQUE, " ")
    label, *horodates, value = text[:-1].split(separator, 1 if mode is Mode.HISTORIQUE else -1)
    group = Group(label, value, horodates[0] if horodates else None, mode)

    assert encode_group(group) == f"\n{text}{control}\r".encode()


def test_a_frame_stands_between_stx_and_etx_or_eot() -> None:
    """A frame is STX, its groups, ETX; one that was cut short has EOT in place of ETX."""
    groups = [Group("ISOUSC", "30", None, Mode.HISTORIQUE), Group("PTEC", "HP..", None, Mode.HISTORIQUE)]
    body = b"\nISOUSC 30 9\r\nPTEC HP..  \r"

    assert encode_frame(groups) == b"\x02" + body + b"\x03"
    assert encode_frame(groups, end=EOT) == b"\x02" + body + b"\x04"


@given(st.binary())
def test_parity_makes_the_ones_of_every_byte_even(data: bytes) -> None:
    """Bit 7 is the even parity of the seven others, which stay as they are."""
    sent = with_parity(bytes(byte & 0x7F for byte in data))

    assert all(byte.bit_count() % 2 == 0 for byte in sent)
    assert [byte & 0x7F for byte in sent] == [byte & 0x7F for byte in data]


@pytest.mark.parametrize("width", [7, 8])
def test_noise_flips_its_share_of_bits_and_no_bit_above_the_width(width: int) -> None:
    """Of n bits about n times the rate flip, everywhere alike; the parity bit only where there is one."""
    size, rate = 200_000, 0.01
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


@given(st.binary(), st.floats(0, 1), st.integers())
def test_noise_keeps_the_length_and_is_the_same_for_the_same_seed(
    data: bytes, rate: float, seed: int
) -> None:
    """No byte is lost or made, and chance is only what the generator gives."""
    noisy = flip_bits(data, rate, random.Random(seed))

    assert len(noisy) == len(data)
    assert noisy == flip_bits(data, rate, random.Random(seed))


@given(st.binary())
def test_at_the_right_speed_all_bytes_are_received(data: bytes) -> None:
    """The model of the receiver is sound: with equal speeds it changes nothing."""
    assert data == misread(data, sent=9600, received=9600)


@given(st.binary(min_size=1))
def test_a_difference_of_two_percent_is_received(data: bytes) -> None:
    """A UART tolerates what real clocks differ by, since each start bit sets it right."""
    assert data == misread(data, sent=1200, received=1224)


def test_a_fast_port_receives_several_bytes_in_place_of_one() -> None:
    """At eight times the speed each run of zeros is a start bit and noise: NUL has nine zeros, 7.5 ms."""
    received = misread(b"\0", sent=1200, received=9600)

    # 72 zero samples: a start bit and eight zeros, then no stop bit until the line is high.
    assert received == b"\0"
    assert misread(b"U", sent=1200, received=9600) == b"\x80" * 5


def test_a_slow_port_receives_fewer_bytes() -> None:
    """At an eighth of the speed ten characters pass in the time of one and a quarter."""
    data = with_parity(b"\nSINSTS\t00360\tO\r" * 100)

    assert len(data) / 12 < len(misread(data, sent=9600, received=1200)) < len(data) / 6


@pytest.mark.parametrize(("sent", "received"), [(1200, 9600), (9600, 1200), (1200, 2400), (9600, 4800)])
def test_no_frame_is_ever_received_at_the_wrong_speed(sent: int, received: int) -> None:
    """What comes out of it is no reading."""
    rng = random.Random(1)
    body = b"".join(b"\nPAPP %05d X\r" % rng.randrange(100_000) for _ in range(2000))
    decoder = Decoder()

    assert decoder.feed(misread(with_parity(b"\x02" + body + b"\x03"), sent=sent, received=received)) == []
    assert decoder.counts.groups == 0
