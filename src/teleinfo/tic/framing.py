"""
Cut a stream of bytes into TIC frames.

Bytes go in by `feed`, in any chunks; each frame comes out at its own ETX. Never raises, holds at most `limit`
bytes, costs linear time, and gives the same frames whatever the chunking.

Every frame ends with ETX, 0x03, the only mark that is the same byte with parity and without. So the stream
is split there first. The bytes of a segment show whether it has parity; then its STX is searched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from teleinfo.tic.parity import strip_parity

STX = b"\x02"
ETX = b"\x03"
EOT = b"\x04"

# The longest frames are those of PME-PMI producers and the long ones of SAPHIR, a few KiB
# (Enedis-NOI-CPT_02E v6); frames of a Linky have at most 1730 bytes. A longer frame lost its ETX.
LIMIT = 8192

# Some receivers damage the first bytes after the pause between two frames: STX arrives as 0x43, LF as 0x0F.
# Directly behind an ETX, LF and a label that opens frames show the beginning; at most one byte, the damaged
# STX, stands before them.
_WITHOUT_STX = re.compile(rb".?(?=[\n\x0F](?:ADCO |ADIR[123] |ADSC\t))", re.DOTALL)
# STX is followed by LF. An STX before a printable character is another character, damaged.
_FALSE_STX = re.compile(rb"[ -~]")


@dataclass(frozen=True, slots=True)
class Frame:
    """The characters between STX and ETX, and whether they arrived with their parity."""

    body: bytes
    parity: bool


class Framer:
    """
    The bytes since the last ETX, and the number of frames that were lost.

    `interrupted` counts the frames that are not whole: cut by EOT, by a new STX or by the end of the stream,
    longer than the limit, or without their STX.
    """

    def __init__(self, *, limit: int = LIMIT) -> None:
        self.interrupted = 0
        self._limit = limit
        self._buffer = bytearray()
        self._first = True  # the first frame was entered in its middle

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that these bytes of the stream complete, oldest first."""
        return [frame for segment in self.split(data) if (frame := self.frame(segment)) is not None]

    def split(self, data: bytes) -> list[bytes]:
        """Return the segments of the stream that end with an ETX in these bytes, without the ETX."""
        if ETX not in data:
            self._buffer += data
            self._shorten_buffer()
            return []
        *segments, rest = (bytes(self._buffer) + data).split(ETX)
        self._buffer = bytearray(rest)
        self._shorten_buffer()
        if len(max(segments, key=len)) >= self._limit:
            segments = [self._shorten(segment) for segment in segments]
        if self._first:
            self._first = False
            if STX not in strip_parity(segments[0])[0]:
                del segments[0]
        return segments

    def frame(self, segment: bytes) -> Frame | None:
        """Return the frame at the end of a segment of `split`, None if there is none; count lost frames."""
        text, parity = strip_parity(segment)
        before, *bodies = text.split(STX)
        if not bodies and (damaged := _WITHOUT_STX.match(text)):
            bodies = [text[damaged.end() :]]
        if not bodies:
            self.interrupted += bool(before)
            return None
        begun = [body for body in bodies if not _FALSE_STX.match(body)]
        if not begun or begun[-1] is not bodies[-1] or EOT in bodies[-1]:
            # The frame in progress is cut short; behind a false STX is its tail.
            self.interrupted += max(1, len(begun))
            return None
        self.interrupted += len(begun) - 1
        return Frame(bodies[-1], parity)

    def pending(self) -> Frame:
        """Return the beginning of the frame in progress."""
        text, parity = strip_parity(bytes(self._buffer))
        return Frame(text.rpartition(STX)[2], parity)

    def close(self) -> None:
        """End the stream: a frame in progress was cut short."""
        self.interrupted += strip_parity(bytes(self._buffer))[0].count(STX)
        self.reset()

    def reset(self) -> None:
        """Forget the frame in progress: the next bytes do not continue it."""
        self._buffer.clear()
        self._first = True

    def _shorten_buffer(self) -> None:
        if len(self._buffer) >= self._limit:
            self._buffer = bytearray(self._shorten(bytes(self._buffer)))

    def _shorten(self, segment: bytes) -> bytes:
        """
        Return the rest of a segment without ETX after each whole limit of bytes is dropped.

        The bytes behind the last STX of a limit are kept: they may begin a frame that is not too long.
        """
        start = 0
        while len(segment) - start >= self._limit:
            text, _ = strip_parity(segment[start : start + self._limit])
            keep = text.rfind(STX, 1)
            self.interrupted += text.count(STX) - (keep >= 0)
            start += keep if keep >= 0 else self._limit
        return segment[start:]
