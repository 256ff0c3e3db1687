"""
TIC groups and frames as bytes, as a meter sends them and as a receiver gets them.

Groups become the seven-bit characters of the line; `with_parity` adds the eighth bit, `flip_bits` the noise,
and `misread` returns what a port at another speed receives. Nothing is checked: a test may want what no meter
sends. No code is shared with the decoder, not even the checksum, so that each tests the other.

Sources: Enedis-NOI-CPT_54E v3 (Linky) and Enedis-NOI-CPT_02E v6 (older meters).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from teleinfo.tic.labels import Mode

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from teleinfo.tic.labels import Group

STX = b"\x02"
ETX = b"\x03"
EOT = b"\x04"

_NEVER = 1e18  # bits
_BITS = 10  # start, eight of data, stop

# Even parity: bit 7 makes the number of ones even.
_WITH_PARITY = bytes(code | 0x80 if code.bit_count() % 2 else code for code in range(128)) * 2


def encode_group(group: Group) -> bytes:
    """
    Return the group as bytes, LF to CR.

    The value is sent as it is: the caller pads it. In standard mode the sum covers the separator before it,
    in historique it does not (Enedis-NOI-CPT_02E v6, modes 1 and 2 of the sum; Enedis-NOI-CPT_54E v3).
    """
    separator = " " if group.mode is Mode.HISTORIQUE else "\t"
    fields = [group.label, group.value]
    if group.horodate is not None:
        fields.insert(1, group.horodate)
    text = separator.join(fields).encode("ascii")
    covered = text if group.mode is Mode.HISTORIQUE else text + b"\t"
    control = (sum(covered) & 0x3F) + 0x20
    return b"\n%b%b%c\r" % (text, separator.encode("ascii"), control)


def encode_frame(groups: Iterable[Group]) -> bytes:
    """Return the whole frame as bytes, STX to ETX."""
    return STX + b"".join(map(encode_group, groups)) + ETX


def cut_frame(groups: Iterable[Group]) -> bytes:
    """Return a frame that was interrupted after these groups, STX to EOT (Enedis-NOI-CPT_02E v6)."""
    return STX + b"".join(map(encode_group, groups)) + EOT


def with_parity(data: bytes) -> bytes:
    """Return the seven-bit characters with even parity in bit 7: a 7E1 line as an 8N1 receiver sees it."""
    return data.translate(_WITH_PARITY)


def flip_bits(data: bytes, ber: float, rng: random.Random, *, width: int = 8) -> bytes:
    """
    Return the bytes after noise: each of their `width` low bits flips with probability `ber`, 0 to 1.

    `width` is 8 with parity, 7 on a line that was stripped of it. The cost grows with the flips, not with the
    bits: the distance from one flip to the next follows the geometric distribution.
    """
    if ber <= 0:
        return data
    noisy = bytearray(data)
    end = len(data) * width
    position = -1
    while (position := position + _gap(ber, rng)) < end:
        byte, bit = divmod(position, width)
        noisy[byte] ^= 1 << bit
    return bytes(noisy)


def _gap(ber: float, rng: random.Random) -> int:
    """Return the distance to the next flip in bits, at least 1."""
    if ber >= 1:
        return 1
    # random() may be 0, of which there is no logarithm; 1 - random() never is. A rate next to 0 overflows.
    return 1 + int(min(_NEVER, math.log(1 - rng.random()) / math.log1p(-ber)))


def misread(data: bytes, *, sent: int, received: int) -> bytes:
    """
    Return what a port at `received` baud makes of the 8N1 bytes `data` that are sent at `sent` baud.

    It waits for a start bit and samples each of the eight bits in its middle, as a UART does; a missing stop
    bit does not stop it.
    """
    levels = _levels(data)
    result = bytearray()
    at = 0.0  # position on the line, in bits of the sender
    step = sent / received
    while (start := levels.find(b"\0", int(at))) >= 0:
        at = max(at, start)
        # Data bits are sampled 1.5, 2.5 … bits after the edge; beyond the end the line is idle, which is 1.
        samples = [int(at + step * (bit + 1.5)) for bit in range(8)]
        result.append(sum(_level(levels, sample) << bit for bit, sample in enumerate(samples)))
        at = _after_stop(levels, at + step * (_BITS - 0.5))
    return bytes(result)


def _levels(data: bytes) -> bytes:
    """Return the level of each bit on the line, 0 or 1, least significant data bit first."""
    return b"".join(bytes([0, *(byte >> bit & 1 for bit in range(8)), 1]) for byte in data)


def _level(levels: bytes, position: int) -> int:
    return levels[position] if position < len(levels) else 1


def _after_stop(levels: bytes, stop: float) -> float:
    """Return where the next start bit may begin: after a missing stop bit, once the line is 1 again."""
    if _level(levels, int(stop)):
        return stop
    high = levels.find(b"\1", int(stop))
    return float(high if high >= 0 else len(levels))
