"""A terminal in canonical mode gives whole frames at their ETX, and no byte is lost or changed."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import re
import select
import tty

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from teleinfo.port.canonical_mode import CanonicalMode, restore
from teleinfo.port.serial_port import open_port
from teleinfo.simulator.catalogue import METERS, build
from teleinfo.simulator.encode import encode_frame, with_parity
from teleinfo.simulator.serial_line import SerialLine
from teleinfo.tic.decoder import Decoder
from teleinfo.tic.labels import Group, Mode
from tests.support.ports import until
from tests.support.process import LIMIT

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

# What terminals, serial lines or TIC give a meaning to, with parity or without.
SPECIAL = b"\x00\x02\x03\x04\x08\x0a\x0d\x11\x13\x15\x16\x17\x1a\x1c\x7f\x82\x84\x8d\xff"
STX_WITH_PARITY = 0x82
KERNEL_LIMIT = 4095  # bytes that the kernel keeps of one line
PIECE = 1024  # bytes that are written at once


def test_etx_alone_wakes_the_reader_and_a_terminal_that_is_gone_is_left_to_its_transport() -> None:
    meter, port = os.openpty()
    tty.setraw(port)
    mode = CanonicalMode(port)
    mode.set(enabled=True)
    os.write(meter, FRAME[:-1])
    assert select.select([port], [], [], 0)[0] == []
    os.write(meter, FRAME[-1:])
    assert select.select([port], [], [], LIMIT)[0] == [port]
    assert restore(os.read(port, KERNEL_LIMIT)) == FRAME
    os.close(port)
    mode.set(enabled=False)  # raises nothing
    os.close(meter)


@st.composite
def damaged_lines(draw: st.DrawFn) -> bytes:
    """Draw the line of a meter, with parity, of which bytes are wrong, lost, repeated or foreign."""
    start = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - the meter's time
    meter = build(draw(st.sampled_from(sorted(METERS))), start=start, rng=random.Random(draw(st.integers())))
    special = st.lists(st.sampled_from(SPECIAL), min_size=1, max_size=8)
    line = bytearray()
    for number in range(draw(st.integers(1, 5))):
        line += with_parity(meter.emit(start + dt.timedelta(seconds=2 * number)))
    for _ in range(draw(st.integers(1, 8))):
        # Half of the faults meet an STX.
        starts = [place for place, byte in enumerate(line) if byte == STX_WITH_PARITY] or [0]
        place = draw(st.sampled_from(starts) | st.integers(0, len(line) - 1))
        end = place + draw(st.integers(0, 64))
        match draw(st.sampled_from(["wrong bits", "lost", "repeated", "foreign"])):
            case "wrong bits":
                line[place] ^= draw(st.integers(1, 255))
            case "lost" if end - place < len(line):
                del line[place:end]
            case "repeated":
                line[end:end] = line[place:end]
            case _:
                line[place : place + 1] = draw(special)
    return bytes(line)


@given(st.lists(st.tuples(damaged_lines(), st.booleans()), min_size=1, max_size=3))
# Without shrinking, which takes minutes where each example is a port.
@settings(max_examples=60, deadline=None, phases=set(Phase) - {Phase.shrink})
def test_a_damaged_line_is_the_same_line_in_canonical_mode(stretches: list[tuple[bytes, bool]]) -> None:
    """
    Whatever is damaged, the port hands out the bytes that were sent, and they give the same readings.

    Each stretch of the line is read with canonical mode on or off.
    """
    sent = b"".join(stretch for stretch, _ in stretches)
    assume(max(map(len, re.split(rb"[\r\x03]", sent))) < KERNEL_LIMIT)
    came = bytearray()
    readings = []
    decoder = Decoder()

    def on_data(data: bytes) -> None:
        came.extend(data)
        readings.extend(decoder.feed(data))

    async def scenario() -> None:
        written = due = 0
        with SerialLine() as line:
            async with open_port(line.port, 9600, on_data) as port:
                for stretch, canonical in [*stretches, (b"", False)]:
                    assert port.canonical_mode is not None
                    port.canonical_mode.set(enabled=canonical)
                    for start in range(0, max(1, len(stretch)), PIECE):
                        piece = stretch[start : start + PIECE]
                        assert line.write(piece) == len(piece)
                        written += len(piece)
                        ended = 1 + max(sent.rfind(end, 0, written) for end in (b"\r", b"\x03"))
                        due = max(due, ended if canonical else written)
                        await until(lambda: len(came) >= due)  # noqa: B023 - awaited at once

    asyncio.run(scenario())

    assert bytes(came) == sent
    assert readings == Decoder().feed(sent)
