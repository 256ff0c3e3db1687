"""A line that is damaged by hand: the bits that are sent, and those that are made wrong."""

from __future__ import annotations

import datetime as dt
import random
from functools import cache
from typing import TYPE_CHECKING

from teleinfo.doctor.line_damage import BITS, STOP, Bit, Flip
from teleinfo.simulator.catalogue import build
from teleinfo.simulator.encode import with_parity

if TYPE_CHECKING:
    from collections.abc import Callable

START = dt.datetime(2026, 1, 15, 18, 30)  # noqa: DTZ001 - a meter knows local time only


@cache
def sound_line(*, frames: int, meter: str = "hc", parity: bool = True) -> bytes:
    """Return what this meter sends, a frame each 1.5 s."""
    simulated = build(meter, start=START, rng=random.Random(1))
    data = b"".join(simulated.emit(START + dt.timedelta(seconds=1.5 * number)) for number in range(frames))
    return with_parity(data) if parity else data


def levels_of(data: bytes) -> bytearray:
    """Return the levels of a line that sends `data` without a pause: two idle bits, then the characters."""
    levels = bytearray(b"\1\1")
    for char in data:
        levels += bytes((0, *(char >> bit & 1 for bit in range(8)), 1))
    return levels + bytes([1] * 2 * BITS)


def bit_of(levels: bytearray, character: int, position: int) -> Bit:
    """Return this bit of a character."""
    at = 2 + character * BITS + position
    return Bit(position, levels[at], levels[at - 1], levels[at + 1])


def hurt(data: bytes, wrong: Callable[[Flip], bool], *, every: int = 200, seed: int = 1) -> bytes:
    """Return `data` with one data bit wrong in one of `every` characters, if one of its bits is `wrong`."""
    rng = random.Random(seed)
    levels = levels_of(data)
    received = bytearray(data)
    for number in range(len(data)):
        if rng.random() * every > 1:
            continue
        bits = (bit_of(levels, number, position) for position in range(1, STOP))
        found = [bit.position for bit in bits if wrong(Flip(bit, 0, number * BITS + bit.position))]
        if found:
            received[number] ^= 1 << rng.choice(found) - 1
    return bytes(received)
