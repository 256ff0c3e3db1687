"""
Send the frames of a meter, or a recording of one, over a line.

Both functions return how many frames they sent; without `frames` they never end by themselves.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import ETX

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from teleinfo.simulator.meter import SimulatedMeter
    from teleinfo.simulator.serial_line import SerialLine

# Silence between ETX and the next STX in s, between 16.7 and 33.4 ms (Enedis-NOI-CPT_54E v3 and 02E v6).
_GAP = 0.02
_UP_TO_ETX = re.compile(rb"[^\x03]*\x03|[^\x03]+")


async def play(
    meter: SimulatedMeter,
    line: SerialLine,
    *,
    start: dt.datetime,
    time_lapse: float = 1.0,
    frames: int | None = None,
) -> int:
    """
    Send the meter's frames, the first one at `start` of its clock, a naive local time.

    The meter's clock follows the time of the line, `time_lapse` times faster: on a line that is N times
    faster than a real one the clock is N times faster too.
    """
    for number in itertools.count():
        if number == frames:
            break
        await line.send(meter.emit(start + dt.timedelta(seconds=line.elapsed * time_lapse)))
        await line.idle(_GAP)
    return number


async def replay(chunks: AsyncIterable[bytes], line: SerialLine, *, frames: int | None = None) -> int:
    """Send the bytes of a recording as they are until the chunks end; each ETX is the end of a frame."""
    sent = 0
    async for chunk in chunks:
        for piece in _UP_TO_ETX.findall(chunk):
            await line.send(piece, encoded=True)
            if piece.endswith(ETX):
                await line.idle(_GAP)
                sent += 1
                if sent == frames:
                    return sent
    return sent


def baudrate_of(recording: bytes) -> int:
    """Return the speed in baud of the mode of a recording: standard has HT, historique never does."""
    # HT has two bits set, so that even parity leaves it as it is.
    return 9600 if recording.count(b"\t") > recording.count(ETX) else 1200
