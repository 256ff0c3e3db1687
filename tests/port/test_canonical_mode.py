"""A terminal in canonical mode gives whole frames at their ETX, and not one byte is lost or changed."""

from __future__ import annotations

import os
import select
import termios
import tty
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleinfo.port.canonical_mode import CanonicalMode
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.tic.groups import Group
from teleinfo.tic.labels import Mode
from tests.support.strategies import chunkings, frames

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real

FRAME = with_parity(
    encode_frame(
        [
            Group("DATE", "", "H240213083144", Mode.STANDARD),
            Group("EAST", "012345678", None, Mode.STANDARD),
            Group("SINSTS", "00750", None, Mode.STANDARD),
        ]
    )
)
MORE = 100


class Pair:
    """The two ends of a pseudo-terminal, of which the far one is read like a serial port."""

    def __init__(self) -> None:
        self.meter, self.port = os.openpty()
        tty.setraw(self.port)
        attributes = termios.tcgetattr(self.port)
        attributes[0] = 0
        attributes[6][termios.VMIN] = attributes[6][termios.VTIME] = 0
        termios.tcsetattr(self.port, termios.TCSANOW, attributes)
        os.set_blocking(self.port, False)
        self.mode = CanonicalMode(self.port)

    def send(self, data: bytes) -> None:
        """Send what fits into the terminal."""
        assert os.write(self.meter, data) == len(data)

    def read(self) -> bytes:
        """Return all that wakes the reader, as the port hands it out."""
        data = b""
        while select.select([self.port], [], [], 0)[0]:
            data += self.mode.restore(os.read(self.port, MORE))
        return data

    def close(self) -> None:
        """Close both ends."""
        for descriptor in (self.meter, self.port):
            os.close(descriptor)


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Make a terminal for one test."""
    made = Pair()
    yield made
    made.close()


def test_nothing_wakes_the_reader_before_etx(pair: Pair) -> None:
    """A frame that is under way is not there; at its ETX all of it is, as it was sent."""
    pair.mode.enable()
    assert pair.mode.active

    pair.send(FRAME[:-1])
    assert pair.read() == b""
    pair.send(FRAME[-1:] + FRAME[:30])
    assert pair.read() == FRAME
    pair.send(FRAME[30:])
    assert pair.read() == FRAME


def test_what_came_before_it_was_enabled_is_there(pair: Pair) -> None:
    """It begins in the middle of a frame, and loses nothing of it."""
    pair.send(FRAME[:30])
    pair.mode.enable()

    before = pair.read()
    pair.send(FRAME[30:])
    assert before + pair.read() == FRAME


def test_what_came_meanwhile_is_there_when_it_is_disabled(pair: Pair) -> None:
    """It ends in the middle of a frame, and loses nothing of it."""
    pair.mode.enable()
    pair.send(FRAME[:30])
    assert pair.read() == b""

    pair.mode.disable()
    assert not pair.mode.active
    before = pair.read()
    assert before == FRAME[:30]
    pair.send(FRAME[30:])
    assert before + pair.read() == FRAME


def test_no_byte_means_anything_to_the_terminal(pair: Pair) -> None:
    """Characters that erase, end a file or send a signal elsewhere are data here."""
    pair.mode.enable()
    others = bytes(byte for byte in range(256) if byte not in b"\n\r\x03")

    pair.send(others + b"\x03" + b"\x03")
    assert pair.read() == others + b"\x03\x03"


def test_two_frames_that_wait_are_both_handed_out(pair: Pair) -> None:
    """A process that was held up finds all of them."""
    pair.mode.enable()

    pair.send(FRAME * 3)
    assert pair.read() == FRAME * 3


def test_a_terminal_that_is_gone_says_so(pair: Pair) -> None:
    """Whoever calls can go on as before."""
    os.close(pair.meter)
    pair.meter = os.open(os.devnull, os.O_RDONLY)
    spare = os.dup(pair.port)
    os.close(pair.port)
    try:
        for change in (pair.mode.enable, pair.mode.disable):
            with pytest.raises((OSError, termios.error)):
                change()
    finally:
        pair.port = os.dup(spare)
        os.close(spare)


def test_a_terminal_that_cannot_do_it_is_left_as_it_is_and_not_asked_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that takes only a part of what it is told is read byte by byte, as before."""
    really = termios.tcsetattr

    def without_canonical_mode(descriptor: int, when: int, attributes: list[Any]) -> None:
        really(descriptor, when, [*attributes[:3], attributes[3] & ~termios.ICANON, *attributes[4:]])

    monkeypatch.setattr(termios, "tcsetattr", without_canonical_mode)
    pair.mode.enable()
    pair.send(FRAME[:30])

    assert (pair.mode.active, pair.mode.supported) == (False, False)
    assert pair.read() == FRAME[:30]


class BytesOnly(CanonicalMode):
    """Canonical mode without a terminal, for what can be said of bytes alone."""

    def __init__(self) -> None:
        self._used, self._last = True, b""


def kernel(data: bytes) -> bytes:
    """Return what INLCR makes of it."""
    return data.replace(b"\n", b"\r")


@given(st.lists(frames(), max_size=4).map(b"".join), st.data())
def test_whatever_the_chunks_what_the_kernel_turned_is_turned_back(
    stream: bytes, data: st.DataObject
) -> None:
    """On a line with parity every frame comes out as the meter sent it."""
    line = with_parity(stream)
    mode = BytesOnly()

    assert b"".join(map(mode.restore, data.draw(chunkings(kernel(line))))) == line


@given(frames(), st.data())
def test_one_damaged_character_is_handed_out_as_it_came(frame: bytes, data: st.DataObject) -> None:
    """
    The parity of each character can be checked as without canonical mode.

    What becomes LF by damage is the exception: to the kernel it is one, and behind a sound character it comes
    out as 0x0D, which is as damaged.
    """
    line = bytearray(with_parity(frame))
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= 1 << data.draw(st.integers(0, 7))
    came = BytesOnly().restore(kernel(bytes(line)))
    expected = bytes(line)
    if expected[place] == 0x0A and came[place] == 0x0D:
        expected = expected[:place] + b"\r" + expected[place + 1 :]

    assert came == expected


@pytest.mark.parametrize("cut", range(5))
def test_a_character_behind_lf_that_was_damaged_into_cr_is_no_lf(cut: int) -> None:
    """It keeps the wrong parity that gives it away, in whatever pieces it comes."""
    sent = b"\x82\n\rESU"
    came = kernel(sent)
    mode = BytesOnly()

    assert mode.restore(came[:cut]) + mode.restore(came[cut:]) == sent
