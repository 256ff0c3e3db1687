"""Frames are cut at STX and ETX, whatever the chunking, and what is not a frame is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.encode import with_parity
from teleinfo.tic import framing as module
from teleinfo.tic import parity as characters
from teleinfo.tic.framing import LIMIT, Framer

BODY = b"\nPAPP 00750 -\r"
FRAME = b"\x02" + BODY + b"\x03"


def bodies(framer: Framer, *chunks: bytes) -> list[bytes]:
    """Feed the chunks and return the bodies of all frames."""
    frames = (framer.frame(segment) for chunk in chunks for segment in framer.split(chunk))
    return [frame[0] for frame in frames if frame is not None]


CUT = b"\x02\nADCO 1 2\r"
LINES = {
    "its beginning, without STX": (b"0 -\r\x03" + FRAME, 1, 0),
    "EOT ends a frame": (CUT + b"\x04" + FRAME, 1, 1),
    "what follows EOT is of no frame": (CUT + b"\x04" + BODY + b"\x03", 0, 1),
    "STX ends a frame": (CUT + FRAME, 1, 1),
    "a frame without STX": (FRAME + BODY + b"\x03" + FRAME, 2, 1),
    "ETX twice": (FRAME + b"\x03" + FRAME, 2, 0),
    "longer than the limit": (b"\x02" + b"A" * 200 + b"\x03" + FRAME, 1, 1),
    "a frame behind noise up to the limit": (b"A" * 63 + FRAME, 1, 0),
}


@pytest.mark.parametrize(("line", "frames", "interrupted"), LINES.values(), ids=LINES)
def test_a_line_is_cut_into_its_frames_and_those_cut_short_are_counted(
    line: bytes, frames: int, interrupted: int
) -> None:
    """A frame is what stands between STX and the next ETX; a frame that is lost is counted once."""
    framer = Framer(limit=64)

    assert bodies(framer, line) == [BODY] * frames
    assert framer.interrupted == interrupted


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


def test_a_damaged_stx_or_etx_does_not_cut_on_a_line_with_parity() -> None:
    framer = Framer()
    line = with_parity(FRAME).replace(b"\n", b"\x02", 1)  # an LF that lost bit 3 looks like an STX

    assert bodies(framer, line) == [b"\xff" + BODY[1:]]


def test_the_last_stx_of_an_endless_stretch_is_kept_though_it_is_the_second_byte() -> None:
    """Only the STX at the head of it is given up, with what is longer than a frame may be."""
    framer = Framer()

    assert bodies(framer, b"\x02\x02\n".ljust(LIMIT, b"A"), b"\x03") == [b"\n".ljust(LIMIT - 2, b"A")]
    assert framer.interrupted == 1


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_are_held_within_the_limit(chunks: list[bytes]) -> None:
    """Whatever comes, the framer never raises and never holds as much as its limit."""
    framer = Framer(limit=64)
    for chunk in chunks:
        bodies(framer, chunk)

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
        bodies(framer, block[i % len(block)].to_bytes())

    assert looked_at <= 3 * 64 * 100
