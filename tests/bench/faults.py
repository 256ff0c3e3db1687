"""
Faults of bytes and bits of a stream, each at every place of one frame of it.

A fault of a family is a `Fault` at a place; the stream is that of an 8N1 receiver, with parity in bit 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Family = Callable[[bytes, int], Iterator["Fault"]]
    """Yield the faults at a place, given stream and place."""

MOST = 64  # bytes lost or repeated: the buffer of a USB adapter
BURST = range(2, 21)  # bits
WINDOW = 48  # bytes within which a UART is in step again


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


def inserted(stream: bytes, place: int) -> Iterator[Fault]:
    """Put one or two bytes 0x00 or 0xFF before this one, in its place, or in that of it and the next one."""
    for put in (b"\0", b"\xff", b"\xff\0"):
        for size in (0, 1, 2):
            yield Fault(place, place + size, put)
    yield Fault(place, place + 1, b"\xff\0" + stream[place : place + 1])  # a framing error, by PARMRK


def uart(stream: bytes, place: int) -> Iterator[Fault]:
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


def bursts(stream: bytes, place: int) -> Iterator[Fault]:
    """Let a run of 2 to 20 bits that begins in this byte be all wrong, all 0 or all 1."""
    for first in range(8):
        for length in BURST:
            mask = (1 << length) - 1 << first
            size = (first + length + 7) // 8
            sent = int.from_bytes(stream[place : place + size], "little")
            for wrong in (sent ^ mask, sent & ~mask, sent | mask):
                if wrong != sent and wrong.bit_length() <= 8 * size:
                    yield Fault(place, place + size, wrong.to_bytes(size, "little"))


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
    "0x00 or 0xFF inserted": inserted,
    "bits lost, doubled or flipped at the UART": uart,
    "a burst of 2 to 20 bits wrong or stuck": bursts,
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
EVERYWHERE = ("1 to 64 bytes lost", "1 to 64 bytes repeated")
"""Families that are tried at every place; the others at one place of `BESIDE`."""
BESIDE = 3
