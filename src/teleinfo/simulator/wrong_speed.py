"""
What a serial port hears that listens at another speed than the meter speaks at.

Pure: the bytes of the line go in, those that the receiver makes of them come out. The levels of the line
are laid out in time and sampled as a UART does it: it waits for a start bit and takes each of the eight bits
in its middle; a missing stop bit does not stop it.
"""

from __future__ import annotations

_BITS = 10  # start, eight of data, stop


def misread(data: bytes, *, sent: int, heard: int) -> bytes:
    """Return what a port at `heard` baud makes of the 8N1 bytes `data` sent at `sent` baud."""
    levels = _levels(data)
    received = bytearray()
    at = 0.0  # position on the line, in bits of the sender
    step = sent / heard
    while (start := levels.find(b"\0", int(at))) >= 0:
        at = max(at, start)
        # Data bits are sampled 1.5, 2.5 … bits after the edge; beyond the end the line is idle, which is 1.
        samples = [int(at + step * (bit + 1.5)) for bit in range(8)]
        received.append(sum(_level(levels, sample) << bit for bit, sample in enumerate(samples)))
        at = _after_stop(levels, at + step * (_BITS - 0.5))
    return bytes(received)


def _levels(data: bytes) -> bytes:
    """Return the level of each bit on the line, 0 or 1, least significant data bit first."""
    return b"".join(bytes([0, *(byte >> bit & 1 for bit in range(8)), 1]) for byte in data)


def _level(levels: bytes, position: int) -> int:
    return levels[position] if position < len(levels) else 1


def _after_stop(levels: bytes, stop: float) -> float:
    """Return where the wait for the next edge begins: after a missing stop bit, once the line is 1 again."""
    if _level(levels, int(stop)):
        return stop
    high = levels.find(b"\1", int(stop))
    return float(high if high >= 0 else len(levels))
