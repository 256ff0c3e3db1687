"""Frames are cut at STX and ETX, whatever the chunking, and what is not a frame is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.encode import with_parity
from teleinfo.tic import framing as module
from teleinfo.tic import parity as characters
from teleinfo.tic.framing import LIMIT, Frame, Framer
from tests.support.strategies import chunkings, streams

BODY = b"\nPAPP 00750 -\r"
FRAME = b"\x02" + BODY + b"\x03"


def bodies(framer: Framer, *chunks: bytes) -> list[bytes]:
    """Feed the chunks and return the bodies of all frames."""
    return [frame.body for chunk in chunks for frame in framer.feed(chunk)]


@pytest.mark.parametrize("parity", [False, True])
def test_a_frame_cut_anywhere_comes_out_whole_at_its_etx(*, parity: bool) -> None:
    """A frame fed byte by byte comes out with its last byte and not before."""
    framer = Framer()
    line = with_parity(FRAME) if parity else FRAME

    *before, last = [framer.feed(line[i : i + 1]) for i in range(len(line))]

    assert before == [[]] * (len(line) - 1)
    assert last == [Frame(BODY, parity)]
    assert framer.interrupted == 0


def test_what_comes_before_the_first_stx_is_not_a_frame() -> None:
    """A stream entered in mid-frame gives nothing until a frame begins, and no fault is counted."""
    framer = Framer()

    assert bodies(framer, b"0 -\r\x03", FRAME) == [BODY]
    assert framer.interrupted == 0


def test_eot_abandons_the_frame_and_the_next_stx_begins_another() -> None:
    """A frame that the meter interrupts is not a frame, and is counted once."""
    framer = Framer()

    assert bodies(framer, b"\x02\nADCO 1 2\r\x04", FRAME) == [BODY]
    assert framer.interrupted == 1


def test_a_frame_with_eot_inside_is_abandoned_though_an_etx_follows() -> None:
    """What follows EOT belongs to no frame until the next STX."""
    framer = Framer()

    assert bodies(framer, b"\x02\nADCO 1 2\r\x04" + BODY + b"\x03") == []
    assert framer.interrupted == 1


def test_a_new_stx_cuts_the_frame_in_progress() -> None:
    """A frame whose ETX never came is counted, and the next one is whole."""
    framer = Framer()

    assert bodies(framer, b"\x02\nADCO 1 2\r" + FRAME) == [BODY]
    assert framer.interrupted == 1


def test_a_frame_that_lost_its_stx_is_counted() -> None:
    """Between two ETX there is a frame; without STX it cannot be believed."""
    framer = Framer()

    assert bodies(framer, FRAME + BODY + b"\x03" + FRAME) == [BODY, BODY]
    assert framer.interrupted == 1


@pytest.mark.parametrize("label", [b"ADCO ", b"ADSC\t", b"ADIR2 "])
@pytest.mark.parametrize("lf", [b"\n", b"\x0f"])
def test_a_frame_begins_behind_an_etx_whatever_became_of_its_stx(lf: bytes, label: bytes) -> None:
    """The first label tells that it begins there: with one byte before, of any parity, or with none."""
    for stx in (b"", *(byte.to_bytes() for byte in range(256))):
        framer = Framer()
        sound = with_parity(FRAME)
        damaged = stx + lf + with_parity(label + b"1 2\r\x03")

        assert bodies(framer, sound, damaged, sound) == [BODY, lf + label + b"1 2\r", BODY]
        assert framer.interrupted == 0


@pytest.mark.parametrize("start", [b"CC\nADCO ", b"C\rADCO ", b"C\nADC ", b"C\nADIR4 ", b"C\nPAPP "])
def test_a_frame_without_stx_begins_with_the_first_label_only(start: bytes) -> None:
    """Anything else may be the middle of a frame."""
    framer = Framer()

    assert bodies(framer, FRAME, start + b"1 2\r\x03") == [BODY]
    assert framer.interrupted == 1


def test_two_etx_in_a_row_are_not_a_lost_frame() -> None:
    """A doubled ETX costs nothing."""
    framer = Framer()

    assert bodies(framer, FRAME + b"\x03" + FRAME) == [BODY, BODY]
    assert framer.interrupted == 0


def test_a_damaged_stx_or_etx_does_not_cut_on_a_line_with_parity() -> None:
    """With parity a byte that merely looks like a mark, having lost a bit, is none."""
    framer = Framer()
    line = with_parity(FRAME).replace(b"\n", b"\x02", 1)  # an LF that lost bit 3 looks like an STX

    assert bodies(framer, line) == [b"\xff" + BODY[1:]]


def test_the_frame_in_progress_can_be_looked_at() -> None:
    """What came since the last STX is shown, and stays."""
    framer = Framer()
    framer.feed(FRAME + b"\x02" + BODY)

    assert framer.pending() == Frame(BODY, parity=False)
    assert bodies(framer, b"\x03") == [BODY]


def test_a_frame_longer_than_the_limit_is_thrown_away_and_counted_once() -> None:
    """A stream without ETX is held up to the limit and no further."""
    framer = Framer(limit=64)

    assert bodies(framer, b"\x02" + b"A" * 200 + b"\x03", FRAME) == [BODY]
    assert framer.interrupted == 1


def test_a_frame_that_begins_within_an_endless_stretch_is_kept() -> None:
    """Junk without ETX up to the limit does not cost the frame that begins in it."""
    framer = Framer(limit=64)

    assert bodies(framer, b"A" * 63 + FRAME) == [BODY]
    assert framer.interrupted == 0


def test_the_last_stx_of_an_endless_stretch_is_kept_though_it_is_the_second_byte() -> None:
    """Only the STX at the head of it is given up, with what is longer than a frame may be."""
    framer = Framer()

    assert bodies(framer, b"\x02\x02\n".ljust(LIMIT, b"A"), b"\x03") == [b"\n".ljust(LIMIT - 2, b"A")]
    assert framer.interrupted == 1


@given(st.data())
def test_any_chunking_gives_the_same_frames_and_the_same_counts(data: st.DataObject) -> None:
    """How the bytes arrive changes nothing."""
    stream = data.draw(streams())
    whole, cut = Framer(limit=64), Framer(limit=64)
    expected = whole.feed(stream)

    assert [frame for chunk in data.draw(chunkings(stream)) for frame in cut.feed(chunk)] == expected
    assert cut.interrupted == whole.interrupted
    assert cut.pending() == whole.pending()


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_are_held_within_the_limit(chunks: list[bytes]) -> None:
    """Whatever comes, the framer never raises and never holds as much as its limit."""
    framer = Framer(limit=64)
    for chunk in chunks:
        framer.feed(chunk)

        assert len(framer._buffer) < 64


@pytest.mark.parametrize(
    "block", [b"\x02" + b"A" * 63, b"A\x02", b"\x02" * 64, b"A" * 64, b"A" * 62 + b"\x02A", b"\x03" * 64]
)
def test_the_work_is_linear_in_the_bytes(block: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stream makes the framer look at its bytes again and again."""
    looked_at = 0

    def counting(raw: bytes) -> tuple[bytes, bool]:
        nonlocal looked_at
        looked_at += len(raw)
        return characters.strip_parity(raw)

    monkeypatch.setattr(module, "strip_parity", counting)
    framer = Framer(limit=64)
    for i in range(64 * 100):
        framer.feed(block[i % len(block)].to_bytes())

    assert looked_at <= 3 * 64 * 100
