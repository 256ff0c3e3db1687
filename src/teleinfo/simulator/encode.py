"""
TIC groups and frames as bytes (Enedis-NOI-CPT_54E v3 for Linky, Enedis-NOI-CPT_02E v6 for older meters).

Nothing is checked: a test may want bytes that no meter sends. No code is shared with the decoder, not even
the checksum, so that each tests the other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from teleinfo.tic.tables.reader import Group, Mode

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable


STX = b"\x02"
ETX = b"\x03"
EOT = b"\x04"

BITS = 10
"""Bits of a character on the line: start, eight of data, stop."""

# Even parity: bit 7 makes the number of ones even.
_WITH_PARITY = bytes(code | 0x80 if code.bit_count() % 2 else code for code in range(128)) * 2


def encode_group(group: Group) -> bytes:
    """
    Return the group as bytes, LF to CR.

    The value is sent as it is: the caller pads it. The sum covers the separator before the checksum in mode
    standard, but not in historique (Enedis-NOI-CPT_02E v6, modes 1 and 2 of the sum; Enedis-NOI-CPT_54E v3).
    """
    is_historique = group.mode is Mode.HISTORIQUE
    separator = b" " if is_historique else b"\t"
    fields = [group.label, group.value]
    if group.horodate is not None:
        fields.insert(1, group.horodate)
    text = separator.join(field.encode("ascii") for field in fields)
    summed = text if is_historique else text + separator
    control = (sum(summed) & 0x3F) + 0x20
    return b"\n%b%b%c\r" % (text, separator, control)


def encode_frame(groups: Iterable[Group], *, end: bytes = ETX) -> bytes:
    """Return the whole frame as bytes, STX to ETX; `end` is EOT for an interrupted frame (02E v6)."""
    return STX + b"".join(map(encode_group, groups)) + end


def with_parity(data: bytes) -> bytes:
    """Return the seven-bit characters with even parity in bit 7: a 7E1 line as an 8N1 receiver sees it."""
    return data.translate(_WITH_PARITY)


def flip_bits(data: bytes, ber: float, rng: random.Random, *, width: int = 8) -> bytes:
    """
    Return the bytes after noise: each of their `width` low bits flips with probability `ber`, 0 to 1.

    `width` is 8 with parity, 7 on a line whose parity was removed. The cost grows with the number of flips,
    not of bits: the distance from one flip to the next follows the geometric distribution.
    """
    if ber <= 0:
        return data
    noisy = bytearray(data)
    end = len(data) * width
    scale = math.log1p(-ber) if ber < 1 else -math.inf
    position = -1  # of the last flip
    while True:
        # random() may be 0, which has no logarithm; 1 - random() never is 0.
        distance = math.log(1 - rng.random()) / scale
        position += 1 + int(min(end, distance))  # the distance may be infinite
        if position >= end:
            return bytes(noisy)
        byte, bit = divmod(position, width)
        noisy[byte] ^= 1 << bit


def lose_bytes(data: bytes, share: float, rng: random.Random) -> bytes:
    """Return the bytes that are left if this `share` of the runs of eight, the FIFO of a UART, is lost."""
    if share <= 0:
        return data
    runs = [data[start : start + 8] for start in range(0, len(data), 8)]
    return b"".join(run for run in runs if rng.random() >= share)


def misread(data: bytes, *, sent: int, received: int) -> bytes:
    """
    Return the bytes that a port at `received` baud makes of the 8N1 bytes `data`, sent at `sent` baud.

    The port waits for a start bit and samples each of the eight bits in its middle, as a UART does. It
    accepts a missing stop bit; the next start bit may begin once the line is 1 again.
    """
    step = sent / received  # bits of the sender for each bit of the receiver
    levels = bytearray()
    for byte in data:
        data_bits = [byte >> bit & 1 for bit in range(8)]
        levels += bytes([0, *data_bits, 1])
    levels += b"\1" * math.ceil(BITS * step + 1)  # beyond the end the line is idle
    result = bytearray()
    position = 0.0  # on the line, in bits of the sender
    while True:
        start = levels.find(b"\0", int(position))
        if start < 0:
            return bytes(result)
        position = max(position, start)
        byte = 0
        for bit in range(8):
            # The data bits are sampled 1.5, 2.5 … bits after the edge.
            level = levels[int(position + step * (bit + 1.5))]
            byte |= level << bit
        result.append(byte)
        position += step * (BITS - 0.5)
        if not levels[int(position)]:
            position = levels.index(b"\1", int(position))
