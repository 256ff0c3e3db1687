"""
A process that plays one recording on several lines, each byte at the moment at which it has arrived.

    python -m tests.lab.bench.feeder RECORDING BAUDRATE FRAMES LINE[,LINE…]

Each LINE is the descriptor of the far end of a pseudo-terminal. All get the same FRAMES frames, one after the
other shifted by a part of a frame, so that no two readers work at the same moment. Deadlines are absolute:
what was late once is not late for ever. On standard output comes one line for each frame of each line: its
descriptor, and the monotonic time in ns just before its ETX was written.

The bytes are handed over as a UART does: when its FIFO holds eight, and after the last one of a frame.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from teleinfo.simulator.encode import ETX
from tests.lab.bench.sent import BITS, GAP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIFO = 8


def uart(frames: Sequence[bytes], baudrate: int) -> Iterator[tuple[float, bytes]]:
    """Yield when, in s from the beginning, the FIFO hands over what: eight bytes or the rest of a frame."""
    character = BITS / baudrate
    began = 0.0
    for frame in frames:
        for start in range(0, len(frame), FIFO):
            chunk = frame[start : start + FIFO]
            yield began + (start + len(chunk)) * character, chunk
        began += len(frame) * character + GAP


def split(recording: bytes) -> list[bytes]:
    """Return the frames of a recording."""
    return [frame + ETX for frame in recording.split(ETX)[:-1]]


def main() -> None:
    """Play."""
    path, baudrate, count, lines = sys.argv[1:]
    frames = split(Path(path).read_bytes())[: int(count)]
    descriptors = [int(line) for line in lines.split(",")]
    shift = (len(frames[0]) * BITS / int(baudrate) + GAP) / len(descriptors)
    schedules = [
        [(at + number * shift, line, chunk) for at, chunk in uart(frames, int(baudrate))]
        for number, line in enumerate(descriptors)
    ]
    sent = []
    began = time.monotonic_ns()
    for at, line, chunk in heapq.merge(*schedules):
        due = began + int(at * 1e9)
        if (wait := due - time.monotonic_ns()) > 0:
            time.sleep(wait / 1e9)
        now = time.monotonic_ns()
        with contextlib.suppress(BlockingIOError):  # nobody reads: lost, as on a line
            os.write(line, chunk)
        sent += [f"{line} {now}"] * chunk.count(ETX)
    sys.stdout.write("".join(f"{each}\n" for each in sent))


if __name__ == "__main__":
    main()
