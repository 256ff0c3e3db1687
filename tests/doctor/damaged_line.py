"""A line that is damaged by hand."""

from __future__ import annotations

import datetime as dt
import random
from functools import cache
from typing import TYPE_CHECKING

from teleinfo.doctor.line_damage import Bit
from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import with_parity

if TYPE_CHECKING:
    from collections.abc import Callable

START = dt.datetime(2026, 1, 15, 18, 30)  # noqa: DTZ001 - a meter knows local time only


@cache
def sound_line(*, frames: int, parity: bool = True) -> bytes:
    """Return what a meter sends, a frame each 1.5 s."""
    simulated = build("hc", start=START, rng=random.Random(1))
    data = b"".join(simulated.emit(START + dt.timedelta(seconds=1.5 * number)) for number in range(frames))
    return with_parity(data) if parity else data


def hurt(data: bytes, wrong: Callable[[Bit], bool], *, every: int = 200) -> bytes:
    """Return `data` with one bit wrong in one of `every` characters, if one of its bits is `wrong`."""
    rng = random.Random(1)
    received = bytearray(data)
    for number, char in enumerate(data):
        levels = [0, *(char >> bit & 1 for bit in range(8)), 1]
        bits = [Bit(at, levels[at], levels[at - 1], levels[at + 1]) for at in range(1, 9)]
        positions = [bit.position for bit in bits if wrong(bit)]
        if positions and rng.random() * every < 1:
            received[number] ^= 1 << rng.choice(positions) - 1
    return bytes(received)
