"""
The decoder on any sequence of frames and damage, compared with a simple model.

The same few groups come again and again, with one thing changed: a decoder whose cache were wrong would fail
here first.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.simulator.encode import encode_group, with_parity
from teleinfo.tic.labels import Group, Mode
from tests.lab.fuzz.targets import decoder

HIST = Mode.HISTORIQUE
STD = Mode.STANDARD


def line(label: str, value: str, mode: Mode = HIST, horodate: str | None = None) -> bytes:
    """Return a sound group between its LF and its CR."""
    return encode_group(Group(label, value, horodate, mode))[1:-1]


# The same étiquettes with other values, in both modes, and what two of them make together.
SOUND = [
    line("ADCO", "041961123456"),
    line("PTEC", "HP.."),  # its sum is a blank
    line("PTEC", "HC.."),
    line("PAPP", "00750"),
    line("PAPP", "00760"),
    line("PAPP", "     "),
    line("BASE", "010151175"),
    line("PREAVIS", "DEP"),  # may come several times
    line("PREAVIS", "EJP"),
    line("DATECOUR", "01/02/17 12/34/56"),
    line("EA", "12Wh"),  # says another thing behind Appli
    line("EA", "7Wh"),
    line("Appli", "INJECTION"),
    line("Appli", "SOUTIRAGE"),
    line("EAST", "012345678", STD),
    line("EAST", "012345679", STD),
    line("LTARF", "   HP  BLEU     ", STD),
    line("DATE", "", STD, "H240213083144"),
    line("DATE", "", STD, "h240213083145"),
    line("DATE", "0", STD, "H240213083144"),  # with a value it has two keys
    line("DATE_HORODATE", "H240213083144", STD),  # which nobody sends, and which would be one of them
    line("DATE_HORODATE", "0", STD),
    line("DATE", "01/02/17 12:34:56"),  # another family says it in historique
    line("SMAXSN", "02740", STD, "E220609060531"),
    line("SMAXSN", "02740", STD, "E220609060532"),
    line("SMAXSN_HORODATE", "E220609060531", STD),
    line("DPM1", "00", STD, " 230213060000"),
    line("TDYND", "d-01", STD),
    line("TDYND", "d-02", STD),
    line("NEW", "1"),  # unknown to the table: believed behind an LF only
    line("NEW", "1", STD),
    line("APAPP", "00750"),  # unknown, and a known one behind its first character
    b"SC 45 ?",  # the rest of ISOUSC, with the same sum
    b"JPAPP 00750 -",  # an LF of which bit 6 is wrong
]
# The sums are right and the groups are not, or the other way round.
UNSOUND = [
    line("PAPP", "00750")[:-1] + b"\r",
    line("PAPP", "00750")[:-1] + b".",
    line("PAPP", "00u50"),
    line("papp", "00750"),
    line("EAST", "012345678", STD)[:-1] + bytes([line("EAST", "012345678", STD)[-1] ^ 9]),
    line("EAST", "0123v5678", STD),
    line("SMAXSN", "02740", STD, "X220609060531"),
    line("SMAXSN", "02740", STD, "E2206090605"),
    line("PAPP", "007\x0150"),
    line("PAPP", "", HIST),
    line("EAST", "", STD),
    b"PAPP\t00750 -",
    b"\xff",
    b" ",
    b"  ",
    b"\t",
]

LINES = st.sampled_from(SOUND) | st.sampled_from(SOUND) | st.sampled_from(SOUND + UNSOUND)
BEFORE = st.sampled_from([b"\n"] * 12 + [b"", b"\x0b", b"J", b"\xff", b"\n\n", b"*\n"])
AFTER = st.sampled_from([b"\r"] * 16 + [b"", b"\x0c", b"\r\r", b"\n", b"\xff"])
PIECES = st.sampled_from(
    [b"", b"\x02", b"\x03", b"\x04", b"\n", b"\r", b"\x82", b"\x83", b"\x8d", b"\x00", b" "]
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Draw STX, a few lines and ETX, stripped of the parity or with it, or with it on some lines only."""
    parity = draw(st.sampled_from(["none", "all", "some"]))
    lines = [draw(BEFORE) + text + draw(AFTER) for text in draw(st.lists(LINES, max_size=7))]
    frame = b""
    for piece in (b"\x02", *lines, b"\x03"):
        has_parity = parity == "all"
        if parity == "some":
            has_parity = draw(st.booleans())
        frame += with_parity(piece) if has_parity else piece
    return frame


@given(st.lists(frames(), max_size=6).map(b"".join), PIECES, st.data())
def test_a_line_gives_what_a_slow_and_simple_decoder_finds_in_it(
    stream: bytes, piece: bytes, data: st.DataObject
) -> None:
    """Frames, of which some bytes are lost or replaced; the check sends all of it three times."""
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(stream))] * 2)))
    decoder.check(stream[:start] + piece + stream[end:])


DAMAGES = [(before, b"\r") for before in (b"\n", b"", b"\x0b", b"J", b"\xff", b"\n\n", b"*\n", b"**")]
DAMAGES += [(b"\n", after) for after in (b"", b"\x0c", b"\r\r", b"\n", b"\xff")]


@pytest.mark.parametrize(("before", "after"), DAMAGES)
def test_every_line_gives_what_the_model_finds(before: bytes, after: bytes) -> None:
    """Each line before a sound line, with this in place of its LF and CR."""
    frames_ = [b"\x02" + before + text + after + b"\n" + SOUND[4] + b"\r\x03" for text in SOUND + UNSOUND]
    decoder.check(b"".join(frames_) + frames_[0][:-1] + b"\x04")
