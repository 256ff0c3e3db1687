"""Anonymised recordings: nobody's identifier in what is shared, and nothing else changed."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.record.anonymise import RUN, Anonymiser
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame, encode_group, flip_bits, with_parity
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from teleinfo.tic.parity import strip_parity
from tests.support.strategies import chunkings

START = dt.datetime(2026, 1, 14, 18, 30)  # noqa: DTZ001 - a meter knows local time only
ADDRESS = "041961123456"
PRM = "98765432109876"
VALUES = {"ADSC": ADDRESS, "EAST": "000019212", "SINSTS": "01940", "PRM": PRM}
FRAME = encode_frame(Group(label, value, None, Mode.STANDARD) for label, value in VALUES.items())
SINSTS = encode_group(Group("SINSTS", "01940", None, Mode.STANDARD))


def anonymised(*chunks: bytes) -> tuple[bytes, Anonymiser]:
    """Return what becomes of a line that comes in these chunks."""
    anonymiser = Anonymiser()
    ready = b"".join(map(anonymiser.feed, chunks))
    return ready + anonymiser.close(), anonymiser


@pytest.mark.parametrize("parity", [True, False], ids=["with parity", "stripped"])
@pytest.mark.parametrize("name", METERS)
def test_identifiers_become_zeros_and_nothing_else_changes(name: str, parity: bool) -> None:  # noqa: FBT001
    """The same frames, of the same length, whose checks all hold; only the identifiers differ."""
    meter = build(name, start=START, rng=random.Random(1))
    line = with_parity(b"".join(meter.emit(START + dt.timedelta(seconds=number)) for number in range(3)))
    line = line if parity else strip_parity(line)[0]
    clean, anonymiser = anonymised(line)
    decoder = Decoder()
    readings = [reading.values for reading in decoder.feed(clean)]
    expected = [
        {key: "0" * len(value) if key in {"ADCO", "ADSC", "PRM"} else value for key, value in values.items()}
        for values in (reading.values for reading in Decoder().feed(line))
    ]

    assert readings == expected
    assert (len(clean), decoder.counts.rejected, decoder.parity) == (len(line), 0, parity)
    assert anonymiser.dropped == 0


@given(st.data())
def test_the_chunks_do_not_matter(data: st.DataObject) -> None:
    """However the bytes come, the recording is the same."""
    line = flip_bits(with_parity(FRAME * 3), 0.002, random.Random(data.draw(st.integers(0, 99))))

    assert anonymised(*data.draw(chunkings(line)))[0] == anonymised(line)[0]


@pytest.mark.parametrize("ber", [0.001, 0.01, 0.05])
@pytest.mark.parametrize("parity", [True, False], ids=["with parity", "stripped"])
def test_no_piece_of_an_identifier_gets_through_the_noise(ber: float, parity: bool) -> None:  # noqa: FBT001
    rng = random.Random(7)
    line = with_parity(FRAME) if parity else FRAME
    noisy = b"".join(flip_bits(line, ber, rng, width=8 if parity else 7) for _ in range(4000))
    clean = strip_parity(anonymised(noisy)[0])[0]
    # What is left of the groups that are neither, without noise, has none of these.
    runs = {text[at : at + RUN].encode() for text in (ADDRESS, PRM) for at in range(len(text) - RUN + 1)}

    assert {run: clean.count(run) for run in runs if run in clean} == {}


def test_a_damaged_piece_behind_a_damaged_label_is_dropped() -> None:
    """The piece may be a damaged identifier, even if it shares no four characters in a row with one."""
    bad = FRAME.replace(b"ADSC\t041961123456", b"ADSX\t041x611x345x")
    clean, _ = anonymised(FRAME + bad)

    assert b"611" not in clean


@pytest.mark.parametrize("parity", [True, False], ids=["with parity", "stripped"])
@pytest.mark.parametrize(
    ("power", "dropped"),
    [("91123", 1), ("91125", 0)],
    ids=["four characters of the address", "three characters of the address"],
)
def test_a_damaged_group_with_four_characters_of_an_identifier_is_dropped(
    power: str,
    dropped: int,
    parity: bool,  # noqa: FBT001
) -> None:
    """The étiquette is sound, the checksum is not, and the value has 1123 or only 112 of the address."""
    group = encode_group(Group("SINSTS", power, None, Mode.STANDARD))
    checksum = -2  # the place: CR is behind it
    bad = group[:checksum] + bytes([group[checksum] ^ 1]) + group[checksum + 1 :]
    line = FRAME + FRAME.replace(SINSTS, bad)
    clean, anonymiser = anonymised(with_parity(line) if parity else line)

    assert anonymiser.dropped == dropped
    assert (power.encode() in strip_parity(clean)[0]) == (dropped == 0)


@pytest.mark.parametrize("parity", [True, False], ids=["with parity", "stripped"])
@pytest.mark.parametrize("label", ["ADSC", "SINSTS"])
@pytest.mark.parametrize("place", range(4))
def test_a_character_of_an_identifier_whose_bit_7_is_flipped_is_dropped(
    place: int,
    label: str,
    parity: bool,  # noqa: FBT001
) -> None:
    """The other seven bits still show the character, in the group of the address and in a value with 1123."""
    part_of_address = b"1123"
    group = encode_group(Group("SINSTS", "91123", None, Mode.STANDARD))
    # The first frame shows the whole address; the second one has the wrong bit.
    line = FRAME + FRAME.replace(SINSTS, group)
    wire = bytearray(with_parity(line) if parity else line)
    label_at = line.rindex(label.encode())
    digit_at = line.index(part_of_address, label_at) + place
    wire[digit_at] ^= 0x80
    clean, anonymiser = anonymised(bytes(wire))
    readable = bytes(byte & 0x7F for byte in clean)

    assert anonymiser.dropped == 1
    # If the group of the address is dropped, SINSTS is sound and stays: four digits may be chance.
    is_value_left = label == "ADSC"
    assert readable.count(part_of_address) == int(is_value_left)


def test_a_sound_group_that_holds_most_of_an_identifier_is_dropped() -> None:
    """
    Bytes were lost, an identifier stands behind another étiquette, and the sum happens to fit.

    A sound index may have a few digits of an identifier: four in a row are chance.
    """
    for label, value, dropped in (("MSG1", f"PAS D{PRM[1:]}", 1), ("EAST", f"000{PRM[4:8]}00", 0)):
        group = encode_group(Group(label, value, None, Mode.STANDARD))
        _, anonymiser = anonymised(with_parity(FRAME + FRAME.replace(SINSTS, group)))

        assert anonymiser.dropped == dropped


def test_before_the_identifiers_are_known_all_damage_is_dropped() -> None:
    """A recording that begins within an identifier, or within noise, gives nothing away."""
    start = FRAME[FRAME.index(b"961123456") :]
    clean, anonymiser = anonymised(start + FRAME)

    assert b"961123456" not in clean
    assert anonymiser.dropped == 1


def test_an_endless_line_without_a_frame_is_bounded() -> None:
    """No ETX ever comes: little is held back."""
    anonymiser = Anonymiser()
    for _ in range(100):
        anonymiser.feed(b"x" * 1000)

    assert len(anonymiser._rest) < 10_000
    assert anonymiser.close() == b""


def test_damage_far_from_any_identifier_is_kept() -> None:
    """A group whose value is damaged, and groups whose LF is: the decoder reads them, too."""
    bad = FRAME.replace(SINSTS, SINSTS.replace(b"194", b"195"))
    clean, _ = anonymised(with_parity(FRAME + bad))
    frame = FRAME.replace(b"\nADSC", b"\xffADSC").replace(b"\nEAST", b"\xffEAST")

    assert with_parity(b"SINSTS\t01950") in clean
    assert b"\xffADSC\t000000000000" in anonymised(frame)[0]
    assert b"\xffEAST\t000019212" in anonymised(frame)[0]
