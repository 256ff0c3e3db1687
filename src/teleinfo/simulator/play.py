"""Send the frames of a simulated meter, or a recording, over a line: this many `frames`, or without end."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from typing import TYPE_CHECKING, TypeAlias

from teleinfo.common.recording_times import UP_TO_ETX
from teleinfo.simulator.encode import ETX
from teleinfo.simulator.meter import BAUDRATES, SimulatedMeter
from teleinfo.tic.tables.reader import Mode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from teleinfo.simulator.serial_line import SerialLine

    Pieces: TypeAlias = list[tuple[bytes, float | None]]

# Silence between ETX and the next STX in s, between 16.7 and 33.4 ms (Enedis-NOI-CPT_54E v3 and 02E v6).
SILENCE = 0.02


async def play(
    meter: SimulatedMeter,
    line: SerialLine,
    *,
    start: dt.datetime,
    time_lapse: float = 1.0,
    frames: int | None = None,
) -> None:
    """
    Send the meter's frames, the first one at `start` of its clock, a naive local time.

    The clock of the meter runs `time_lapse` times as fast as that of the line, which may itself run faster
    than real time. Without `frames` it never ends.
    """
    for _ in itertools.islice(itertools.count(), frames):
        await line.send(meter.emit(start + dt.timedelta(seconds=line.elapsed * time_lapse)))
        await line.idle(SILENCE)


async def replay(
    chunks: AsyncIterator[Pieces], line: SerialLine, *, first: Pieces, frames: int | None
) -> None:
    """
    Send the bytes of a recording as they are, `first` before the `chunks`; each ETX ends a frame.

    The line waits for the time of a piece, if it is known; an earlier time begins the recording again.
    """
    sent = 0
    start = 0.0
    last = math.inf
    pieces = first
    while pieces:
        for data, time in pieces:
            if time is not None:
                start = line.elapsed - time if time < last else start
                last = time
                await line.idle(max(0.0, start + time - line.elapsed))
            for piece in UP_TO_ETX.findall(data):
                await line.send(piece, encoded=True)
                if piece.endswith(ETX):
                    await line.idle(SILENCE)
                    sent += 1
                    if sent == frames:
                        return
        pieces = await anext(chunks, [])


def baudrate_of(recording: bytes) -> int:
    """Return the speed in baud of the mode of a recording: standard has HT, historique never does."""
    # HT has two bits set, so that even parity leaves it as it is.
    is_standard = recording.count(b"\t") > recording.count(ETX)
    mode = Mode.STANDARD if is_standard else Mode.HISTORIQUE
    return BAUDRATES[mode]
