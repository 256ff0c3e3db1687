"""
Play a meter, or the recording of one, on a line.

Both return how many frames they sent, and go on for ever unless `frames` says how many.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import ETX

if TYPE_CHECKING:
    from teleinfo.simulator.meter import Meter
    from teleinfo.simulator.serial_line import SerialLine

# Silence between ETX and the next STX in s, between 16.7 and 33.4 ms (Enedis-NOI-CPT_54E v3 and 02E v6).
_GAP = 0.02


async def play(meter: Meter, line: SerialLine, *, start: dt.datetime, frames: int | None = None) -> int:
    """
    Send the meter's frames, the first one at `start` of its clock, a naive local time.

    The meter lives by the time of the line: on a line that is N times faster its day is N times shorter.
    """
    for number in itertools.count():
        if number == frames:
            break
        await line.send(meter.emit(start + dt.timedelta(seconds=line.elapsed)))
        await line.idle(_GAP)
    return number


async def replay(recording: bytes, line: SerialLine, *, frames: int | None = None) -> int:
    """Send the bytes of a recording as they are, again and again; each ETX is the end of a frame."""
    pieces = re.findall(rb"[^\x03]*\x03|[^\x03]+", recording)
    sent = 0
    for piece in itertools.cycle(pieces):
        if sent == frames:
            break
        await line.send(piece, encoded=True)
        if piece.endswith(ETX):
            await line.idle(_GAP)
            sent += 1
    return sent


def baudrate_of(recording: bytes) -> int:
    """Return the speed in baud of the mode of a recording: standard has HT, historique never does."""
    # HT has two bits set, so that even parity leaves it as it is.
    return 9600 if recording.count(b"\t") > recording.count(ETX) else 1200
