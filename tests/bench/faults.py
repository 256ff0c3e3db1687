"""
Faults of bytes and bits of a stream, each at every place of one frame of it.

A fault of a family is a `Fault` at a place; the stream is that of an 8N1 receiver, with parity in bit 7.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.sent import CR, LF, add_parity, strip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    Family = Callable[[bytes, int, Random], Iterator["Fault"]]
    """Yield the faults at a place, given stream, place and a source of chance."""

MOST = 64  # bytes lost, repeated or moved: the buffer of a USB adapter
MOVES = 16  # of blocks of random sizes, at each place
BURST = range(2, 21)  # bits
WINDOW = 48  # bytes within which a UART is in step again


class Fault(NamedTuple):
    """The bytes from `low` to before `high` arrive as `put`."""

    low: int
    high: int
    put: bytes


def lost(stream: bytes, place: int, _rng: Random) -> Iterator[Fault]:
    """Lose 1 to 64 bytes from this one on."""
    for size in range(1, min(MOST, len(stream) - place) + 1):
        yield Fault(place, place + size, b"")


def repeated(stream: bytes, place: int, _rng: Random) -> Iterator[Fault]:
    """Send 1 to 64 bytes twice, of which this one is the last."""
    place += 1
    for size in range(1, min(MOST, place) + 1):
        yield Fault(place, place, stream[place - size : place])


def moved(stream: bytes, place: int, rng: Random) -> Iterator[Fault]:
    """Send a block of bytes before the one in front of it."""
    for _ in range(MOVES):
        one, other = rng.randint(1, MOST), rng.randint(1, MOST)
        middle, end = place + one, place + one + other
        yield Fault(place, end, stream[middle:end] + stream[place:middle])


def swapped(stream: bytes, place: int, rng: Random) -> Iterator[Fault]:
    """Let two blocks of bytes that are not neighbours change places."""
    for _ in range(MOVES):
        first = place + rng.randint(1, MOST)
        second = first + rng.randint(1, MOST)
        end = second + rng.randint(1, MOST)
        put = stream[second:end] + stream[first:second] + stream[place:first]
        yield Fault(place, end, put)


def inserted(stream: bytes, place: int, _rng: Random) -> Iterator[Fault]:
    """Put one or two bytes 0x00 or 0xFF before this one, in its place, or in that of it and the next one."""
    for put in (b"\0", b"\xff", b"\xff\0"):
        for size in (0, 1, 2):
            yield Fault(place, place + size, put)
    yield Fault(place, place + 1, b"\xff\0" + stream[place : place + 1])  # a framing error, by PARMRK


def uart(stream: bytes, place: int, _rng: Random) -> Iterator[Fault]:
    """
    Damage the bits of a byte on the wire: lose, double or flip each, or two neighbours.

    A receiver that waits for a start bit makes other bytes of it until it is in step again. A byte without
    its stop bit arrives as it is, or as 0x00, as Linux hands it over.
    """
    window = stream[place : place + WINDOW]
    wire = "".join(f"0{f'{byte:08b}'[::-1]}1" for byte in window)
    for bit in range(10):
        flipped = "10"[int(wire[bit])]
        for rest in (
            wire[:bit] + wire[bit + 1 :],  # a clock that is slow
            wire[:bit] + wire[bit] + wire[bit:],  # a clock that is fast
            wire[:bit] + flipped + wire[bit + 1 :],  # no start bit, no stop bit, a wrong bit
            wire[:bit] + flipped * 2 + wire[bit + 2 :],
            wire[:bit] + "1" * 10 + wire[bit + 10 :],  # nothing for the time of a byte
        ):
            for broken in (False, True):
                put = _receive(rest, zero=broken)
                common = _same_end(put, window)
                yield Fault(place, place + len(window) - common, put[: len(put) - common])


def bursts(stream: bytes, place: int, _rng: Random) -> Iterator[Fault]:
    """Let a run of 2 to 20 bits that begins in this byte be all wrong, all 0 or all 1."""
    for first in range(8):
        for length in BURST:
            mask = (1 << length) - 1 << first
            size = (first + length + 7) // 8
            sent = int.from_bytes(stream[place : place + size], "little")
            for wrong in (sent ^ mask, sent & ~mask, sent | mask):
                if wrong != sent and wrong.bit_length() <= 8 * size:
                    yield Fault(place, place + size, wrong.to_bytes(size, "little"))


def two_bits(stream: bytes, place: int, rng: Random) -> Iterator[Fault]:
    """Flip a bit of a label, at this place, and one behind it in the group; the sum stays right."""
    start = stream.rfind(LF, 0, place + 1) + 1
    line = strip(stream[start : stream.find(add_parity(CR), place)])
    at = place - start
    if not 0 <= at < len(re.split(b"[ \t]", line, maxsplit=1)[0]):
        return
    for bit, other, second in product(range(7), range(at + 1, len(line) - 1), range(7)):
        change = _change(line[at], bit) + _change(line[other], second)
        if change % 64 == 0 and not rng.randrange(4):  # there are many of them
            put = bytearray(stream[place : start + other + 1])
            put[0] ^= 1 << bit
            put[-1] ^= 1 << second
            yield Fault(place, start + other + 1, bytes(put))


def _change(byte: int, bit: int) -> int:
    """Return by how much the byte changes where this bit is flipped."""
    return (byte ^ 1 << bit) - byte


def _receive(wire: str, *, zero: bool) -> bytes:
    """Return the bytes that a UART makes of the levels of a line."""
    received = bytearray()
    at = wire.find("0")
    while 0 <= at < len(wire) - 9:
        byte = int(wire[at + 8 : at : -1], 2)
        stops = wire[at + 9] == "1"
        received.append(byte if stops or not zero else 0)
        at = wire.find("0", at + 10 if stops else max(at + 10, wire.find("1", at + 9)))
    return bytes(received)


def _same_end(one: bytes, other: bytes) -> int:
    """Return how many bytes at the end of both are the same."""
    most = min(len(one), len(other))
    return next((size for size in range(most) if one[-1 - size] != other[-1 - size]), most)


FAMILIES: dict[str, Family] = {
    "1 to 64 bytes lost": lost,
    "1 to 64 bytes repeated": repeated,
    "blocks of bytes moved": moved,
    "blocks of bytes swapped": swapped,
    "0x00 or 0xFF inserted": inserted,
    "bits lost, doubled or flipped at the UART": uart,
    "a burst of 2 to 20 bits wrong or stuck": bursts,
    "two bits wrong, one of a label": two_bits,
}
PROMISED = {
    ("1 to 64 bytes lost", True): 1e-5,
    ("1 to 64 bytes lost", False): 1e-5,
    ("1 to 64 bytes repeated", True): 1e-5,
    ("1 to 64 bytes repeated", False): 1e-5,
    ("a burst of 2 to 20 bits wrong or stuck", True): 0.0,
}
"""
Families of which nothing false may last, with parity (True) or without.

Of the damaged groups this share may give another false value.
"""
STRIPPED = ("two bits wrong, one of a label",)
"""Families of which parity finds every fault."""
EVERYWHERE = ("1 to 64 bytes lost", "1 to 64 bytes repeated")
"""Families that are tried at every place; the others at one place of `BESIDE`."""
BESIDE = 3
