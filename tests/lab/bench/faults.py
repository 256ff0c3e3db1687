"""
Faults of bytes and bits of a stream, each at every place of one frame of it.

A fault of a family is a `Fault` at a place; the stream is that of an 8N1 receiver, with parity in bit 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST = 64  # bytes lost or repeated: the buffer of a USB adapter
BITS = range(2, 21)  # of a burst


class Fault(NamedTuple):
    """The bytes from `low` to before `high` arrive as `put`."""

    low: int
    high: int
    put: bytes


def lost(stream: bytes, place: int) -> Iterator[Fault]:
    """Lose 1 to 64 bytes from this one on."""
    for size in range(1, min(MOST, len(stream) - place) + 1):
        yield Fault(place, place + size, b"")


def repeated(stream: bytes, place: int) -> Iterator[Fault]:
    """Send 1 to 64 bytes twice, of which this one is the last."""
    place += 1
    for size in range(1, min(MOST, place) + 1):
        yield Fault(place, place, stream[place - size : place])


def bursts(stream: bytes, place: int) -> Iterator[Fault]:
    """Let a run of 2 to 20 bits that begins in this byte be all wrong, all 0 or all 1."""
    for first in range(8):
        for length in BITS:
            mask = (1 << length) - 1 << first
            size = (first + length + 7) // 8
            sent = int.from_bytes(stream[place : place + size], "little")
            for wrong in (sent ^ mask, sent & ~mask, sent | mask):
                if wrong != sent and wrong.bit_length() <= 8 * size:
                    yield Fault(place, place + size, wrong.to_bytes(size, "little"))


class Family(NamedTuple):
    """
    A family of faults: it yields those at a place of a stream, and is tried at every `step`-th place.

    Promised of lines with parity, and without it if `stripped`: nothing false that lasts, and at most this
    `share` of the damaged groups as another false value.
    """

    faults: Callable[[bytes, int], Iterator[Fault]]
    share: float
    stripped: bool
    step: int


FAMILIES = {
    "1 to 64 bytes lost": Family(lost, share=1e-5, stripped=True, step=1),
    "1 to 64 bytes repeated": Family(repeated, share=1e-5, stripped=True, step=1),
    "a burst of 2 to 20 bits wrong or stuck": Family(bursts, share=0.0, stripped=False, step=3),
}
