"""
A process with one TCP bridge for each of many meters, which send a frame of their own every `PERIOD` seconds.

    python -m tests.lab.bench.bridges COUNT

Each line of standard output is JSON: first the ports of the bridges; then, when standard input ends, of each
frame the number of its bridge, its DATE, and the monotonic time in ns at which its last byte was written.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import sys
import time
from functools import partial
from random import Random

from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import encode_frame, with_parity

PERIOD = 1.5
"""Seconds from one frame of a meter to the next; more than 1, so that each has a DATE of its own."""
PIECE = 64
"""Bytes that a bridge sends at once: what has come from its meter meanwhile."""
PIECE_TIME = PIECE * 10 / 9600
"""Seconds that they take on the line."""
START = dt.datetime(2026, 1, 15)  # noqa: DTZ001 - a meter knows local time only


async def play(count: int) -> None:
    """Serve until standard input ends."""
    sent: list[tuple[int, str, int]] = []

    async def bridge(number: int, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        meter = build("standard", start=START, rng=Random(number), number=f"04196110{number:04}")
        now = START
        # The meters send one after the other, never two at the same moment.
        await asyncio.sleep(PERIOD * number / count)
        due = asyncio.get_running_loop().time()
        while not writer.is_closing():
            groups = meter.frame(now)
            frame = with_parity(encode_frame(groups))
            date = next(group.horodate for group in groups if group.label == "DATE")
            *earlier, last = [frame[start : start + PIECE] for start in range(0, len(frame), PIECE)]
            for piece in earlier:
                if writer.is_closing():
                    return
                writer.write(piece)
                await asyncio.sleep(PIECE_TIME)
            sent.append((number, date or "", time.monotonic_ns()))
            writer.write(last)
            now = now + dt.timedelta(seconds=PERIOD)
            due = due + PERIOD
            await asyncio.sleep(due - asyncio.get_running_loop().time())

    servers = [await asyncio.start_server(partial(bridge, number), "127.0.0.1", 0) for number in range(count)]
    sys.stdout.write(json.dumps([server.sockets[0].getsockname()[1] for server in servers]) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    sys.stdout.writelines(json.dumps(each) + "\n" for each in sent)
    sys.stdout.flush()
    os._exit(0)  # without a word of each connection that is cut


if __name__ == "__main__":
    asyncio.run(play(int(sys.argv[1])))
